"""JSON Lines of events as the HTTP API takes them, for files that need no map. Pure.

A line is ``{"source", "id", "type", "member", "occurred_at", "payload"}``; ``payload`` may be left out.
"""

from collections.abc import Iterable, Iterator
from io import TextIOBase
from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.json_text import parse_json
from loyaltychain.core.times import format_instant, parse_instant
from loyaltychain.core.words import nearest
from loyaltychain.events.cells import CLOCK_SKEW_SECONDS
from loyaltychain.events.gather import Offered, Sorted
from loyaltychain.events.rows import LINE_MAX, BrokenRow, Row
from loyaltychain.events.types import Event, encode_event

_TEXTS = ("source", "id", "type", "member", "occurred_at")
FIELDS = (*_TEXTS, "payload")


def read_own_lines(stream: TextIOBase) -> Iterator[Row | BrokenRow]:
    """The lines of the text that are not empty, whole, for ``OwnRows``."""
    number = 0
    while line := stream.readline(LINE_MAX):
        number += 1
        if len(line) == LINE_MAX:
            raise errors.InvalidEvent("A line of the file is too long.", line=number, most=LINE_MAX)
        if line.strip():
            yield Row(number, line.rstrip("\r\n"), {})


class OwnRows:
    """Each line is an event."""

    waiting = 0

    def __init__(self, *, received_at: UnixSeconds) -> None:
        self._received_at = received_at

    def sort(self, rows: Iterable[Row | BrokenRow]) -> Sorted:
        found = Sorted()
        for row in rows:
            try:
                event = parse_event(row.raw, received_at=self._received_at)
            except errors.InvalidEvent as problem:
                found.rejected.append((row.line, str(problem), row.raw))
                continue
            found.offered.append(Offered(event, ((row.line, row.raw),)))
        return found


def parse_event(text: str, *, received_at: UnixSeconds) -> Event:
    """The event that a line tells of. Raises InvalidEvent saying what is wrong with it."""
    content = _fields(text)
    occurred_at = parse_instant(content["occurred_at"], pattern="iso", zone=None)
    if occurred_at > received_at + CLOCK_SKEW_SECONDS:
        raise errors.InvalidEvent(
            "The time lies in the future.", time=format_instant(occurred_at), now=format_instant(received_at)
        )
    event = Event(
        source=content["source"],
        id=content["id"],
        type=content["type"],
        member_id=content["member"],
        occurred_at=occurred_at,
        payload=content.get("payload", {}),
    )
    encode_event(event)  # refuses a payload that is not exact JSON
    return event


def _fields(text: str) -> dict[str, Any]:
    try:
        text.encode()
    except UnicodeEncodeError as problem:
        raise errors.InvalidEvent("The row holds bytes that are not UTF-8.") from problem
    try:
        content = parse_json(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as problem:
        raise errors.InvalidEvent(f"The row is not JSON: {problem}.") from problem
    if not isinstance(content, dict):
        raise errors.InvalidEvent("The row is not a JSON object.")
    for name in content:
        if name not in FIELDS:
            raise errors.InvalidEvent(f"An event has no field {name!r}{nearest(name, FIELDS)}.", there_are=list(FIELDS))
    for name in _TEXTS:
        if not isinstance(content.get(name), str):
            raise errors.InvalidEvent(f"The field {name!r} must be there, as text.", there_are=list(FIELDS))
    if not isinstance(content.get("payload", {}), dict):
        raise errors.InvalidEvent("The field 'payload' must be a JSON object.")
    return content


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key stands twice")
    return content
