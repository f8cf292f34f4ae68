"""A file becomes events: chunk by chunk, each in one transaction, bad rows set aside.

Stop it anywhere and start it again with the same file: nothing is lost and nothing is taken twice, because an event
is known by its id. The map decides what that id is. With ``id: line`` it is the line's number in a file of exactly
this content, so a file that has grown is another file: give such sources an id of their own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import transaction
from loyaltychain.events.capture import capture
from loyaltychain.events.files import file_identity, open_text
from loyaltychain.events.map import EventMap, check_columns
from loyaltychain.events.rejects import RejectsFile
from loyaltychain.events.rows import BrokenRow, Row, read_header, read_json_lines
from loyaltychain.events.shape import is_left_out, make_event
from loyaltychain.events.types import Captured, Event

Format = Literal["csv", "jsonl"]
Rejected = tuple[int, str, str]  # line, reason, raw


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of the rows: ``read == taken + known + left_out + rejected``.

    ``rejects_file`` is where the rejected rows stand; None when there are none.
    """

    read: int = 0
    taken: int = 0
    known: int = 0
    left_out: int = 0
    rejected: int = 0
    rejects_file: Path | None = None

    def plus(self, more: "IngestReport") -> "IngestReport":
        """Both files' rows together; the rejects file is the later one's."""
        counts = ("read", "taken", "known", "left_out", "rejected")
        sums = {name: getattr(self, name) + getattr(more, name) for name in counts}
        return IngestReport(**sums, rejects_file=more.rejects_file)


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The rows of a chunk by what can be done with them."""

    offered: list[tuple[Row, Event]]
    rejected: list[Rejected]
    left_out: int


def ingest_file(
    engine: Engine,
    path: Path,
    *,
    format: Format,  # noqa: A002 - what the caller calls it
    event_map: EventMap,
    received_at: UnixSeconds,
    rejects: Path,
    on_progress: Callable[[IngestReport], None] | None = None,
    chunk: int = 1000,
) -> IngestReport:
    """Capture the events of a file and say what became of its rows.

    Args:
        rejects: Where rows that cannot be taken are written (line, reason, raw); an earlier file is replaced.
        on_progress: Is shown the report so far after each committed chunk.
        chunk: Rows a transaction; it changes nothing but the speed.

    Raises:
        InvalidMap: the map names a column that the file does not have. Nothing was taken.
        InvalidEvent: the file itself cannot be read; what was taken before stays taken.
    """
    assert chunk >= 1, chunk
    if path.exists() and rejects.exists() and path.samefile(rejects):
        raise errors.InvalidEvent("The rejects would overwrite the file itself.", file=str(path))
    file_id = file_identity(path)
    report = IngestReport()
    with _rows(path, format, event_map) as rows, RejectsFile(rejects) as rejects_file:
        while some := list(islice(rows, chunk)):
            found = _sort(some, event_map, file_id=file_id, received_at=received_at)
            captured, conflicts = _take(engine, found.offered, received_at=received_at)
            rejected = sorted(found.rejected + conflicts)
            rejects_file.append(rejected)
            report = _add(report, captured, read=len(some), left_out=found.left_out, rejected=len(rejected))
            report = _with_file(report, rejects)
            if on_progress is not None:
                on_progress(report)
    return report


@contextmanager
def _rows(path: Path, kind: Format, event_map: EventMap) -> Iterator[Iterator[Row | BrokenRow]]:
    if kind == "jsonl":
        with open_text(path, newline="\n") as stream:
            yield read_json_lines(stream)
    else:
        with open_text(path, newline="") as stream:
            header, rows = read_header(stream)
            check_columns(event_map, header)
            yield rows


def _sort(rows: list[Row | BrokenRow], event_map: EventMap, *, file_id: str, received_at: UnixSeconds) -> _Sorted:
    offered: list[tuple[Row, Event]] = []
    rejected: list[Rejected] = []
    left_out = 0
    for row in rows:
        if isinstance(row, BrokenRow):
            rejected.append((row.line, row.reason, row.raw))
            continue
        try:
            if is_left_out(event_map, row):
                left_out += 1
            else:
                offered.append((row, make_event(event_map, row, file_id=file_id, received_at=received_at)))
        except errors.InvalidEvent as problem:
            rejected.append((row.line, str(problem), row.raw))
    return _Sorted(offered, rejected, left_out)


def _take(
    engine: Engine, offered: list[tuple[Row, Event]], *, received_at: UnixSeconds
) -> tuple[Captured, list[Rejected]]:
    if not offered:
        return Captured(0, 0, ()), []
    with transaction(engine) as tx:
        captured = capture(tx, [event for _, event in offered], received_at=received_at)
    conflicts: list[Rejected] = []
    for conflict in captured.conflicts:
        row = offered[conflict.index][0]
        reason = errors.IdempotencyConflict(
            "This event's id was taken before with other content.", id=conflict.event.id
        )
        conflicts.append((row.line, str(reason), row.raw))
    return captured, conflicts


def _add(report: IngestReport, captured: Captured, *, read: int, left_out: int, rejected: int) -> IngestReport:
    return IngestReport(
        read=report.read + read,
        taken=report.taken + captured.taken,
        known=report.known + captured.known,
        left_out=report.left_out + left_out,
        rejected=report.rejected + rejected,
    )


def _with_file(report: IngestReport, rejects: Path) -> IngestReport:
    return replace(report, rejects_file=rejects if report.rejected else None)
