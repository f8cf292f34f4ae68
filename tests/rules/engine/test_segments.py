"""Segments

given conditions on tier, badges, acts, and days since something
    a member is in the segment when all hold at the moment
given days since her latest act
    they are those before the present one; who never acted is in no such segment
given a behaviour for a segment
    others are given nothing for it, and the reason
"""

import pytest

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.rules.engine.status import status
from loyaltychain.rules.engine.types import Fact
from tests.rules.engine.making import DAY, MONDAY, engine_of, fact, fold_all, grants_of

PROGRAM = """
behaviours:
  reply: {event: reply, title: Reply., points: 10, qualifying: true}
  welcome: {event: welcome, title: Come back., points: 5, segments: [sleepers]}
achievements:
  first: {title: Reply., name: First, count: {of: reply, times: 1}}
tiers:
  period: ever
  levels: [{id: member, name: Member, from: 0}, {id: silver, name: Silver, from: 20}, {id: gold, name: Gold, from: 30}]
segments:
  new: {days_since_joined: {at_most: 2}}
  active: {acts.reply: {at_least: 2, at_most: 3}}
  holders: {badge.first: true}
  others: {badge.first: {is_not: true}}
  high: {tier: {one_of: [silver, gold]}}
  silver: {tier: silver}
  ends: {tier: {one_of: [member, gold]}}
  sleepers: {days_since_last_act: {at_least: 3}}
"""


def replies(*days: int) -> list[Fact]:
    return [fact(f"r{number}", day * DAY + number, "reply") for number, day in enumerate(days)]


@pytest.mark.parametrize(
    ("days", "today", "expected"),
    [
        ((), 0, {"others", "ends"}),
        ((0,), 0, {"new", "holders", "ends"}),
        ((0, 0), 2, {"new", "active", "holders", "high", "silver"}),
        ((0, 0), 3, {"active", "holders", "high", "silver", "sleepers"}),
        ((0, 0, 0), 1, {"new", "active", "holders", "high", "ends"}),
        ((0, 0, 0, 0), 1, {"new", "holders", "high", "ends"}),
    ],
)
def test_a_member_is_in_a_segment_when_all_its_conditions_hold(
    days: tuple[int, ...], today: int, expected: set[str]
) -> None:
    engine = engine_of(PROGRAM)
    state = fold_all(engine, replies(*days)).state
    assert set(status(engine, state, UnixSeconds(MONDAY + today * DAY + 60)).segments) == expected


@pytest.mark.parametrize(
    ("facts", "given"),
    [
        ([], (0, "segment")),
        (replies(0), (0, "segment")),
        ([replies(0)[0], fact("w0", 2 * DAY, "welcome")], (0, "segment")),
        ([fact("r", -2 * DAY, "reply")], (5, None)),
    ],
)
def test_a_behaviour_for_a_segment_gives_others_nothing(facts: list[Fact], given: tuple[int, str | None]) -> None:
    found = grants_of(engine_of(PROGRAM), *facts, fact("back", 2 * DAY + 60, "welcome"))
    assert (found[-1].awarded, found[-1].reason) == given
