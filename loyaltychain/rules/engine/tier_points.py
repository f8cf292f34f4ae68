"""Qualifying points of one member, and how long they keep each level. Pure; days are ordinals of the programme's zone.

A level is reached by earning: when the points of the period carry it. From then on it is kept for a time, and so is
each level below for a time after (a soft landing). A level at a day is the highest that is kept then; so more points,
whenever they come, never make any day's level lower. What is taken back takes the newest points first, and is gone as
if it had never been earned, from the moment on at which it is taken back.

The part: ``kept`` {level: [the day until which it is kept, its threshold]}, ``base`` the same by points that can be
taken back no more, ``earned`` [[day, points, level that they carried, the same in grace]] by days; ``first`` the place
in it from which points count, ``open`` from which they can be taken back, ``today`` [day, points that count on it].
"""

from bisect import bisect_left, bisect_right
from datetime import date
from functools import lru_cache
from itertools import accumulate
from typing import Any

from loyaltychain.program.achievements import Tiers
from loyaltychain.rules.engine.days import Day

FOREVER = 10**7  # later than any day
TierPart = dict[str, Any]
_ALWAYS = 1  # the day of all points where they count for ever
_TIDY_AT = 256  # days too old for anything before they are forgotten


def new_points() -> TierPart:
    """Of a member who earned nothing yet."""
    return {"kept": {}, "base": {}, "earned": [], "first": 0, "open": 0, "today": None}


def earn(tiers: Tiers, part: TierPart, day: Day, points: int) -> int:
    """Points are earned on a day that is not before the newest. Gives the highest level that this carries."""
    at = _ALWAYS if tiers.period == "ever" else day
    today = part["today"]
    if today is not None and today[0] == at:
        today[1] += points
        lot = part["earned"][-1]
        lot[1] += points
        if _carried(tiers, today[1]) == lot[2] and not lot[3]:
            return int(lot[2])
    else:
        today = part["today"] = [at, _move_on(tiers, part, at) + points]
        lot = [at, points, 0, 0]
        part["earned"].append(lot)
    lot[2] = _carried(tiers, today[1])
    lot[3] = _carried_in_grace(tiers, at, _Sums(part["earned"])) if _is_grace(tiers, at) else 0
    _keep(tiers, part["kept"], lot)
    return int(max(lot[2], lot[3]))


def take_back(tiers: Tiers, part: TierPart, day: Day, points: int) -> None:
    """Points are taken back on a day that is not before the newest: the newest first, too old ones not at all."""
    at = _ALWAYS if tiers.period == "ever" else day
    _move_on(tiers, part, at)
    earned, oldest = part["earned"], part["open"]
    while points and len(earned) > oldest:
        taken = min(points, earned[-1][1])
        earned[-1][1] -= taken
        points -= taken
        if not earned[-1][1]:
            earned.pop()
    part["kept"], part["today"] = {name: list(each) for name, each in part["base"].items()}, None
    sums = _Sums(earned)
    for lot in earned[oldest:]:
        lot[2] = _carried(tiers, sums.between(period_start(tiers, lot[0]), lot[0]))
        lot[3] = _carried_in_grace(tiers, lot[0], sums) if _is_grace(tiers, lot[0]) else 0
        _keep(tiers, part["kept"], lot)


def counting(tiers: Tiers, part: TierPart, day: Day) -> int:
    """The points that count towards a level on a day not before the newest."""
    return _Sums(part["earned"]).between(period_start(tiers, day), day)


def level_at(tiers: Tiers, part: TierPart, day: Day) -> int:
    """The index of the level on a day that is not before the newest: the highest that is kept, grace included."""
    kept = part["kept"]
    if kept:
        for index in range(len(tiers.levels) - 1, 0, -1):
            found = kept.get(tiers.levels[index].id)
            if found is not None and found[0] + tiers.grace_days > day:
                return index
    return 0


def kept_until(tiers: Tiers, part: TierPart, index: int) -> Day:
    """The first day on which the level is kept by nothing but grace; 0: it was never reached."""
    if index == 0:
        return FOREVER
    found = part["kept"].get(tiers.levels[index].id)
    return 0 if found is None else int(found[0])


def map_levels(tiers: Tiers, part: TierPart) -> None:
    """Bring what was kept under another structure of levels over into this one; nobody is left without a level.

    A level that is no more is ``replaced`` by the one that the programme names, else by the highest one that asks no
    more than it did. What was kept until now stays kept, whatever this structure asks for it.
    """
    known = {level.id: index for index, level in enumerate(tiers.levels)}
    renamed = dict(tiers.replaced)
    kept = part["kept"]
    for name, (day, threshold) in list(kept.items()):
        if name in known:
            continue
        index = known.get(renamed.get(name, ""), _carried(tiers, threshold))
        for level in tiers.levels[1 : index + 1]:
            if level.id not in kept or kept[level.id][0] < day:
                kept[level.id] = [day, level.threshold]
    part["base"] = {name: list(each) for name, each in kept.items()}
    part["open"], part["today"] = len(part["earned"]), None


