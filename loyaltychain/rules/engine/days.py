"""Which day it is somewhere at an instant, and in which period a day lies; remembered, because it is asked often."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache

from loyaltychain.core.times import parse_zone
from loyaltychain.program.behaviours import Per

DAY_SECONDS = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = (date(year, 1, 1).toordinal() - _EPOCH.toordinal() for year in (2, 9998))  # any date works in between

Day = int  # as ``date.toordinal`` counts


@cache
def make_days(zone_name: str) -> Callable[[int], Day]:
    """A function from an instant to the day that it is then in the zone (IANA); at the calendar's ends, the nearest."""
    zone = parse_zone(zone_name)
    known: dict[int, tuple[int, Day, Day] | None] = {}

    def local(at: int) -> datetime:
        return (_EPOCH + timedelta(seconds=at)).astimezone(zone)

    def learn(utc_day: int) -> tuple[int, Day, Day] | None:
        """The instant at which the zone's midnight falls into the UTC day, and the days before and after it.

        None where clocks change: such a day is looked at each time.
        """
        start, end = utc_day * DAY_SECONDS, (utc_day + 1) * DAY_SECONDS
        if not _FIRST < utc_day < _LAST:
            nearest = min(max(utc_day, _FIRST), _LAST) + _EPOCH.toordinal()
            return end, nearest, nearest
        offset = local(start).utcoffset()
        assert offset is not None
        if any(local(at).utcoffset() != offset for at in (end - 1, start + DAY_SECONDS // 2)):
            return None
        first = local(start).toordinal()
        midnight = (first + 1 - _EPOCH.toordinal()) * DAY_SECONDS - int(offset.total_seconds())
        return min(midnight, end), first, first + 1

    def day_of(at: int) -> Day:
        utc_day = at // DAY_SECONDS
        try:
            found = known[utc_day]
        except KeyError:
            found = known[utc_day] = learn(utc_day)
        if found is None:
            return local(at).toordinal()
        midnight, before, after = found
        return before if at < midnight else after

    return day_of


@lru_cache(maxsize=65_536)
def period_of(day: Day, per: Per) -> int:
    """The number of the day's period: weeks begin on Monday; months and years are the calendar's."""
    if per == "day":
        return day
    if per == "week":
        return (day - 1) // 7
    if per == "ever":
        return 0
    on = date.fromordinal(day)
    return on.year if per == "year" else on.year * 12 + on.month - 1
