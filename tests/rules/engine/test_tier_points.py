"""earn, take_back, level_at

given any history of points and returns, and any structure of tiers
    a plain reading of the rules comes to the same
    EDGE 7: a late event never makes any moment's tier lower
    EDGE 64: of two members who become one the higher tier is kept
    taken apart and put together it is the same
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.achievements import Tier, Tiers
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.tier_points import earn, level_at, new_points, take_back
from loyaltychain.rules.engine.tier_standing import stand_among_tiers
from tests.rules.engine.making import MONDAY, Decisions, fact, fold_all
from tests.rules.engine.tiering import (
    FIRST,
    LEVELS,
    ROLLING,
    engine_of,
    ladder_of,
)

History = list[tuple[int, int]]  # (days after the first, points), in order
histories = st.lists(
    st.tuples(st.integers(0, 1500), st.one_of(st.integers(1, 700), st.integers(-600, -1))), max_size=14
).map(sorted)
any_tiers = st.builds(
    Tiers,
    levels=st.just((*LEVELS, Tier("ruby", "Ruby", 1600))),
    period=st.sampled_from(["rolling", "calendar", "ever"]),
    months=st.sampled_from([1, 6, 12]),
    falls=st.sampled_from(["one_down", "to_earned"]),
    grace_days=st.sampled_from([0, 14, 45]),
)


def _months_later(day: date, months: int) -> date:
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    for number in (day.day, 30, 29, 28):
        try:
            return date(year, month, number)
        except ValueError:
            continue
    raise AssertionError


@dataclass
class Lot:
    """Points of one day, as far as they were not taken back."""

    day: date
    points: int


def _counts(tiers: Tiers, lot: date, day: date) -> bool:
    """Whether points of one day count on another."""
    if tiers.period == "ever":
        return True
    return lot.year == day.year if tiers.period == "calendar" else _months_later(lot, tiers.months) > day


def _lots(tiers: Tiers, history: History, on: date) -> list[Lot]:
    """What is left of everything that was earned up to a day: returns take the newest first, and nothing too old."""
    lots: list[Lot] = []
    for offset, points in history:
        day, left = FIRST + timedelta(days=offset), -points
        if day > on:
            break
        if points > 0:
            lots.append(Lot(day, points))
        for lot in reversed(lots):
            is_recent = tiers.period == "calendar" and lot.day.year >= day.year - 1
            if left > 0 and (is_recent or _counts(tiers, lot.day, day)):
                taken = min(lot.points, left)
                lot.points -= taken
                left -= taken
    return [lot for lot in lots if lot.points]


def _ways(tiers: Tiers, lots: list[Lot], day: date) -> list[tuple[int, date]]:
    """The sums that may carry a level on a day, and until when each keeps it."""
    total = sum(lot.points for lot in lots if lot.day <= day and _counts(tiers, lot.day, day))
    if tiers.period == "ever":
        return [(total, date.max)]
    if tiers.period == "rolling":
        return [(total, _months_later(day, tiers.months))]
    found = [(total, date(day.year + 2, 1, 1))]
    if (day - date(day.year, 1, 1)).days < tiers.grace_days:
        both = sum(lot.points for lot in lots if lot.day <= day and lot.day.year >= day.year - 1)
        found.append((both, date(day.year + 1, 1, 1)))
    return found


def _fallen(tiers: Tiers, level: int, until: date, on: date) -> int:
    """The level that is left on a day of one that was kept until another."""
    while level and until < date.max and on >= (fall := until + timedelta(days=tiers.grace_days)):
        if tiers.falls == "to_earned":
            return 0
        level -= 1
        until = date(fall.year + 1, 1, 1) if tiers.period == "calendar" else _months_later(fall, tiers.months)
    return level


def _reference(tiers: Tiers, history: History, today: int) -> int:
    """The level on a day, from the whole history, as the rules are told: nothing is kept between two days."""
    on = FIRST + timedelta(days=today)
    lots, best = _lots(tiers, history, on), 0
    for day in {lot.day for lot in lots}:
        for points, until in _ways(tiers, lots, day):
            level = max(index for index, each in enumerate(tiers.levels) if each.threshold <= points)
            best = max(best, _fallen(tiers, level, until, on))
    return best


def _level(tiers: Tiers, history: History, today: int) -> int:
    part = new_points()
    for offset, points in history:
        if offset <= today:
            change = earn if points > 0 else take_back
            change(tiers, part, FIRST.toordinal() + offset, abs(points))
    return level_at(tiers, part, FIRST.toordinal() + today)


@given(tiers=any_tiers, history=histories, today=st.integers(0, 2200))
def test_a_plain_reading_of_the_rules_comes_to_the_same(tiers: Tiers, history: History, today: int) -> None:
    assert _level(tiers, history, today) == _reference(tiers, history, today)


@given(
    tiers=any_tiers,
    history=histories,
    late=st.tuples(st.integers(0, 1500), st.integers(1, 900)),
    today=st.integers(0, 2200),
)
def test_edge_7_a_late_event_never_makes_a_tier_lower(
    tiers: Tiers, history: History, late: tuple[int, int], today: int
) -> None:
    assert _level(tiers, sorted([*history, late]), today) >= _level(tiers, history, today)


@given(tiers=any_tiers, history=histories, others=histories, today=st.integers(0, 2200))
def test_edge_64_of_two_members_who_become_one_the_higher_tier_is_kept(
    tiers: Tiers, history: History, others: History, today: int
) -> None:
    own, other = ([each for each in one if each[1] > 0] for one in (history, others))
    together = _level(tiers, sorted([*own, *other]), today)
    assert together >= max(_level(tiers, own, today), _level(tiers, other, today))


@given(
    history=histories,
    period=st.sampled_from(["rolling", "calendar", "ever"]),
    cut=st.integers(0, 14),
)
def test_what_is_folded_from_a_state_s_document_is_the_same(
    history: History, period: Literal["rolling", "calendar", "ever"], cut: int
) -> None:
    engine = engine_of(replace(ROLLING, period=period))
    facts = [
        fact(f"q{number:02}", offset * 86_400, "loyaltychain.qualifying", {"amount": points})
        for number, (offset, points) in enumerate(history)
    ]
    state = engine.new_state()
    for number, each in enumerate(facts):
        if number == cut:
            state = State.from_document(state.to_document()).copy()
        engine.apply(state, each, Decisions())
    whole = fold_all(engine, facts).state
    assert state == whole
    now = UnixSeconds(MONDAY + 2300 * 86_400)
    assert stand_among_tiers(ladder_of(engine), state, now) == stand_among_tiers(ladder_of(engine), whole, now)
