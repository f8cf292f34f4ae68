"""status

given a member's state and a moment
    badges, progress, streaks, tier, segments and roles are told, as JSON
    nothing of the state is changed by looking
    a badge of which some may be left is open until somebody decides on it
given things that are near
    a streak, a tier and an achievement are named before they end, or are reached
given a badge that the programme has no more
    its holder still sees it
given the same state under another version
    it is read by that
"""

import json
from dataclasses import replace

import pytest

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.rules.engine.engine import Engine, compile_engine
from loyaltychain.rules.engine.status import Status, status
from loyaltychain.rules.engine.types import Fact
from tests.rules.engine.making import DAY, MONDAY, Decisions, engine_of, fact, fold_all, taken_back

HOUR = 3600
PROGRAM = """
behaviours:
  reply: {event: reply, title: Reply., points: 10, qualifying: true}
achievements:
  helper: {title: Reply on five days., name: Helper, role: mentor, count: {of: reply, times: 2}}
  often: {title: Reply often., name: Busy, count: {of: reply, times: 5, distinct: day}}
streaks:
  daily: {title: Each day., of: [reply], period: day}
tiers:
  period: rolling
  months: 1
  levels: [{id: member, name: Member, from: 0}, {id: silver, name: Silver, from: 40}]
segments: {helpers: {badge.helper: true}}
nudges: {streak_ends: {hours: 4}, tier_ends: {days: 3}, achievement_near: {missing: 1}}
"""


def replies(*days: int) -> list[Fact]:
    return [fact(f"r{number}", day * DAY + number, "reply") for number, day in enumerate(days)]


def seen(engine: Engine, facts: list[Fact], at: int) -> Status:
    return status(engine, fold_all(engine, facts).state, UnixSeconds(MONDAY + at))


def test_all_is_told_as_json() -> None:
    document = json.loads(json.dumps(seen(engine_of(PROGRAM), replies(0, 1, 2), 2 * DAY + HOUR).to_document()))
    helper, often = document["achievements"]
    assert (helper["stage"], helper["since"], helper["progress"]["words"]) == ("held", MONDAY + DAY + 1, "reached")
    assert (often["stage"], often["progress"]) == ("open", {"have": 3, "need": 5, "words": "3 of 5 days"})
    (daily,) = document["streaks"]
    assert (daily["length"], daily["alive_until"], daily["is_filled"]) == (3, MONDAY + 4 * DAY, True)
    assert (document["tier"]["id"], document["tier"]["next"]) == (
        "member",
        {"id": "silver", "name": "Silver", "missing": 10},
    )
    assert (document["roles"], document["segments"]) == (["mentor"], ["helpers"])


def test_looking_changes_nothing() -> None:
    engine = engine_of(PROGRAM)
    state = fold_all(engine, replies(0, 1, 4)).state
    before = state.copy()
    status(engine, state, UnixSeconds(MONDAY + 60 * DAY))
    assert state == before


@pytest.mark.parametrize(
    ("days", "at", "expected"),
    [
        ((0, 1), 3 * DAY - 4 * HOUR, [("streak_ends", "daily", MONDAY + 3 * DAY)]),
        ((0, 1), 3 * DAY - 4 * HOUR - 1, []),
        ((0, 1, 2), 3 * DAY - 4 * HOUR, []),
        ((0, 1), 3 * DAY, []),
        ((0, 2, 4, 6), 7 * DAY, [("achievement_near", "often", None)]),
        ((0, 0, 0, 0), 28 * DAY, [("tier_ends", "silver", MONDAY + 31 * DAY)]),
        ((0, 0, 0, 0), 31 * DAY, []),
    ],
)
def test_what_is_near_is_named(days: tuple[int, ...], at: int, expected: list[tuple[str, str, int | None]]) -> None:
    found = seen(engine_of(PROGRAM), replies(*days), at).nudges
    assert [(each.about, each.id, each.at) for each in found] == expected


