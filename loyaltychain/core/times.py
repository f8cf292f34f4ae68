"""Time as text turned into instants, and instants as text. Reads no clock.

A local time is read in its zone with fold 0: where clocks go back, an ambiguous time is the first of the two;
where they go forward, a time that never was counts on with the offset before the change (01:30 in London on
such a day is the instant that clocks there call 02:30).
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds

_OF_THE_MACHINE = ("localtime", "posixrules", "posix/", "right/", "Factory")  # files beside the zones; leap seconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIX = re.compile(r"-?[0-9]{1,12}")
_SAMPLE = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)


def format_instant(at: int) -> str:
    """``2026-01-05T10:00:00Z``, as RFC 3339 has it; the bare number of seconds outside of the years that it knows."""
    try:
        return f"{(_EPOCH + timedelta(seconds=at)).replace(tzinfo=None).isoformat()}Z"
    except OverflowError:
        return str(at)


def parse_zone(name: str) -> ZoneInfo:
    """The IANA time zone of this name. Raises ValueError when there is none."""
    try:
        if name.startswith(_OF_THE_MACHINE):
            raise ValueError("what it means depends on the machine")
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:  # OSError: the name of a folder of zones
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/London") from problem


def check_pattern(pattern: str) -> None:
    """Accept a strptime pattern that names a day; raise ValueError for any other."""
    try:
        parsed = datetime.strptime(_SAMPLE.strftime(pattern), pattern)  # noqa: DTZ007 - only the day is compared
    except (ValueError, re.error) as problem:
        raise ValueError(f"{pattern!r} is not a time pattern such as '%d/%m/%Y %H:%M'") from problem
    if parsed.date() != _SAMPLE.date():
        raise ValueError(f"{pattern!r} does not name year, month and day")


def parse_instant(text: str, *, pattern: str, zone: ZoneInfo | None) -> UnixSeconds:
    """The instant that ``text`` names, rounded down to a second.

    Args:
        pattern: ``iso``, ``unix``, or a strptime pattern.
        zone: Where a time without an offset of its own was written down.

    Raises:
        InvalidEvent: the text does not follow the pattern, or has no offset and there is no zone.
    """
    if pattern == "unix":
        if not _UNIX.fullmatch(text):
            raise errors.InvalidEvent("This is not a time in unix seconds.", found=text[:60])
        return UnixSeconds(int(text))
    try:
        local = datetime.fromisoformat(text) if pattern == "iso" else datetime.strptime(text, pattern)  # noqa: DTZ007
    except ValueError as problem:
        raise errors.InvalidEvent("This is not a time of the map's format.", found=text[:60], format=pattern) from (
            problem
        )
    if local.tzinfo is None:
        if zone is None:
            raise errors.InvalidEvent("The time has no offset and the map names no zone.", found=text[:60])
        local = local.replace(tzinfo=zone)
    return UnixSeconds((local - _EPOCH) // timedelta(seconds=1))


def end_of_day(at: UnixSeconds, zone: ZoneInfo) -> UnixSeconds:
    """The last second of the day that it is in ``zone`` at this instant."""
    day: date = (_EPOCH + timedelta(seconds=at)).astimezone(zone).date()
    midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
    return UnixSeconds((midnight - _EPOCH) // timedelta(seconds=1) - 1)
