"""When points expire. Pure.

The instant is exclusive: points are good before it. It is never moved later, whatever becomes of the points.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant, parse_zone
from loyaltychain.program.types import EndOf, Expiry

DAY_SECONDS = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ExpiryTerms(Protocol):
    """A programme, or the rules that an order was awarded by."""

    @property
    def timezone(self) -> str: ...

    @property
    def expiry(self) -> Expiry | None: ...


def expires_at(terms: ExpiryTerms, earned_at: UnixSeconds) -> UnixSeconds | None:
    """The instant from which points of ``earned_at`` are gone; None: they never expire.

    Months are counted in the programme's zone: 31 January and one month is the last day of February. A day counts
    on the same local time. With ``end_of`` it is the first instant of the next day, month, quarter or year there,
    so that what expires on 31 December can be spent through that day.

    Raises InvalidEvent for a time so far away that calendars do not reach it.
    """
    if terms.expiry is None:
        return None
    try:
        return _end(terms.expiry, parse_zone(terms.timezone), earned_at)
    except (OverflowError, ValueError) as problem:
        raise errors.InvalidEvent("The time is too far away.", occurred_at=format_instant(earned_at)) from problem


def _end(expiry: Expiry, zone: ZoneInfo, earned_at: UnixSeconds) -> UnixSeconds:
    local = (_EPOCH + timedelta(seconds=earned_at)).astimezone(zone)
    if expiry.months is not None:
        day = _add_months(local.date(), expiry.months)
    else:
        day = local.date() + timedelta(days=expiry.days or 0)
    if expiry.end_of is None:
        end = datetime.combine(day, local.time(), tzinfo=zone)
    else:
        end = datetime.combine(_next_first(day, expiry.end_of), datetime.min.time(), tzinfo=zone)
    return UnixSeconds((end - _EPOCH) // timedelta(seconds=1))


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _next_first(day: date, end_of: EndOf) -> date:
    """The first day after the period in which ``day`` lies."""
    if end_of == "day":
        return day + timedelta(days=1)
    if end_of == "month":
        return _add_months(day.replace(day=1), 1)
    if end_of == "quarter":
        return _add_months(day.replace(day=1), 3 - (day.month - 1) % 3)
    return date(day.year + 1, 1, 1)
