"""A community's acts cut by time, whatever file they stand in, so that each is folded once. Reads and writes CSV.

Files have one kind of act each, so whoever takes one after the other tells a member's acts late, over and over. A
slice has all acts of a stretch of time. Small communities are one slice: their files as they are.
"""

import csv
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.events.files import file_identity, open_text
from loyaltychain.events.gather import Offered, SingleRows
from loyaltychain.events.map import check_columns
from loyaltychain.events.rows import Row, read_header
from loyaltychain.reports.comparison.dealing import Piece
from loyaltychain.reports.comparison.rejected import Rejected, naming

SLICE = 20_000  # acts that are folded together
SLICES_MAX = 400  # files that are open at once
TAKEN_BEFORE = "This event's id was taken before with other content."
_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Slices:
    """The acts in the order of time, portion by portion, and what became of rows that are no acts.

    ``left_out`` and ``rejected`` are those that stand in no slice any more; where the files are one slice as they are,
    they still stand there.
    """

    portions: tuple[tuple[Piece, ...], ...]
    left_out: int = 0
    rejected: tuple[Rejected, ...] = ()


@dataclass(slots=True)
class _Acts:
    """The rows of a piece that are acts: on which lines they begin, and when they were done."""

    lines: "array[int]" = field(default_factory=lambda: array("q"))
    times: "array[int]" = field(default_factory=lambda: array("q"))
    left_out: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    _contents: dict[str, int] = field(default_factory=dict)  # by id, a hash of what the event says

    def add(self, offered: Iterable[Offered], file: Path) -> None:
        """Of rows with one id and different contents the first in the file counts, as it does in any intake."""
        for each in offered:
            (line, _), event = each.rows[0], each.event
            content = hash((event.type, event.member_id, event.occurred_at, *sorted(event.payload.items())))
            if self._contents.setdefault(event.id, content) == content:
                self.lines.append(line)
                self.times.append(event.occurred_at)
            else:
                self.rejected.append(Rejected(file.name, line, TAKEN_BEFORE))


def cut_by_time(
    pieces: Sequence[Piece], *, received_at: UnixSeconds, scratch: Path, most: int = SLICE
) -> Slices:  # fmt: skip
    """The acts of all pieces in portions of about ``most``; later ones have none that were done earlier.

    What has to be written goes to ``scratch``, with the columns alone that the maps ask for.

    Raises:
        InvalidMap, InvalidEvent: a file is not there as the maps have it; the file is named.
    """
    read = [_read(piece, received_at) for piece in pieces]
    moments = sorted(at for acts in read for at in acts.times)
    if len(moments) <= most:
        return Slices((tuple(pieces),))
    width = max(most, -(-len(moments) // SLICES_MAX))
    bounds = sorted(set(moments[width::width]))
    cut = [
        _write(piece, acts, bounds, into=scratch / f"{number}-{piece.file.name.removesuffix('.gz')}")
        for number, (piece, acts) in enumerate(zip(pieces, read, strict=True))
    ]
    portions = (tuple(those[place] for those in cut if place in those) for place in range(len(bounds) + 1))
    return Slices(
        tuple(portion for portion in portions if portion),
        sum(acts.left_out for acts in read),
        tuple(each for acts in read for each in acts.rejected),
    )


def _read(piece: Piece, received_at: UnixSeconds) -> _Acts:
    acts = _Acts()
    with naming(piece.file):
        sorter = SingleRows(piece.event_map, file_id=file_identity(piece.file), received_at=received_at)
        with open_text(piece.file, newline="") as stream:
            header, rows = read_header(stream)
            check_columns(piece.event_map, header)
            while some := list(islice(rows, _CHUNK)):
                found = sorter.sort(some)
                acts.add(found.offered, piece.file)
                acts.left_out += found.left_out
                acts.rejected += [Rejected(piece.file.name, line, reason) for line, reason, _ in found.rejected]
    return acts


def _write(piece: Piece, acts: _Acts, bounds: Sequence[int], *, into: Path) -> dict[int, Piece]:
    """The piece's acts by the slice that they are in, each in a file of its own."""
    columns = sorted(set(piece.event_map.columns.values()))
    made: dict[int, tuple[Piece, Any]] = {}
    with ExitStack() as files:
        for row, at in _acts_of(piece, acts):
            place = bisect_right(bounds, at)
            if place not in made:
                file = into.with_name(f"{place}-{into.name}")
                made[place] = Piece(file, piece.event_map), csv.writer(files.enter_context(_create(file)))
                made[place][1].writerow(columns)
            made[place][1].writerow([row.cells[column] for column in columns])
    return {place: piece for place, (piece, _) in made.items()}


def _acts_of(piece: Piece, acts: _Acts) -> Iterator[tuple[Row, int]]:
    with open_text(piece.file, newline="") as stream:
        _, rows = read_header(stream)
        wanted = iter(zip(acts.lines, acts.times, strict=True))
        line, at = next(wanted, (0, 0))
        for row in rows:
            if row.line == line and isinstance(row, Row):
                yield row, at
                line, at = next(wanted, (0, 0))


def _create(file: Path) -> TextIO:
    return file.open("w", encoding="utf-8", errors="surrogateescape", newline="")
