"""The rows of a CSV or JSON Lines text, each with the line it began on, broken ones as values too.

Knows nothing of maps and events. A quoted field is never cut open: what a broken record has swallowed is rejected
with it, because text inside somebody's quotes must not become rows of its own.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import TextIOBase
from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.json_text import parse_json

LINE_MAX = 1_000_000  # characters; a longer line is no row of anything
RAW_MAX = 10_000  # characters of a broken record that are kept


@dataclass(frozen=True, slots=True)
class Row:
    """One record: its cells by column; None is a value that has parts of its own and is no cell."""

    line: int
    raw: str
    cells: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A record that cannot be read, and why."""

    line: int
    raw: str
    reason: str


@dataclass(slots=True)
class _Tape:
    """Hands out lines, counts them, and remembers those of the record that is being read."""

    stream: TextIOBase
    number: int = 0
    taken: list[str] = field(default_factory=list)

    def __iter__(self) -> "_Tape":
        return self

    def __next__(self) -> str:
        line = self.stream.readline(LINE_MAX)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == LINE_MAX:
            raise errors.InvalidEvent("A line of the file is too long.", line=self.number, most=LINE_MAX)
        self.taken.append(line)
        return line

    def raw(self) -> str:
        return "".join(self.taken)[:RAW_MAX].rstrip("\r\n")


def read_header(stream: TextIOBase) -> tuple[list[str], Iterator[Row | BrokenRow]]:
    """The column names of a CSV text, and an iterator over its records.

    Raises InvalidMap when there is no header to hold against a map.
    """
    tape = _Tape(stream)
    reader = csv.reader(tape, strict=True)
    try:
        header = next(reader)
    except StopIteration:
        raise errors.InvalidMap("The file is empty: it has no header that the map could fit.") from None
    except csv.Error as problem:
        raise errors.InvalidMap("The file's header is not CSV.", reason=str(problem)) from problem
    return header, _read_records(tape, reader, header)


def _read_records(tape: _Tape, reader: Iterator[list[str]], header: list[str]) -> Iterator[Row | BrokenRow]:
    while True:
        tape.taken.clear()
        line = tape.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            _skip_open_quotes(tape)
            reason = f"lines {line} to {tape.number} are not CSV: {problem}"
            yield BrokenRow(line, tape.raw(), reason)
            continue
        if not cells:
            continue
        if not _is_utf8(tape.taken):
            yield BrokenRow(line, tape.raw(), "the row holds bytes that are not UTF-8")
        elif len(cells) != len(header):
            yield BrokenRow(line, tape.raw(), f"the row has {len(cells)} columns, the header has {len(header)}")
        else:
            yield Row(line, tape.raw(), dict(zip(header, cells, strict=True)))


def _skip_open_quotes(tape: _Tape) -> None:
    """Read on until every quote that the broken record opened is closed again."""
    is_open = "".join(tape.taken).count('"') % 2 == 1
    while is_open:
        line = next(tape, None)
        if line is None:
            return
        tape.taken.pop()  # the whole rest of the file may end up here
        is_open = line.count('"') % 2 == 0


def _is_utf8(lines: list[str]) -> bool:
    try:
        for line in lines:
            line.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_json_lines(stream: TextIOBase) -> Iterator[Row | BrokenRow]:
    """The objects of a JSON Lines text. Numbers stay the text that was written; nested values stand as None."""
    tape = _Tape(stream)
    for line in tape:
        tape.taken.clear()
        raw = line[:RAW_MAX].rstrip("\r\n")
        if not line.strip():
            continue
        if not _is_utf8([line]):
            yield BrokenRow(tape.number, raw, "the row holds bytes that are not UTF-8")
            continue
        try:
            content = parse_json(
                line, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_without_repeats
            )
        except (ValueError, RecursionError) as problem:
            yield BrokenRow(tape.number, raw, f"the row is not JSON: {problem}")
            continue
        if isinstance(content, dict):
            yield Row(tape.number, raw, {key: _cell(held) for key, held in content.items()})
        else:
            yield BrokenRow(tape.number, raw, "the row is not a JSON object")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key stands twice")
    return content


def _cell(held: object) -> str | None:
    if held is None:
        return ""
    if isinstance(held, dict | list):
        return None
    return held if isinstance(held, str) else str(held).lower()