def period_start(tiers: Tiers, day: Day) -> Day:
    """The first day whose points count on this one."""
    if tiers.period == "ever":
        return 1
    if tiers.period == "calendar":
        return date(date.fromordinal(day).year, 1, 1).toordinal()
    return _window_start(day, tiers.months)


@lru_cache(maxsize=65_536)
def add_months(day: Day, months: int) -> Day:
    """The same day of a later month; the last one where that is too short."""
    on = date.fromordinal(day)
    year, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1).toordinal()
    return min(date(year, month + 1, 1).toordinal() + on.day - 1, following - 1)


def _keep(tiers: Tiers, kept: dict[str, Any], lot: list[int]) -> None:
    """Write down until when the levels are kept that points of a day carried."""
    if lot[2]:
        _keep_until(tiers, kept, lot[2], _kept_from(tiers, lot[0]))
    if lot[3]:
        _keep_until(tiers, kept, lot[3], date(date.fromordinal(lot[0]).year + 1, 1, 1).toordinal())


def _keep_until(tiers: Tiers, kept: dict[str, Any], index: int, end: Day) -> None:
    while index:
        level = tiers.levels[index]
        found = kept.get(level.id)
        if found is None or found[0] < end:
            kept[level.id] = [end, level.threshold]
        if tiers.falls == "one_down" and end < FOREVER:
            end = _landed_until(tiers, end + tiers.grace_days)
        index -= 1


def _kept_from(tiers: Tiers, day: Day) -> Day:
    """Until when a level is kept that is carried on the day."""
    if tiers.period == "ever":
        return FOREVER
    if tiers.period == "calendar":
        return date(date.fromordinal(day).year + 2, 1, 1).toordinal()
    return add_months(day, tiers.months)


def _landed_until(tiers: Tiers, fallen: Day) -> Day:
    """Until when the next lower level is kept after a fall on that day."""
    if tiers.period == "calendar":
        return date(date.fromordinal(fallen).year + 1, 1, 1).toordinal()
    return add_months(fallen, tiers.months)


def _is_grace(tiers: Tiers, day: Day) -> bool:
    return tiers.period == "calendar" and day - period_start(tiers, day) < tiers.grace_days


def _carried_in_grace(tiers: Tiers, day: Day, sums: "_Sums") -> int:
    """In the days of grace after a calendar year points make up for that year, too."""
    return _carried(tiers, sums.between(date(date.fromordinal(day).year - 1, 1, 1).toordinal(), day))


def _carried(tiers: Tiers, points: int) -> int:
    """The highest level that so many points carry."""
    levels = tiers.levels
    index = len(levels) - 1
    while index and levels[index].threshold > points:
        index -= 1
    return index


def _move_on(tiers: Tiers, part: TierPart, day: Day) -> int:
    """Leave out what counts no more on the day, put into the base what can be taken back no more; gives what counts."""
    earned, today, first = part["earned"], part["today"], part["first"]
    start = period_start(tiers, day)
    if today is None:
        total, first = sum(lot[1] for lot in earned if lot[0] >= start), 0
    else:
        total = today[1]
    while first < len(earned) and earned[first][0] < start:
        total -= earned[first][1] if today is not None else 0
        first += 1
    part["first"] = first
    oldest, open_from = part["open"], _open_from(tiers, day)
    while oldest < len(earned) and earned[oldest][0] < open_from:
        _keep(tiers, part["base"], earned[oldest])
        oldest += 1
    part["open"] = oldest
    if oldest > _TIDY_AT:
        _tidy(tiers, part, open_from)
    return int(total)


def _tidy(tiers: Tiers, part: TierPart, open_from: Day) -> None:
    """Forget what is too old for the sums of any day whose points can still be taken back."""
    needed_from = _open_from(tiers, open_from)
    gone = bisect_left([lot[0] for lot in part["earned"]], needed_from)
    part["earned"] = part["earned"][gone:]
    part["first"], part["open"] = part["first"] - gone, part["open"] - gone


def _open_from(tiers: Tiers, day: Day) -> Day:
    """The first day whose points can be taken back on this one."""
    if tiers.period == "calendar":
        return date(date.fromordinal(day).year - 1, 1, 1).toordinal()
    return period_start(tiers, day)


class _Sums:
    """Sums of what was earned between days, each found at once."""

    def __init__(self, earned: list[list[int]]) -> None:
        self._days = [lot[0] for lot in earned]
        self._totals = list(accumulate((lot[1] for lot in earned), initial=0))

    def between(self, first: Day, last: Day) -> int:
        """With both days."""
        return self._totals[bisect_right(self._days, last)] - self._totals[bisect_left(self._days, first)]


@lru_cache(maxsize=65_536)
def _window_start(day: Day, months: int) -> Day:
    """The first day that is less than so many months ago."""
    start = add_months(day, -months)
    while add_months(start, months) <= day:
        start += 1
    while add_months(start - 1, months) > day:
        start -= 1
    return start
