"""Badges

given badges that are made of others
    EDGE 43: two from one event come in the file's order, what is made of them after its parts
given an act that is taken back
    EDGE 39: progress falls, the badge stays; by fraud it was never reached, and is there no more
given a supply
    who comes later gets none, and the reason
given a badge that is revoked
    EDGE 39: it is gone with reason and date, with its role, and rules do not give it again
given another version
    EDGE 40: with a higher threshold holders keep it, others see the new one
    EDGE 41: locked or retired, holders keep it and nobody else gets it
given two members who become one
    EDGE 64: what both had is given once, by the earlier act, and counts add up
given an achievement that is new
    EDGE 42: from now, acts before do not count; filled back, they do
"""

from dataclasses import replace

import pytest

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.rules.engine.engine import Engine, compile_engine
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.status import status
from loyaltychain.rules.engine.types import Fact, Grant
from tests.rules.engine.goaling import BEHAVIOURS, badges, engine_of, goal, held, replies, seen, standing
from tests.rules.engine.making import (
    BOB,
    DAY,
    MONDAY,
    Decisions,
    fact,
    fold_all,
    program_of,
    taken_back,
)

COMBINED = """
  both: {title: Have both., name: Both, all: [second, first]}
  first: {title: Reply., name: First, count: {of: reply, times: 2}, points: 5, qualifying: true}
  second: {title: Reply., name: Second, count: {of: reply, times: 2}}
  one: {title: Have one., name: One, any: [first, both]}
  two: {title: Have two., name: Two, some: {of: [first, second, both], times: 3}}
  rich: {title: Be gold., name: Rich, tier: gold}
"""


def test_edge_43_two_from_one_event_come_in_the_file_s_order_and_what_is_made_of_them_after() -> None:
    folded = fold_all(engine_of(COMBINED), replies(0, 0))
    assert [name for name, *_ in badges(folded)] == ["first", "second", "both", "one", "two", "rich"]
    assert {cause for _, cause, _, _ in badges(folded)} == {"r1"}


def test_edge_39_progress_falls_and_the_badge_stays() -> None:
    engine = goal("count: {of: reply, times: 2}")
    gone = replace(replies(0, 0)[0], retraction=taken_back(DAY))
    folded = fold_all(engine, [gone, *replies(0, 0)[1:]], until=2 * DAY)
    assert held(folded) == [("r1", "")]
    three = goal("count: {of: reply, times: 3}")
    early = fold_all(three, [gone, *replies(0, 0)[1:]], until=DAY - 1)
    late = fold_all(three, [gone, *replies(0, 0)[1:]], until=2 * DAY)
    assert standing(three, early, DAY - 1).progress.have == 2
    assert [standing(three, each).progress.have for each in (early, late)] == [1, 1]  # who looks later sees it gone


def test_edge_39_by_fraud_it_was_never_reached() -> None:
    gone = replace(replies(0, 0)[0], retraction=taken_back(DAY, is_fraud=True))
    folded = fold_all(goal("count: {of: reply, times: 2}"), [gone, *replies(0, 0)[1:]], until=2 * DAY)
    assert badges(folded) == []


def test_edge_64_achievements_of_two_members_unite() -> None:
    engine = goal("count: {of: reply, times: 2}", ", points: 5")
    own = replies(1, 1)
    others = [replace(each, id=f"o{each.id}", at=UnixSeconds(each.at - DAY), origin=BOB) for each in own]
    apart = [fold_all(engine, own), fold_all(engine, others)]
    assert [held(each) for each in apart] == [[("r1", "")], [("or1", "")]]
    assert held(fold_all(engine, [*own, *others])) == [("or1", "")]
    assert held(fold_all(engine, [own[0], others[0]])) == [("r0", "")]


def test_of_a_supply_who_comes_later_gets_none() -> None:
    engine, shared = goal("count: {of: reply, times: 1}", ", supply: 1, points: 5"), Decisions()
    assert held(fold_all(engine, replies(0), shared=shared)) == [("r0", "")]
    other = [fact("other", 5, "reply"), fact("again", 6, "reply")]
    folded = fold_all(engine, other, shared=shared)
    (grant,) = (each for each in folded.grants.values() if each.rule == "achievement:it")
    assert (grant.cause, grant.desired, grant.awarded, grant.reason) == ("app/other", 1, 0, "supply")
    assert standing(engine, folded).stage == "none left"


