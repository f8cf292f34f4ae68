"""Streaks with ``late_days``

given an act that was told late and goes on with a run that was lost meanwhile
    the run lives to the end of the period after the one in which it was told
    once in each run: whoever tells all acts late holds no streak with fewer of them
    what was needed for no period makes room for a later one: all acts may be told on the morning after
    an act told late that is taken back keeps nothing alive
    no run misses more periods than late_days and freezes, whatever is told when
given an act that was told late and begins a run
    nothing is kept alive, whatever there was before
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.rules.engine.engine import Engine
from loyaltychain.rules.engine.status import status
from loyaltychain.rules.engine.types import Fact
from tests.rules.engine.making import DAY, MONDAY, engine_of, fact, fold_all, taken_back

TEXT = """behaviours:
  read: {event: read, title: Read.}
streaks:
  read: {title: Read on., of: [read], period: PERIOD, late_days: LATE, rewards: {REWARDS}}
"""


def engine(rewards: str, late: int = 2, period: str = "day") -> Engine:
    return engine_of(TEXT.replace("PERIOD", period).replace("LATE", str(late)).replace("REWARDS", rewards))


def read(day: int, told: int, gone: int | None = None) -> Fact:
    """An act on a day, counted from a Monday, that was told on another; taken back later, if need be."""
    back = None if gone is None else taken_back(gone)
    found = fact(f"d{day}", day * DAY, "read", retraction=back)
    return replace(found, told_at=UnixSeconds(MONDAY + told * DAY))


def reached(found: Engine, *facts: Fact) -> list[tuple[str, int]]:
    """What rewards were given: by which act, and for what length."""
    return [(each.cause, int(each.occurrence)) for each in fold_all(found, list(facts)).grants.values() if each.awarded]


def test_goes_on_with_a_lost_run__kept_through_the_period_after() -> None:
    lost = read(0, 0), read(1, 3)
    assert reached(engine("3: 7"), *lost, read(4, 4)) == [("app/d4", 3)]
    assert reached(engine("3: 7"), *lost, read(5, 5)) == []
    assert reached(engine("3: 7", late=1), *lost, read(4, 4)) == []


@pytest.mark.parametrize("before", [(), (read(0, 0),), (read(0, 0), read(1, 1))])
def test_begins_a_run__nothing_kept_alive(before: tuple[Fact, ...]) -> None:
    assert reached(engine("1: 7, 2: 7"), *before, read(10, 12), read(13, 13))[len(before) :] == [
        ("app/d10", 1), ("app/d13", 1),
    ]  # fmt: skip


def test_all_acts_told_late__no_streak_of_every_third_day() -> None:
    assert reached(engine("2: 7"), *(read(3 * n, 3 * n + 2) for n in range(11))) == []
    pair = read(0, 0), read(1, 3)
    assert reached(engine("4: 7"), *pair, *(read(3 * n + 1, 3 * n + 3) for n in range(1, 11))) == []


def test_all_acts_told_late__months() -> None:
    january, march, may, july = 0, 85, 146, 207  # the last days of the later ones
    facts = [read(january, january), *(read(day, day + 1) for day in (march, may, july))]
    assert reached(engine("2: 7", late=1, period="month"), *facts) == []


def test_told_each_morning_for_the_day_before__one_that_is_missed_is_kept_once() -> None:
    morning = [read(day, day + 1) for day in range(5)]
    assert reached(engine("7: 7"), *morning, read(6, 7), read(7, 8)) == [("app/d7", 7)]
    assert reached(engine("7: 7"), *morning, read(6, 7), read(8, 9)) == []


def test_a_new_run__kept_once_again() -> None:
    lost = read(0, 0), read(1, 3), read(4, 4)
    assert reached(engine("3: 7"), *lost, read(20, 20), read(21, 23), read(24, 24)) == [
        ("app/d4", 3), ("app/d24", 3),
    ]  # fmt: skip


def test_beside_an_act_that_is_taken_back__as_without_it() -> None:
    other = read(0, 0, gone=60)
    good = [replace(read(0, 0), id="good"), read(1, 3), read(4, 4)]
    assert reached(engine("3: 7"), other, *good) == reached(engine("3: 7"), *good) == [("app/d4", 3)]


def test_told_late_and_taken_back__keeps_nothing_alive() -> None:
    facts = read(0, 0), read(1, 3, gone=DAY + 60), read(4, 4)
    assert reached(engine("2: 7, 3: 7"), *facts) == []


@given(acts=st.dictionaries(st.integers(0, 25), st.integers(0, 4)), late=st.integers(0, 3), freezes=st.integers(0, 1))
def test_any_acts_told_at_any_time__no_run_misses_more_than_is_said(
    acts: dict[int, int], late: int, freezes: int
) -> None:
    found = engine(f"100: 1}}, freezes: {{initial: {freezes}, most: 1", late)
    facts = [read(day, day + after) for day, after in acts.items()]
    longest = status(found, fold_all(found, facts).state, UnixSeconds(MONDAY + 40 * DAY)).streaks[0].longest
    runs = [sum(first <= day <= last for day in acts) for first in acts for last in acts if first <= last]
    spans = [last - first + 1 for first in acts for last in acts if first <= last]
    bound = max((run for run, span in zip(runs, spans, strict=True) if span - run <= late + freezes), default=0)
    plain = max((run for run, span in zip(runs, spans, strict=True) if span - run <= 0), default=0)
    assert plain <= longest <= bound
