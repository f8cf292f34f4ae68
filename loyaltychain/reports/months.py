"""Months and days in a programme's zone. Pure; reads no clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def month_of(at: int, zone: ZoneInfo) -> str:
    """``2026-01``: the month in which ``at`` lies there."""
    local = (_EPOCH + timedelta(seconds=at)).astimezone(zone)
    return f"{local.year:04}-{local.month:02}"


def months_between(first: str, later: str) -> int:
    """How many months after ``first`` the month ``later`` is; below zero before it."""
    return _count(later) - _count(first)


def month_start(month: str, zone: ZoneInfo) -> UnixSeconds:
    """The first instant of ``2026-01``. Raises InvalidOperation for other text."""
    return day_start(f"{month}-01", zone)


def month_end(month: str, zone: ZoneInfo) -> UnixSeconds:
    """The first instant after ``2026-01``. Raises InvalidOperation for other text."""
    first = _day(f"{month}-01")
    return _start((first.replace(day=28) + timedelta(days=4)).replace(day=1), zone)


def day_start(day: str, zone: ZoneInfo) -> UnixSeconds:
    """The first instant of ``2026-01-31``. Raises InvalidOperation for other text."""
    return _start(_day(day), zone)


def day_end(day: str, zone: ZoneInfo) -> UnixSeconds:
    """The first instant after ``2026-01-31``. Raises InvalidOperation for other text."""
    return _start(_day(day) + timedelta(days=1), zone)


def _day(text: str) -> date:
    try:
        if len(text) != 10:
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError as problem:
        raise errors.InvalidOperation("This is no day such as 2026-10-31.", given=text[:40]) from problem


def _start(day: date, zone: ZoneInfo) -> UnixSeconds:
    return UnixSeconds((datetime.combine(day, datetime.min.time(), tzinfo=zone) - _EPOCH) // timedelta(seconds=1))


def _count(month: str) -> int:
    year, _, number = month.partition("-")
    return int(year) * 12 + int(number)
