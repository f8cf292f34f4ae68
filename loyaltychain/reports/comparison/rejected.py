"""Rows of a comparison's files that could not be taken: named by file and line. Reads rejects files."""

import csv
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loyaltychain.core import errors


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is no act, by the line on which it begins, and why."""

    file: str
    line: int
    reason: str


def read_rejected(rejects: Path, *, of: Path) -> list[Rejected]:
    """The rows that an ingest of the file ``of`` set aside."""
    with rejects.open(encoding="utf-8", newline="") as stream:
        return [Rejected(of.name, int(row["line"]), row["reason"]) for row in csv.DictReader(stream)]


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """What is wrong with a file is said with its name: a comparison reads several."""
    try:
        yield
    except (errors.InvalidMap, errors.InvalidEvent) as problem:
        if "file" in problem.context:
            raise
        raise type(problem)(problem.message, file=file.name, **problem.context) from problem


@contextmanager
def readable(file: Path) -> Iterator[None]:
    """A file that is cut short, or packed by something else, is said to be so. Raises InvalidEvent."""
    try:
        yield
    except (OSError, EOFError, zlib.error) as problem:
        raise errors.InvalidEvent("The file cannot be read.", file=file.name, reason=str(problem)) from problem
