"""The files of a comparison as pieces to take in: in order, or shuffled, twice and late. Reads and writes CSV."""

import csv
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from loyaltychain.core import errors
from loyaltychain.events.files import open_text
from loyaltychain.events.map import EventMap
from loyaltychain.reports.comparison.plan import Comparison

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
    raise errors.InvalidSettings(f"{folder} has no file {name} or {name}.gz.")


def deal(comparison: Comparison, folder: Path, disorder: Disorder, *, scratch: Path) -> list[Piece]:
    """The pieces in the order in which they come; what has to be written for them is written to ``scratch``.

    Raises InvalidSettings for a file that is not there, InvalidMap for one without a header.
    """
    files = {name: find_file(folder, name) for name in comparison.acts}
    if disorder.is_none:
        return [Piece(files[name], event_map) for name, maps in comparison.acts.items() for event_map in maps]
    chance = random.Random(disorder.seed)  # noqa: S311 - a shuffle that can be repeated, no secret
    dealt = [
        Piece(piece, event_map)
        for name, maps in comparison.acts.items()
        for event_map in maps
        for piece in _cut(files[name], disorder, chance, into=scratch / f"{event_map.source}-{name}")
    ]
    if disorder.seed is not None:
        chance.shuffle(dealt)
    return dealt


def _cut(file: Path, disorder: Disorder, chance: random.Random, *, into: Path) -> Iterator[Path]:
    header, rows = _read(file)
    if disorder.twice:
        rows = rows + rows
    if disorder.seed is not None:
        chance.shuffle(rows)
    pieces = PIECES if disorder.late else 1
    for number in range(pieces):
        piece = into.with_name(f"{number}-{into.name.removesuffix('.gz')}")
        _write(piece, header, rows[number::pieces])
        yield piece


def _read(file: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with open_text(file, newline="") as stream:
            header, *rows = csv.reader(stream, strict=True)
    except (ValueError, csv.Error) as problem:
        raise errors.InvalidMap("The file is not CSV with a header.", file=str(file)) from problem
    return header, rows


def _write(file: Path, header: list[str], rows: Iterable[list[str]]) -> None:
    with file.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
