"""Rows sorted by what can be done with them, before anything is asked of the database. Pure.

``SingleRows`` makes an event of each row. ``GatheredRows`` makes one of all rows of an id, wherever they stand: it is
told beforehand which row is the last of each, so it holds the rows of open orders only, and one number an order.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.events import lines, shape
from loyaltychain.events.cells import is_left_out, read_id
from loyaltychain.events.lines import LineRow
from loyaltychain.events.map import EventMap
from loyaltychain.events.rows import BrokenRow, Row
from loyaltychain.events.types import Event

Source = tuple[int, str]  # a row's line in the file, and its raw text
Rejected = tuple[int, str, str]  # line, reason, raw


@dataclass(frozen=True, slots=True)
class Offered:
    """An event, the rows that told of it, and how many of them repeated another one."""

    event: Event
    rows: tuple[Source, ...]
    repeated: int = 0


@dataclass(slots=True)
class Sorted:
    """The rows of a chunk by what can be done with them."""

    offered: list[Offered] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    left_out: int = 0


class Rows(Protocol):
    """A way to make events of rows. ``waiting`` counts the rows of events that are not complete yet."""

    def sort(self, rows: Iterable[Row | BrokenRow]) -> Sorted:
        """The events that these rows complete, and the rows that cannot be taken."""

    @property
    def waiting(self) -> int: ...


class SingleRows:
    """Each row is an event."""

    waiting = 0

    def __init__(self, event_map: EventMap, *, file_id: str, received_at: UnixSeconds) -> None:
        self._map, self._file_id, self._received_at = event_map, file_id, received_at

    def sort(self, rows: Iterable[Row | BrokenRow]) -> Sorted:
        found = Sorted()
        for row in rows:
            if isinstance(row, BrokenRow):
                found.rejected.append((row.line, row.reason, row.raw))
                continue
            try:
                if is_left_out(self._map, row):
                    found.left_out += 1
                    continue
                event = shape.make_event(self._map, row, file_id=self._file_id, received_at=self._received_at)
            except errors.InvalidEvent as problem:
                found.rejected.append((row.line, str(problem), row.raw))
                continue
            found.offered.append(Offered(event, ((row.line, row.raw),)))
        return found


@dataclass(slots=True)
class _Open:
    """The rows of one id so far: those that became lines, by the line's id, and why others did not, by their place."""

    rows: list[Source] = field(default_factory=list)
    lines: dict[str, LineRow] = field(default_factory=dict)
    repeated: int = 0
    problems: dict[int, str] = field(default_factory=dict)

    def add(self, row: Row, line: LineRow) -> None:
        seen = self.lines.setdefault(line.line.line, line)
        if seen is line:
            return
        if seen == line:
            self.repeated += 1
        else:
            self.problems[row.line] = f"another row has this line's id and other content [line: {line.line.line}]"

    def rejected(self, reason: str) -> list[Rejected]:
        return [(line, self.problems.get(line, reason), raw) for line, raw in self.rows]


class GatheredRows:
    """All rows of an id are one event, which is taken as a whole or not at all.

    Args:
        last: By event id, the line of the last row that belongs to it, from ``find_last``. Emptied on the way.
    """

    def __init__(self, event_map: EventMap, *, last: dict[str, int], received_at: UnixSeconds) -> None:
        self._map, self._last, self._received_at = event_map, last, received_at
        self._open: dict[str, _Open] = {}

    @property
    def waiting(self) -> int:
        return sum(len(each.rows) for each in self._open.values())

    def sort(self, rows: Iterable[Row | BrokenRow]) -> Sorted:
        found = Sorted()
        for row in rows:
            if isinstance(row, BrokenRow):
                found.rejected.append((row.line, row.reason, row.raw))
                continue
            try:
                event_id = find_id(self._map, row)
            except errors.InvalidEvent as problem:
                found.rejected.append((row.line, str(problem), row.raw))
                continue
            if event_id is None:
                found.left_out += 1
                continue
            self._add(event_id, row)
            if self._last.get(event_id) == row.line:
                del self._last[event_id]
                self._close(event_id, found)
        return found

    def _add(self, event_id: str, row: Row) -> None:
        gathered = self._open.setdefault(event_id, _Open())
        gathered.rows.append((row.line, row.raw))
        try:
            gathered.add(row, lines.make_line(self._map, row, received_at=self._received_at))
        except errors.InvalidEvent as problem:
            gathered.problems[row.line] = str(problem)

    def _close(self, event_id: str, found: Sorted) -> None:
        gathered = self._open.pop(event_id)
        if gathered.problems:
            reason = f"another row of this order cannot be taken: line {min(gathered.problems)}"
            found.rejected += gathered.rejected(reason)
            return
        try:
            event = lines.make_event(self._map, event_id, gathered.lines.values())
        except errors.InvalidEvent as problem:
            found.rejected += gathered.rejected(str(problem))
        else:
            found.offered.append(Offered(event, tuple(gathered.rows), gathered.repeated))


def find_id(event_map: EventMap, row: Row) -> str | None:
    """The id of the event to which the row belongs; None when the map leaves the row out.

    Raises InvalidEvent when that cannot be told.
    """
    return None if is_left_out(event_map, row) else read_id(event_map.id, row, prefix="")


def find_last(event_map: EventMap, rows: Iterable[Row | BrokenRow]) -> dict[str, int]:
    """By event id, the line of the last row that belongs to it. Rows that belong to none are passed over."""
    last: dict[str, int] = {}
    for row in rows:
        if isinstance(row, BrokenRow):
            continue
        try:
            event_id = find_id(event_map, row)
        except errors.InvalidEvent:
            continue
        if event_id is not None:
            last[event_id] = row.line
    return last
