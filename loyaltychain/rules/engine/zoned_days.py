"""Days of a zone that end at a time of their own ("my day ends at 03:00"), and periods made of them.

A day is what lies between two instants, so days follow one another without holes or overlaps whatever clocks do. A
date that a zone left out (Samoa's 30 December 2011) is a day without any length.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import parse_zone
from loyaltychain.rules.engine.days import DAY_SECONDS, Day, period_of

Period = Literal["day", "week", "month"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()


class ZonedDays:
    """The days of one zone with one end of the day. Remembers what it worked out; ask ``zoned_days`` for it."""

    __slots__ = ("_after_midnight", "_known", "_offset", "_zone")

    def __init__(self, zone: str, day_ends: int) -> None:
        self._zone = parse_zone(zone)
        self._after_midnight = timedelta(minutes=day_ends)
        self._known: dict[int, tuple[Day, UnixSeconds, UnixSeconds]] = {}

    def day_of(self, at: UnixSeconds) -> Day:
        """The day, as ``date.toordinal`` counts, in which the instant lies."""
        block = at // DAY_SECONDS
        try:
            day, end, next_end = self._known[block]
        except KeyError:
            day, end, next_end = self._known[block] = self._learn(UnixSeconds(block * DAY_SECONDS))
        if at < end:
            return day
        day += 1
        while at >= next_end:
            day += 1
            next_end = self.start_of(day + 1)
        return day

    def start_of(self, day: Day) -> UnixSeconds:
        """The first instant of the day."""
        local = datetime.combine(date.fromordinal(day), time(), tzinfo=self._zone) + self._after_midnight
        return UnixSeconds((local - _EPOCH) // timedelta(seconds=1))

    def offset_at(self, at: UnixSeconds) -> int:
        """How many seconds clocks of the zone are before UTC."""
        offset = (_EPOCH + timedelta(seconds=at)).astimezone(self._zone).utcoffset()
        assert offset is not None
        return offset // timedelta(seconds=1)

    def _learn(self, at: UnixSeconds) -> tuple[Day, UnixSeconds, UnixSeconds]:
        """The day of the instant, its end, and the end of the next."""
        day = at // DAY_SECONDS + _EPOCH_DAY - 2
        while at >= (end := self.start_of(day + 1)):
            day += 1
        return day, end, self.start_of(day + 2)


@lru_cache(maxsize=1024)
def zoned_days(zone: str, day_ends: int = 0) -> ZonedDays:
    """The days of the zone (IANA) that end so many minutes after midnight. Raises ValueError for no zone."""
    return ZonedDays(zone, day_ends)


class ZonedPeriods:
    """Days, weeks (from Monday) or months of a zone, numbered without holes."""

    __slots__ = ("_without_length", "days", "number_of", "period")

    def __init__(self, days: ZonedDays, period: Period) -> None:
        self.days = days
        self.period: Period = period
        self._without_length: dict[int, bool] = {}
        #: The number of the period in which an instant lies.
        self.number_of: Callable[[UnixSeconds], int] = (
            days.day_of if period == "day" else lambda at: period_of(days.day_of(at), period)
        )

    def start_of(self, number: int) -> UnixSeconds:
        """The first instant of a period."""
        return self.days.start_of(first_day(number, self.period))

    def end_of(self, number: int) -> UnixSeconds:
        """The first instant after a period."""
        return self.start_of(number + 1)

    def exists(self, number: int) -> bool:
        """False for a date that the zone left out."""
        if self.period != "day":
            return True
        try:
            return not self._without_length[number]
        except KeyError:
            left_out = self._without_length[number] = self.end_of(number) <= self.start_of(number)
            return not left_out


@lru_cache(maxsize=4096)
def zoned_periods(zone: str, day_ends: int, period: Period) -> ZonedPeriods:
    """Periods of the zone (IANA) whose days end so many minutes after midnight. Raises ValueError for no zone."""
    return ZonedPeriods(zoned_days(zone, day_ends), period)


def first_day(number: int, period: Period) -> Day:
    """The first day of a period."""
    if period == "day":
        return number
    if period == "week":
        return number * 7 + 1
    return date(number // 12, number % 12 + 1, 1).toordinal()