@pytest.mark.parametrize(
    ("days", "at", "expected"),
    [
        ((0, 1), 3 * DAY, ["A freeze saved a streak of 2 through 2026-01-07; 1 freeze is left."]),
        ((0, 1), 3 * DAY - 1, []),
        ((0, 1, 3), 3 * DAY + HOUR, ["A freeze saved a streak of 3 through 2026-01-07; 1 freeze is left."]),
        ((0, 1, 3), 4 * DAY, []),
        ((0, 1), 4 * DAY, ["A freeze saved a streak of 2 through 2026-01-08; 0 freezes are left."]),
        ((0, 1), 5 * DAY, []),
        ((0, 1, 2), 3 * DAY, []),
    ],
)
def test_edge_36_a_freeze_that_was_used_is_told_of(days: tuple[int, ...], at: int, expected: list[str]) -> None:
    text = PROGRAM.replace("period: day}", "period: day, freezes: {initial: 2, most: 2}}")
    text = text.replace("nudges: {", "nudges: {freeze_used: {days: 1}, ")
    found = seen(engine_of(text), replies(*days), at).nudges
    assert [each.words for each in found if each.about == "freeze_used"] == expected


def test_a_badge_that_the_programme_has_no_more_is_still_seen() -> None:
    engine = engine_of(PROGRAM)
    assert engine.program.conduct is not None
    conduct = replace(engine.program.conduct, achievements=engine.program.conduct.achievements[1:], segments=())
    bare = compile_engine(replace(engine.program, conduct=conduct))
    state = fold_all(engine, replies(0, 1)).state
    found = status(bare, state, UnixSeconds(MONDAY + 2 * DAY)).achievements
    assert [(each.id, each.stage, each.held) for each in found] == [("often", "open", 0), ("helper", "held", 1)]


def test_the_state_is_read_by_the_version_that_is_asked() -> None:
    engine = engine_of(PROGRAM)
    other = engine_of(PROGRAM.replace("from: 40", "from: 30").replace("times: 5", "times: 9"))
    state = fold_all(engine, replies(0, 1, 2)).state
    found = status(other, state, UnixSeconds(MONDAY + 2 * DAY + HOUR))
    assert found.achievements[1].progress.words == "3 of 9 days"
    assert found.tier is not None
    assert found.tier.next is not None
    assert found.tier.next.missing == 0


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        ("count: {of: reply, times: 5}", "2 of 5 helpful replies"),
        ("count: {of: reply, times: 5, distinct: day}", "2 of 5 helpful replies"),
        ("sum: {of: reply, field: words, at_least: 4000}", "1,200 of 4,000 helpful replies"),
        ("all: [helper, often]", "1 of 2 helpful replies"),
        ("count: {of: reply, times: 9}, repeat: season", "no season is now"),
    ],
)
def test_progress_is_told_in_the_programmes_words(goal: str, words: str) -> None:
    noun = "counts: {one: helpful reply, other: helpful replies}"
    asked = f"  asked: {{title: Reply well., name: Good, {goal}, {noun}}}\nstreaks:"
    text = PROGRAM.replace("streaks:", asked) + "seasons: {past: {from: '2020-01-01', to: '2020-01-02'}}\n"
    facts = [fact(f"r{day}", day * DAY, "reply", {"words": 600}) for day in range(2)]
    found = seen(engine_of(text), facts, DAY + HOUR).achievements
    assert next(each for each in found if each.id == "asked").progress.words == words


def test_what_was_due_has_happened() -> None:
    """An act was taken back, and she did nothing since; looking folds nothing, and decides nothing that is shared."""
    engine = engine_of(PROGRAM)
    facts = [*replies(0, 1), fact("gone", 2 * DAY, "reply", retraction=taken_back(3 * DAY))]
    before, after = (seen(engine, facts, at) for at in (3 * DAY - 1, 3 * DAY))
    assert [each.achievements[1].progress.have for each in (before, after)] == [3, 2]
    assert [each.tier.next.missing for each in (before, after) if each.tier and each.tier.next] == [
        20,
        20,
    ]


RARE = """
behaviours:
  help: {event: reply, title: Help., pending: {until: ok, days: 1, otherwise: give}}
achievements:
  one: {title: Help once., name: One, count: {of: help, times: 1}, supply: 1}
"""


def test_reached_by_now_but_not_decided__open_until_somebody_folds() -> None:
    engine, helped = engine_of(RARE), fact("1", 0)
    waits = seen(engine, [helped], 2 * DAY).achievements[0]
    assert (waits.stage, waits.held, waits.progress.have, waits.progress.need) == ("open", 0, 1, 1)
    for shared, stage in ((Decisions(), "held"), (Decisions(taken={"supply:one": 1}), "none left")):
        folded = fold_all(engine, [helped], until=2 * DAY, shared=shared)
        assert status(engine, folded.state, UnixSeconds(MONDAY + 2 * DAY)).achievements[0].stage == stage
