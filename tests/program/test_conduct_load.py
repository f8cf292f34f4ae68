"""parse_program: what members do

given a file that says everything
    it is the Conduct that it says, in the file's order
given a file that says little
    it is completed with defaults
given a file with none of these sections
    it has no Conduct
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from loyaltychain.program.achievements import (
    Achievement,
    CombinedGoal,
    CountGoal,
    Freezes,
    LatestGoal,
    Nudge,
    ObjectGoal,
    Reward,
    Season,
    Segment,
    Share,
    Streak,
    StreakGoal,
    SumGoal,
    Tier,
    TierGoal,
    Tiers,
)
from loyaltychain.program.behaviours import (
    After,
    Behaviour,
    Boost,
    Cap,
    Condition,
    Gate,
    Measure,
    ObjectKind,
    Pairs,
    Points,
    Referral,
    Signal,
)
from loyaltychain.program.conduct import Conduct, Term
from loyaltychain.program.lifetime import Lifetime
from loyaltychain.program.load import parse_program
from tests.program.builders import PROGRAM_TEXT
from tests.program.conduct_builders import CONDUCT_TEXT, SHORT_TEXT, conduct_of


def at(day: str, zone: str = "Europe/London") -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).timestamp())


def test_parse_program__behaviours__as_said() -> None:
    joined, reply, bought = conduct_of(CONDUCT_TEXT).behaviours

    assert joined == Behaviour("joined", ("joined",), "Join.")
    assert bought == Behaviour(
        "bought", ("purchase", "order"), "Buy something.", points=Points(2, 100, "amount", "items"), once="object"
    )
    assert reply == Behaviour(
        id="helpful-reply",
        events=("answer_given",),
        title="Answer somebody's question.",
        to="actor",
        where=(
            Condition("is_own", "is", False),
            Condition("platform", "is", "discord"),
            Condition("length", "at_least", 50),
            Condition("kind", "one_of", ("a", "b")),
            Condition("x", "is_not", "y"),
            Condition("n", "at_least", 1),
            Condition("n", "at_most", 3),
            Condition("object.kind", "is", "answer"),
        ),
        points=Points(20),
        qualifying=True,
        every=3,
        after=After("joined", 7),
        caps=(
            Cap(100, "points", "day"),
            Cap(3, "times", "week"),
            Cap(1, "times", "day", each="device", shared=True),
        ),
        cooldown=1_800,
        budget=Cap(50_000, "points", "month", shared=True),
        gate=Gate(
            until=(Signal("upvote", 2, "peer"), Signal("approved", 1, "role", "moderator"), Signal("seen")),
            reject=("rejected",),
            days=14,
            otherwise="cancel",
        ),
        pairs=Pairs((100, 50, 25, 0), "month", 7),
        proof=("code", "link", "attested"),
        tiers=("gold",),
        segments=("newcomers",),
        starts=at("2026-01-01"),
        ends=at("2027-01-01"),
        expiry=Lifetime(),
        retracted_by=("reply_deleted",),
    )


def test_parse_program__achievements__as_said() -> None:
    found = {each.id: each for each in conduct_of(CONDUCT_TEXT).achievements}

    assert found["first-answer"] == Achievement(
        "first-answer",
        "Give your first answer.",
        "Helper",
        CountGoal(("helpful-reply",), 1),
        points=50,
        supply=100,
        role="mentor",
        history="from_now",
        since=at("2026-03-01"),
    )
    assert [each.id for each in found.values() if each.repeat == "object"] == ["great-answer"]
    assert {id_: each.goal for id_, each in found.items()} == {
        "first-answer": CountGoal(("helpful-reply",), 1),
        "summed": SumGoal(("bought",), "amount", 100),
        "latest": LatestGoal(("bought",), "amount", 100),
        "good-answers": ObjectGoal(
            kinds=("answer",),
            where=(
                Condition("score", "at_least", 10),
                Condition("parent_is_own", "is", False),
                Condition("days_after_parent", "at_least", 61),
                Condition("rank", "is", 1),
            ),
            times=5,
            distinct="day",
            share=Share(50, (Condition("score", "at_least", 1),)),
        ),
        "great-answer": ObjectGoal(("answer",), (Condition("score", "is", 100),)),
        "weekly": StreakGoal("daily", 7),
        "golden": TierGoal("gold"),
        "all-of-it": CombinedGoal(("weekly", "golden"), 2),
        "any-of-it": CombinedGoal(("weekly", "golden"), 1),
        "some-of-it": CombinedGoal(("weekly", "golden", "latest"), 2),
    }


def test_parse_program__other_sections__as_said() -> None:
    conduct = conduct_of(CONDUCT_TEXT)

    assert conduct.units == (Term("en", "spoke", "spokes"),)
    assert conduct.nobody == "community"
    assert conduct.objects == (
        ObjectKind("question", "question_asked"),
        ObjectKind("answer", "answer_given", "question"),
    )
    assert conduct.measures == (
        Measure("score", "sum", ("vote",), "value"),
        Measure("views", "latest", ("views_read",), "views"),
        Measure("accepts", "count", ("acceptance",)),
    )
    assert conduct.caps == (Cap(500, "points", "day"),)
    assert conduct.boosts == (
        Boost("double-week", 2, 1, "down", ("helpful-reply",), at("2026-05-01"), at("2026-05-08")),
    )
    assert conduct.streaks == (
        Streak(
            "daily",
            "Help every day.",
            ("helpful-reply", "bought"),
            match="all",
            least=2,
            day_ends=180,
            zone="programme",
            grace_hours=6,
            freezes=Freezes(1, 7, 2),
            rewards=((7, 50), (30, 300)),
        ),
    )
    assert conduct.tiers == Tiers(
        levels=(Tier("member", "Member", 0), Tier("gold", "Gold", 1_000, ("early access",), (3, 2))),
        period="rolling",
        grace_days=14,
        replaced=(("bronze", "member"),),
    )
    assert conduct.referrals == (
        Referral(
            "friend",
            "referred",
            "purchase",
            "Send a friend.",
            30,
            500,
            200,
            where=(Condition("amount", "at_least", 2_000),),
            caps=(Cap(20, "times", "year"),),
            hold_on=("device", "payment"),
            signal_on=("ip",),
            velocity=Cap(5, "times", "day"),
            approved_by="looked_at",
            rejected_by="thrown_out",
            retracted_by=("refund",),
        ),
    )
    assert conduct.seasons == (Season("spring", at("2026-03-01"), at("2026-06-01")),)
    assert conduct.segments == (Segment("newcomers", (Condition("days_since_joined", "at_most", 30),)),)
    assert conduct.rewards == (Reward("mug", "A mug", 500, 20),)
    assert conduct.nudges == (Nudge("streak_ends", 4), Nudge("tier_ends", 30), Nudge("achievement_near", 1))
    assert conduct.jurisdictions == ("ontario", "quebec")


def test_parse_program__short__completed_with_defaults() -> None:
    program = parse_program(SHORT_TEXT)

    assert program.rules == ()
    assert program.conduct == Conduct((Behaviour("reply", ("answer_given",), "Answer a question.", points=Points(20)),))


@pytest.mark.parametrize("empty", ["", "behaviours: ~\nstreaks:\n"])
def test_parse_program__none_of_the_sections__no_conduct(empty: str) -> None:
    assert parse_program(PROGRAM_TEXT + empty).conduct is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('"2"', (2, 1)),
        ("2", (2, 1)),
        ("1.5", (3, 2)),
        ('"1.50"', (3, 2)),
        ('"1.001"', (1_001, 1_000)),
        ('"2.4"', (12, 5)),
        ('"100"', (100, 1)),
    ],
)
def test_parse_program__boost__exact_ratio(said: str, expected: tuple[int, int]) -> None:
    (boost,) = conduct_of(SHORT_TEXT + f"boosts: {{more: {{times: {said}, rounding: down}}}}\n").boosts

    assert (boost.times, boost.per) == expected


@pytest.mark.parametrize(
    ("zone", "starts", "ends"),
    [
        ("Pacific/Auckland", "2026-04-04T11:00:00Z", "2026-04-05T12:00:00Z"),  # clocks go back on that day
        ("America/New_York", "2026-04-05T04:00:00Z", "2026-04-06T04:00:00Z"),
    ],
)
def test_parse_program__days__from_midnight_to_midnight_of_its_zone(zone: str, starts: str, ends: str) -> None:
    text = SHORT_TEXT.replace("Europe/London", zone) + 'seasons: {day: {from: "2026-04-05", to: "2026-04-05"}}\n'
    (season,) = conduct_of(text).seasons

    assert season.starts == datetime.fromisoformat(starts).timestamp()
    assert season.ends == datetime.fromisoformat(ends).timestamp()


def test_parse_program__twice__the_same_value() -> None:
    assert parse_program(CONDUCT_TEXT) == parse_program(CONDUCT_TEXT)
