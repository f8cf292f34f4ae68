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
from loyaltychain.program.lifetime import EndOf, Lifetime
from loyaltychain.program.types import Expiry, Inactivity

DAY_SECONDS = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS: dict[EndOf, int] = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


class ExpiryTerms(Protocol):
    """A programme, or the rules that an order was awarded by."""

    @property
    def timezone(self) -> str: ...

    @property
    def expiry(self) -> Expiry | None: ...


def expires_at(terms: ExpiryTerms, earned_at: UnixSeconds, *, own: Lifetime | None = None) -> UnixSeconds | None:
    """The instant from which points of ``earned_at`` are gone; None: they never expire by their age.

    Months are counted in the programme's zone: 31 January and one month is the last day of February. A day counts
    on the same local time. With ``end_of`` it is the first instant of the next day, month, quarter, half-year or year
    there, so that what expires on 31 December can be spent through that day; with ``on`` the end of the first such day
    that comes then.

    Args:
        own: What the points' rule says instead of the programme.

    Raises InvalidEvent for a time so far away that calendars do not reach it.
    """
    lifetime = own if own is not None else terms.expiry.lifetime if terms.expiry is not None else None
    if lifetime is None or lifetime.is_endless:
        return None
    return _reach(lifetime, terms.timezone, earned_at)


def inactive_at(inactivity: Inactivity, timezone: str, active_at: UnixSeconds) -> UnixSeconds:
    """When a member who was last active at ``active_at`` has been inactive for so long. Raises as ``expires_at``."""
    return _reach(Lifetime(inactivity.months, inactivity.days), timezone, active_at)


def _reach(lifetime: Lifetime, timezone: str, start: UnixSeconds) -> UnixSeconds:
    try:
        return _end(lifetime, parse_zone(timezone), start)
    except (OverflowError, ValueError) as problem:
        raise errors.InvalidEvent("The time is too far away.", occurred_at=format_instant(start)) from problem


def _end(lifetime: Lifetime, zone: ZoneInfo, start: UnixSeconds) -> UnixSeconds:
    local = (_EPOCH + timedelta(seconds=start)).astimezone(zone)
    if lifetime.months is not None:
        day = _add_months(local.date(), lifetime.months)
    else:
        day = local.date() + timedelta(days=lifetime.days or 0)
    if lifetime.end_of is not None:
        end = datetime.combine(_next_first(day, lifetime.end_of), datetime.min.time(), tzinfo=zone)
    elif lifetime.on is not None:
        end = datetime.combine(_day_after(day, lifetime.on), datetime.min.time(), tzinfo=zone)
    else:
        end = datetime.combine(day, local.time(), tzinfo=zone)
    return UnixSeconds((end - _EPOCH) // timedelta(seconds=1))


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _next_first(day: date, end_of: EndOf) -> date:
    """The first day after the period in which ``day`` lies."""
    if end_of == "day":
        return day + timedelta(days=1)
    months = _MONTHS[end_of]
    return _add_months(day.replace(day=1), months - (day.month - 1) % months)


def _day_after(day: date, on: str) -> date:
    """The day after the first ``on`` ("12-31") that is ``day`` or later."""
    month, number = (int(part) for part in on.split("-"))
    this_year = date(day.year, month, number)
    return (this_year if this_year >= day else date(day.year + 1, month, number)) + timedelta(days=1)
