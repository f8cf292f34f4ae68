"""Streaks and acts that count no longer

given an act that is taken back
    within its day the day is missing again, and what it brought is taken back
    another act of the day brings it instead
    later the day stays: on that day she did act
    by fraud it was never there
given an act that waits at a gate
    the day counts at once; when the gate turns it away, however late, it never did
    what came after is worked out anew, rewards too
given any acts, of which gates turn some away
    the streak is what it would be without these
    nothing is kept of them in the end
"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.program.achievements import Freezes, Streak
from loyaltychain.rules.engine.engine import Engine
from loyaltychain.rules.engine.fold import Folded
from loyaltychain.rules.engine.status import status
from loyaltychain.rules.engine.streak_runs import COUNTS, HISTORY, TAIL
from loyaltychain.rules.engine.types import Fact, Retraction
from tests.rules.engine.making import DAY, fact, fold_all
from tests.rules.engine.streaking import act, at, days, engine_with, rewards, standing, streak_engine

GATED = """
behaviours:
  reply: {event: reply, title: Reply to somebody.}
  guide:
    event: guide
    title: Write a guide.
    pending: {until: [{event: approved}], reject: rejected, days: 20, otherwise: cancel}
"""


def gone(fact: Fact, text: str, *, is_fraud: bool = False) -> Fact:
    return replace(fact, retraction=Retraction("app/gone", at(text), is_fraud))


def test_an_act_taken_back_within_its_day_leaves_the_day_missing_and_its_reward_is_taken_back() -> None:
    engine = streak_engine("period: day, rewards: {2: 20}")
    facts = [*days(5, 5), gone(act("2026-01-06 12:00"), "2026-01-06 13:00")]
    folded = fold_all(engine, facts, until=2 * DAY)
    assert rewards(folded) == [("2", 0, "retracted")]
    again = fold_all(engine, [*facts, act("2026-01-06 14:00")], until=2 * DAY)
    assert rewards(again) == [("2", 0, "retracted"), ("2", 20, None)]
    assert status(engine, again.state, at("2026-01-06 15:00")).streaks[0].length == 2


def test_another_act_of_the_day_brings_the_reward_instead() -> None:
    engine = streak_engine("period: day, rewards: {2: 20}")
    facts = [*days(5, 5), gone(act("2026-01-06 12:00"), "2026-01-06 13:00"), act("2026-01-06 12:30")]
    folded = fold_all(engine, facts, until=2 * DAY)
    assert rewards(folded) == [("2", 0, "retracted"), ("2", 20, None)]
    assert status(engine, folded.state, at("2026-01-06 15:00")).streaks[0].length == 2


def test_an_act_taken_back_later_leaves_the_day_as_it_was() -> None:
    engine = streak_engine("period: day")
    facts = [*days(5, 5), gone(act("2026-01-06 12:00"), "2026-01-07 13:00"), *days(7, 7)]
    folded = fold_all(engine, facts, until=3 * DAY)
    assert status(engine, folded.state, at("2026-01-07 15:00")).streaks[0].length == 3


def test_an_act_by_fraud_was_never_there() -> None:
    facts = [*days(5, 5), gone(act("2026-01-06 12:00"), "2026-01-20 13:00", is_fraud=True), *days(7, 7)]
    assert standing(streak_engine("period: day"), facts, "2026-01-07 13:00").length == 1


def gated_engine(streak: Streak) -> Engine:
    """A programme in which a guide counts when it is approved."""
    return engine_with(streak, behaviours=GATED)


def run_of(folded: Folded) -> list[object]:
    run: list[object] = folded.state.parts["streaks"]["runs"]["daily|day"]
    return run


def test_a_gate_that_turns_an_act_away_takes_the_day_and_its_rewards_back() -> None:
    engine = gated_engine(Streak("daily", "Act.", ("reply", "guide"), rewards=((3, 30),)))
    facts = [
        fact("a", 0, "reply"),
        fact("b", DAY, "guide"),
        fact("c", 2 * DAY, "reply"),
        fact("no", 9 * DAY, "rejected", {"event": "app/b"}),
    ]
    before = fold_all(engine, facts[:3], until=2 * DAY)
    assert rewards(before) == [("3", 30, None)]
    after = fold_all(engine, facts, until=9 * DAY)
    assert rewards(after) == [("3", 0, "rejected")]
    assert (run_of(after)[:4], run_of(after)[TAIL]) == ([run_of(before)[0], run_of(before)[0], 1, 1], None)
    timed_out = fold_all(engine, facts[:3], until=40 * DAY)
    assert rewards(timed_out) == [("3", 0, "rejected")]
    passed = fold_all(engine, [*facts[:3], fact("yes", 9 * DAY, "approved", {"event": "app/b"})], until=40 * DAY)
    assert (rewards(passed), run_of(passed)[TAIL]) == ([("3", 30, None)], None)


Row = tuple[int, bool, bool, int]  # hour, at a gate, turned away, hours until that is said


@given(
    rows=st.lists(st.tuples(st.integers(0, 300), st.booleans(), st.booleans(), st.integers(1, 400)), max_size=16),
    grace=st.sampled_from([0, 5]),
    least=st.integers(1, 2),
    initial=st.integers(0, 2),
)
def test_the_streak_is_what_it_would_be_without_those_turned_away(
    rows: list[Row], grace: int, least: int, initial: int
) -> None:
    streak = Streak(
        "daily", "Act.", ("reply", "guide"), least=least, grace_hours=grace, freezes=Freezes(initial, 3, 2),
        rewards=((1, 5), (2, 20), (3, 30)),
    )  # fmt: skip
    engine = gated_engine(streak)
    facts, good = [], []
    for number, (hour, is_gated, is_away, later) in enumerate(rows):
        made = fact(f"a{number}", hour * 3600 + number, "guide" if is_gated else "reply")
        facts.append(made)
        if is_gated:
            said = "rejected" if is_away else "approved"
            facts.append(fact(f"s{number}", (hour + later) * 3600 + number, said, {"event": made.cause}))
        if not (is_gated and is_away):
            good.append(replace(made, type="reply"))
    found, expected = (fold_all(engine, each, until=40 * DAY) for each in (facts, good))
    assert {each for each in rewards(found) if each[1]} == {each for each in rewards(expected) if each[1]}
    assert len([each for each in rewards(found) if each[1]]) == len(rewards(expected))
    if rows and good:
        for place in (*range(COUNTS), HISTORY, TAIL):
            assert run_of(found)[place] == run_of(expected)[place], place
