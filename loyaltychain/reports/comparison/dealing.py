"""The files of a comparison as pieces to take in: in order, or shuffled, twice and late. Reads and writes CSV."""

import csv
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from loyaltychain.core import errors
from loyaltychain.events.files import open_text
from loyaltychain.events.map import EventMap, check_columns
from loyaltychain.events.rows import Row, read_header
from loyaltychain.reports.comparison.plan import Comparison
from loyaltychain.reports.comparison.rejected import naming, readable

PIECES = 4  # of each file, when late


@dataclass(frozen=True, slots=True)
class Disorder:
    """How the acts come: with a ``seed`` shuffled, ``twice`` each, and ``late``: the rest when a part is decided on.

    Late, each file is cut into pieces, and the pieces of all files come in any order: votes before the posts that they
    are about, answers before their questions.
    """

    seed: int | None = None
    twice: bool = False
    late: bool = False

    @property
    def is_none(self) -> bool:
        """Whether the acts come as they stand in the files."""
        return self == Disorder()


@dataclass(frozen=True, slots=True)
class Piece:
    """A file to take in by a map."""

    file: Path
    event_map: EventMap


def find_file(folder: Path, name: str) -> Path:
    """The file of this name in a folder, plain or packed. Raises InvalidSettings."""
    for file in (folder / name, folder / f"{name}.gz"):
        if file.is_file():
            return file
    raise errors.InvalidSettings(
        f"{folder} has no file {name} or {name}.gz. Name the folder of a dump that has it, or leave the file out of a "
        "comparison.yaml of your own (--with FILE)."
    )


def deal(comparison: Comparison, folder: Path, disorder: Disorder, *, scratch: Path) -> list[Piece]:
    """The pieces in the order in which they come; what has to be written for them is written to ``scratch``.

    Raises InvalidSettings for a file that is not there, InvalidMap for one that the map does not fit.
    """
    files = {name: find_file(folder, name) for name in comparison.acts}
    if disorder.is_none:
        return [Piece(files[name], event_map) for name, maps in comparison.acts.items() for event_map in maps]
    chance = random.Random(disorder.seed)  # noqa: S311 - a shuffle that can be repeated, no secret
    wholes = [(name, event_map) for name, maps in comparison.acts.items() for event_map in maps]
    dealt = [
        Piece(piece, event_map)
        for number, (name, event_map) in enumerate(wholes)
        for piece in _cut(Piece(files[name], event_map), disorder, chance, into=scratch / f"{number}-{name}")
    ]
    if disorder.seed is not None:
        chance.shuffle(dealt)
    return dealt


def _cut(whole: Piece, disorder: Disorder, chance: random.Random, *, into: Path) -> Iterator[Path]:
    header, rows = _read(whole)
    if disorder.twice:
        rows = rows + rows
    if disorder.seed is not None:
        chance.shuffle(rows)
    pieces = PIECES if disorder.late else 1
    for number in range(pieces):
        piece = into.with_name(f"{number}-{into.name.removesuffix('.gz')}")
        _write(piece, header, rows[number::pieces])
        yield piece


def _read(whole: Piece) -> tuple[list[str], list[list[str]]]:
    """The columns that the map asks for. Rows that cannot be read are no acts in any order, and left out."""
    columns = sorted(set(whole.event_map.columns.values()))
    with naming(whole.file), readable(whole.file), open_text(whole.file, newline="") as stream:
        header, rows = read_header(stream)
        check_columns(whole.event_map, header)
        return columns, [[row.cells[column] or "" for column in columns] for row in rows if isinstance(row, Row)]


def _write(file: Path, header: list[str], rows: Iterable[list[str]]) -> None:
    with file.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
