"""status

given a member's state and a moment
    badges, progress, streaks, tier, segments and roles are told, as JSON
    nothing of the state is changed by looking
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
from tests.rules.engine.making import DAY, MONDAY, engine_of, fact, fold_all

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