def test_edge_39_a_revoked_badge_is_gone_with_reason_and_date() -> None:
    engine = goal("count: {of: reply, times: 1}", ", role: mentor")
    revoked = fact("rev", DAY, "loyaltychain.badge.revoked", {"achievement": "it", "reason": "abuse"})
    before, after = fold_all(engine, replies(0)), fold_all(engine, [*replies(0), revoked, *replies(2)])
    assert (seen(engine, before).roles, seen(engine, after).roles) == (("mentor",), ())
    assert badges(after) == [("it", "r0", "", 0)]
    it = standing(engine, after)
    assert (it.stage, it.revoked_at, it.revoked_why) == ("revoked", MONDAY + DAY, "abuse")
    grant = next(each for each in after.grants.values() if each.unit == "badge")
    assert (grant.reason, grant.at) == ("revoked", MONDAY)
    pardoned = replace(revoked, retraction=taken_back(3 * DAY))
    assert badges(fold_all(engine, [*replies(0), pardoned])) == [("it", "r0", "", 1)]


def _under(old: Engine, first: list[Fact], new: Engine, then: list[Fact]) -> tuple[State, list[Grant]]:
    state, shared = old.new_state(), Decisions()
    found = [grant for each in first for grant in old.apply(state, each, shared)]
    found += [grant for each in then for grant in new.apply(state, each, shared)]
    return state, [each for each in found if each.unit == "badge"]


def test_edge_40_holders_keep_it_when_the_threshold_is_raised_and_others_see_the_new_one() -> None:
    old, new = goal("count: {of: reply, times: 5}"), goal("count: {of: reply, times: 10}")
    later = [fact("later", 9 * DAY, "reply")]
    holder, given = _under(old, replies(0, 0, 0, 0, 0), new, later)
    assert len(given) == 1
    at = UnixSeconds(MONDAY + 9 * DAY)
    assert status(new, holder, at).achievements[0].stage == "held"
    other, given = _under(old, replies(0, 0, 0, 0), new, later)
    assert given == []
    assert status(new, other, at).achievements[0].progress.words == "5 of 10 times"


@pytest.mark.parametrize("stage", ["locked", "retired"])
def test_edge_41_locked_or_retired_holders_keep_it_and_nobody_else_gets_it(stage: str) -> None:
    old, new = goal("count: {of: reply, times: 2}"), goal("count: {of: reply, times: 2}", f", status: {stage}")
    later = [fact("later", 9 * DAY, "reply")]
    at = UnixSeconds(MONDAY + 9 * DAY)
    holder, given = _under(old, replies(0, 0), new, later)
    assert len(given) == 1
    assert status(new, holder, at).achievements[0].stage == "held"
    other, given = _under(old, replies(0), new, later)
    assert given == []
    assert [each.stage for each in status(new, other, at).achievements] == (["locked"] if stage == "locked" else [])


def test_edge_42_what_history_already_satisfies_counts_as_declared() -> None:
    bare = compile_engine(program_of(BEHAVIOURS.removesuffix("achievements:\n")))
    filled = goal("count: {of: reply, times: 2}")
    from_now = goal("count: {of: reply, times: 2}", ', history: from_now, since: "2026-01-12"')
    first, then = replies(0, 0), [fact("later", 9 * DAY, "reply")]
    with_history = compile_engine(bare.program, later=(filled.program,))
    assert [each.cause for each in _under(with_history, first, filled, then)[1]] == ["app/r1"]
    assert _under(compile_engine(bare.program, later=(from_now.program,)), first, from_now, then)[1] == []
    since_that_day = compile_engine(bare.program, later=(from_now.program,))  # what came in before the newer version
    assert held(fold_all(since_that_day, replies(0, 8, 9))) == [("r2", "")]
    assert held(fold_all(since_that_day, replies(0, 0, 8))) == []
    streak = goal("streak: {of: daily, length: 2}", ', history: from_now, since: "2026-01-12"')
    assert held(fold_all(streak, replies(5, 6, 7, 8))) == [("r3", "")]
    both = [*then, fact("last", 9 * DAY + 1, "reply")]
    assert [each.cause for each in _under(bare, first, from_now, both)[1]] == ["app/last"]
