"""A real log, played again week by week at its own dates: cut into weekly files, and a clock that follows them.

Each row keeps its number in the whole log in a column of its own, so that rows which are shuffled or sent twice on
purpose are still known for what they are.
"""

import csv
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TextIO

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import parse_instant, parse_zone
from loyaltychain.demo.play import Play, Week
from loyaltychain.events.files import open_text
from loyaltychain.events.map import EventMap, check_columns
from loyaltychain.events.map_parts import IdPart
from loyaltychain.events.rows import BrokenRow, Row, read_header

LOG_LINE = "log_line"  # the column that the weekly files have more than the log
_DAY, _WEEK = 86_400, 7 * 86_400
_REPORT_EVERY = 20_000  # rows

_Placed = tuple[UnixSeconds, Row | BrokenRow]


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What is done to the log on purpose: nothing of it may change a total."""

    shuffle: int | None = None  # a seed: the rows of each day in another order
    twice: bool = False  # every row comes twice


class ReplayClock:
    """The log's own time. It stands still until it is set, and never goes back."""

    def __init__(self, start: UnixSeconds) -> None:
        self._now = start

    def __call__(self) -> UnixSeconds:
        return self._now

    def set(self, now: UnixSeconds) -> None:
        """Go on to ``now``."""
        self._now = max(self._now, now)


def replay(
    log: Path,
    *,
    event_map: EventMap,
    program: str,
    folder: Path,
    disturbance: Disturbance,
    on_row: Callable[[int], None],
) -> Play:
    """Cut the log into weekly files in ``folder``. Memory grows with one week's rows.

    A row that is older than one before it comes in the later one's week: late, as it would have.

    Raises:
        InvalidMap: the log has no rows, or is not a CSV file that the map fits.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weeks: list[Week] = []
    with open_text(log, newline="") as stream:
        header, rows = read_header(stream)
        check_columns(event_map, header)
        placed = _place(rows, event_map, on_row)
        for number, of_week in groupby(_by_week(placed), key=lambda one: one[0]):
            file = folder / f"week-{len(weeks) + 1:03d}.csv"
            some = [one for _, one in of_week]
            with file.open("w", encoding="utf-8", errors="surrogateescape", newline="") as out:
                _write(out, header, _disturb(some, disturbance, seed=number))
            weeks.append(Week(file, ends_at=UnixSeconds((number + 1) * _WEEK)))
    if not weeks:
        raise errors.InvalidMap("The log has no rows whose time the map can read.", file=log.name)
    clock = ReplayClock(UnixSeconds(weeks[0].ends_at - _WEEK))
    return Play(program=program, event_map=_by_log_line(event_map), weeks=tuple(weeks), clock=clock, advance=clock.set)


def _place(rows: Iterator[Row | BrokenRow], event_map: EventMap, on_row: Callable[[int], None]) -> Iterator[_Placed]:
    """Each row with the latest time seen so far; one without a time of its own comes with the row before it."""
    latest: UnixSeconds | None = None
    waiting: list[Row | BrokenRow] = []
    for count, row in enumerate(rows, start=1):
        if count % _REPORT_EVERY == 0:
            on_row(count)
        at = _time_of(row, event_map)
        latest = latest if at is None else max(latest or at, at)
        if latest is None:
            waiting.append(row)
            continue
        yield from ((latest, early) for early in waiting)
        waiting.clear()
        yield latest, row


def _time_of(row: Row | BrokenRow, event_map: EventMap) -> UnixSeconds | None:
    text = row.cells.get(event_map.time.column) if isinstance(row, Row) else None
    zone = event_map.time.zone
    try:
        return (
            parse_instant(text, pattern=event_map.time.format, zone=parse_zone(zone) if zone else None)
            if text
            else None
        )
    except errors.InvalidEvent:
        return None  # its own file's ingest says so


def _by_week(placed: Iterator[_Placed]) -> Iterator[tuple[int, _Placed]]:
    return ((at // _WEEK, (at, row)) for at, row in placed)


def _disturb(rows: list[_Placed], disturbance: Disturbance, *, seed: int) -> Iterator[Row | BrokenRow]:
    for _, of_day in groupby(rows, key=lambda one: one[0] // _DAY):
        some = [row for _, row in of_day] * (2 if disturbance.twice else 1)
        if disturbance.shuffle is not None:
            random.Random(f"{disturbance.shuffle}/{seed}").shuffle(some)  # noqa: S311 - an order, not a secret
        yield from some


def _write(out: TextIO, header: list[str], rows: Iterator[Row | BrokenRow]) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*header, LOG_LINE])
    for row in rows:
        if isinstance(row, BrokenRow):
            out.write(row.raw + "\n")  # it is refused there for what it is
        else:
            writer.writerow([*(row.cells[column] or "" for column in header), row.line])


def _by_log_line(event_map: EventMap) -> EventMap:
    """The map for the weekly files: what was told apart by the row's number is told apart by its number in the log."""
    by_number = IdPart(column=LOG_LINE)
    if event_map.lines is not None and event_map.lines.id.line:
        lines = event_map.lines.model_copy(update={"id": by_number})
        return event_map.model_copy(update={"lines": lines})
    return event_map.model_copy(update={"id": by_number}) if event_map.id.line else event_map
