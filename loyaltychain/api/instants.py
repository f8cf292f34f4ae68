"""Instants as RFC 3339 text and back. Reads no clock."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)
_RFC_3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")


def format_optional(at: int | None) -> str | None:
    """As ``format_instant``; None stays None."""
    return None if at is None else format_instant(at)


def parse_instant(text: str) -> UnixSeconds:
    """The instant, rounded down to a second. Raises ValueError for what is no RFC 3339 instant since 1970."""
    if not _RFC_3339.fullmatch(text):
        raise ValueError("give an RFC 3339 instant with its offset, e.g. 2026-01-05T10:00:00Z")
    try:
        seconds = (datetime.fromisoformat(text) - _EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError) as problem:
        raise ValueError("there is no such day or time") from problem
    if not 0 <= seconds <= _LAST:  # an offset may lead out of the years that it is written in
        raise ValueError("the instant lies before 1970 or after 9999")
    return UnixSeconds(seconds)


def _checked(text: str) -> str:
    parse_instant(text)
    return text


#: What a model's field of an instant is.
Instant = Annotated[str, AfterValidator(_checked), Field(json_schema_extra={"format": "date-time"}, max_length=40)]
