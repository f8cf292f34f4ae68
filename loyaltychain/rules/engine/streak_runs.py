"""One streak of one member: periods that follow one another, what bridges a gap, and what is taken back.

Periods are numbers without holes. A run is a short list of them (its places are named below), JSON, and small whatever
its length: filled periods are not kept one by one. Gaps are settled when the next period is filled, and by whoever
asks how the run stands on a copy; both come to the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loyaltychain.program.achievements import Streak
from loyaltychain.rules.engine.zoned_days import Period, first_day

StreakRun = list[Any]

LAST = 0  # the newest period that is filled
THROUGH = 1  # up to here no period is missing: each is filled, frozen or excused
LENGTH = 2  # filled periods of the present run, as long as it lives
LONGEST = 3
FREEZES = 4  # in hand
LOST = 5  # the length of the run before the present one; 0: there is nothing to give back
COUNTS = 6  # {period: {behaviour: acts}} of periods that are begun and not filled
EXCUSED = 7  # [[from, to]] periods that a change of zone cut short
PAUSED = 8  # [[from, to]] days
HISTORY = 9  # [[period, how it was bridged]], the latest few
LATE = 10  # [from, to, 1 once one was missed] periods through which an act told late keeps the present run, or None
TAIL = 11  # what can still be taken back, as ``streak_tail`` keeps it; None: nothing

_BEFORE_TIME = -1
_KEPT_HISTORY = 40

Exists = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Window:
    """The periods that an act may count for: the one of its time, and those that grace or a second zone add."""

    lowest: int
    highest: int


def new_run(streak: Streak) -> StreakRun:
    """Of a member who did nothing yet."""
    return [_BEFORE_TIME, _BEFORE_TIME, 0, 0, streak.freezes.initial, 0, {}, [], [], [], None, None]


def is_plain(streak: Streak) -> bool:
    """Whether any act fills the period of its time, and no other."""
    return streak.match == "any" and streak.least == 1 and not streak.grace_hours


def is_at_rest(run: StreakRun) -> bool:
    """Whether nothing is open about the run: nothing half filled, excused, paused, late, or to be taken back."""
    return not (run[COUNTS] or run[EXCUSED] or run[PAUSED] or run[LATE] or run[TAIL])


def fill_plainly(streak: Streak, run: StreakRun, period: int, exists: Exists) -> int | None:
    """``count_act`` for the most frequent case: a plain streak, a run at rest, an act that is there for good."""
    if period <= run[LAST]:
        return None
    length: int = run[LENGTH]
    missing = run[THROUGH] + 1
    if length and missing < period:
        while missing < period:
            if exists(missing):
                if not run[FREEZES]:
                    break
                run[FREEZES] -= 1
                run[HISTORY] = [*run[HISTORY][1 - _KEPT_HISTORY :], [missing, "frozen"]]
            missing += 1
    if length and missing >= period:
        length += 1
    else:
        run[LOST], run[LATE], length = length, None, 1
    run[LAST] = run[THROUGH] = period
    run[LENGTH] = length
    if length > run[LONGEST]:
        run[LONGEST] = length
    _earn_freeze(streak, run)
    return length


def count_act(streak: Streak, run: StreakRun, window: Window, exists: Exists, behaviour: str) -> int | None:
    """Count an act; gives the run's length if that filled a period.

    It counts for the earliest period of its window that is still missing and not excused, if it completes that one
    and the run lives till there; else for the latest.
    """
    last = run[LAST]
    if window.highest <= last:
        return None
    target = max(window.lowest, last + 1)
    while target < window.highest and is_excused(streak, run, target, exists):
        target += 1
    if target < window.highest and not (
        _is_filled(streak, _with_one(run, target, behaviour)) and lives_until(streak, [*run], target, exists)
    ):
        target = window.highest
    counts = _with_one(run, target, behaviour)
    if _is_filled(streak, counts):
        return _fill(streak, run, target, exists)
    run[COUNTS] = {**run[COUNTS], str(target): counts}
    return None


def lives_until(streak: Streak, run: StreakRun, period: int, exists: Exists) -> bool:
    """Whether the run bridges all periods before this one. Uses up freezes for it, also when they do not suffice.

    A run that does not live has lost nothing yet but those: the next period that is filled begins a new one.
    """
    if run[LENGTH] == 0:
        return False
    missing = run[THROUGH] + 1
    while missing < period:
        how = _bridge(streak, run, missing, exists)
        if how is None:
            return False
        if how != "never was":
            run[HISTORY] = [*run[HISTORY][1 - _KEPT_HISTORY :], [missing, how]]
        run[THROUGH] = missing
        missing += 1
    return True


def is_excused(streak: Streak, run: StreakRun, period: int, exists: Exists) -> bool:
    """Whether nothing is lost when the period has no act, freezes left aside."""
    return _excuse(streak, run, period, exists) is not None


def keep_through(run: StreakRun, first: int, last: int) -> None:
    """These periods are not missed, because an act told late has made the run whole; once in each run.

    What no period has needed makes room for a later one: acts may be told each morning for the day before.
    """
    if run[LATE] is None:
        run[LATE] = [first, last, 0]
    elif not run[LATE][2]:
        run[LATE] = [first, max(last, run[LATE][1]), 0]


def restore_run(streak: Streak, run: StreakRun, now: Window, exists: Exists) -> tuple[int, int]:
    """Give back a run that was lost: it lives until the end of the next period. Gives its length before and after."""
    before = run[LENGTH] if (lives := lives_until(streak, run, now.lowest, exists)) else 0
    if run[LENGTH] == 0 or (lives and run[LOST] == 0):
        return before, before
    if lives:
        run[LENGTH] += run[LOST]
    run[LOST] = 0
    run[THROUGH] = max(run[THROUGH], now.highest)
    run[LONGEST] = max(run[LONGEST], run[LENGTH])
    run[HISTORY] = [*run[HISTORY][1 - _KEPT_HISTORY :], [now.highest, "restored"]]
    return before, run[LENGTH]


def join_runs(streak: Streak, one: StreakRun, other: StreakRun, now: Window, exists: Exists) -> StreakRun:
    """The run of a member into whom another was merged: the longer of those that live, never both together.

    Freezes are the larger number. A period that either has filled is not missing afterwards.
    """
    lives = {id(run): lives_until(streak, run, now.lowest, exists) for run in (one, other)}
    better, worse = sorted((one, other), key=lambda run: (lives[id(run)], run[LENGTH], run[THROUGH]), reverse=True)
    joined = [*better]
    if lives[id(better)]:
        joined[THROUGH] = max(better[THROUGH], worse[THROUGH])
    joined[LONGEST] = max(better[LONGEST], worse[LONGEST])
    joined[FREEZES] = max(better[FREEZES], worse[FREEZES])
    joined[EXCUSED] = [*better[EXCUSED], *worse[EXCUSED]]
    joined[PAUSED] = [*better[PAUSED], *worse[PAUSED]]
    joined[LATE] = better[LATE] or worse[LATE]
    joined[TAIL] = None
    return joined


def _fill(streak: Streak, run: StreakRun, period: int, exists: Exists) -> int:
    if lives_until(streak, run, period, exists):
        run[LENGTH] += 1
    else:
        run[LOST], run[LATE], run[LENGTH] = run[LENGTH], None, 1
    run[LAST] = run[THROUGH] = period
    run[LONGEST] = max(run[LONGEST], run[LENGTH])
    _earn_freeze(streak, run)
    _forget(streak, run, period)
    length: int = run[LENGTH]
    return length


def _earn_freeze(streak: Streak, run: StreakRun) -> None:
    every = streak.freezes.every
    if every is not None and not run[LENGTH] % every:
        run[FREEZES] = min(run[FREEZES] + 1, max(streak.freezes.most, streak.freezes.initial))


def _forget(streak: Streak, run: StreakRun, period: int) -> None:
    """Leave out what is only about periods up to this one."""
    run[COUNTS] = {at: counts for at, counts in run[COUNTS].items() if int(at) > period}
    run[EXCUSED] = [each for each in run[EXCUSED] if each[1] > period]
    if run[PAUSED]:
        end = first_day(period + 1, streak.period)
        run[PAUSED] = [each for each in run[PAUSED] if each[1] >= end]


def _bridge(streak: Streak, run: StreakRun, period: int, exists: Exists) -> str | None:
    """How a missing period is bridged; a freeze is used up where nothing else does."""
    how = _excuse(streak, run, period, exists)
    if how is None and run[FREEZES] > 0:
        run[FREEZES] -= 1
        return "frozen"
    if how == "excused" and _is_kept(run, period):
        run[LATE] = [*run[LATE][:2], 1]
    return how


def _excuse(streak: Streak, run: StreakRun, period: int, exists: Exists) -> str | None:
    if _is_kept(run, period) or any(start <= period <= end for start, end in run[EXCUSED]):
        return "excused"
    if run[PAUSED] and _is_paused(run[PAUSED], period, streak.period):
        return "paused"
    return None if exists(period) else "never was"


def _is_kept(run: StreakRun, period: int) -> bool:
    return run[LATE] is not None and run[LATE][0] <= period <= run[LATE][1]


def _is_paused(pauses: list[list[int]], period: int, kind: Period) -> bool:
    """Whether pauses cover more than half of the period's days."""
    start, end = first_day(period, kind), first_day(period + 1, kind)
    covered = {day for first, last in pauses for day in range(max(first, start), min(last + 1, end))}
    return 2 * len(covered) > end - start


def _with_one(run: StreakRun, period: int, behaviour: str) -> dict[str, int]:
    counts = dict(run[COUNTS].get(str(period), {}))
    counts[behaviour] = counts.get(behaviour, 0) + 1
    return counts


def _is_filled(streak: Streak, counts: dict[str, int]) -> bool:
    if streak.match == "all":
        return all(counts.get(each, 0) >= streak.least for each in streak.of)
    return sum(counts.get(each, 0) for each in streak.of) >= streak.least
