"""A file becomes events: chunk by chunk, each in one transaction, bad rows set aside.

Stop it anywhere and start it again with the same file: nothing is lost and nothing is taken twice, because an event
is known by its id. The map decides what that id is. With ``id: line`` it is the line's number in a file of exactly
this content, so a file that has grown is another file: give such sources an id of their own.

With ``lines``, all rows of one id are one event and may be scattered over the file. It is read twice: first for the
last row of each id, then for the rows themselves, and an event is taken when its last row has come. So what is held
in memory is the rows of the orders that are open at the time, and one number for each order of the file.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import transaction
from loyaltychain.events.capture import capture
from loyaltychain.events.files import file_identity, open_text
from loyaltychain.events.gather import GatheredRows, Offered, Rejected, Rows, SingleRows, find_last
from loyaltychain.events.map import EventMap, check_columns
from loyaltychain.events.own_lines import OwnRows, read_own_lines
from loyaltychain.events.rejects import RejectsFile
from loyaltychain.events.rows import BrokenRow, Row, read_header, read_json_lines

Format = Literal["csv", "jsonl"]
_COUNTS = ("read", "taken", "known", "left_out", "rejected", "lines", "repeated")


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of a file's rows.

    ``taken`` and ``known`` count events, the others count rows. Where each row is an event,
    ``read == taken + known + left_out + rejected``. Where rows are lines, ``lines`` are those of taken and known
    events, ``repeated`` are those that said a line again, and ``read == lines + repeated + left_out + rejected`` at
    the end; before it, rows of open orders are read and no more. ``rejects_file`` is where the rejected rows stand;
    None when there are none. ``types`` has how many taken and known events there are of each type.
    """

    read: int = 0
    taken: int = 0
    known: int = 0
    left_out: int = 0
    rejected: int = 0
    lines: int = 0
    repeated: int = 0
    rejects_file: Path | None = None
    types: Mapping[str, int] = field(default_factory=dict, compare=False)

    def plus(self, more: "IngestReport") -> "IngestReport":
        """Both files' rows together; the rejects file is the later one's."""
        sums = {name: getattr(self, name) + getattr(more, name) for name in _COUNTS}
        types = Counter(self.types) + Counter(more.types)
        return IngestReport(**sums, rejects_file=more.rejects_file, types=types)


def ingest_file(
    engine: Engine,
    path: Path,
    *,
    format: Format,  # noqa: A002 - what the caller calls it
    event_map: EventMap | None,
    received_at: UnixSeconds,
    rejects: Path,
    on_progress: Callable[[IngestReport], None] | None = None,
    chunk: int = 1000,
) -> IngestReport:
    """Capture the events of a file and say what became of its rows.

    Args:
        event_map: What the file's columns mean; None for JSON lines of events as the API takes them.
        rejects: Where rows that cannot be taken are written (line, reason, raw); an earlier file is replaced.
        on_progress: Is shown the report so far after each committed chunk.
        chunk: Rows a transaction; it changes nothing but the speed.

    Raises:
        InvalidMap: the map names a column that the file does not have, or a file that needs one has none. Nothing
            was taken.
        InvalidEvent: the file itself cannot be read; what was taken before stays taken.
    """
    assert chunk >= 1, chunk
    if path.exists() and rejects.exists() and path.samefile(rejects):
        raise errors.InvalidEvent("The rejects would overwrite the file itself.", file=str(path))
    sorter = _sorter(path, format, event_map, received_at=received_at)
    report = IngestReport()
    with _rows(path, format, event_map) as rows, RejectsFile(rejects) as rejects_file:
        while some := list(islice(rows, chunk)):
            found = sorter.sort(some)
            counted, refused = _take(engine, found.offered, received_at=received_at, has_lines=_has_lines(event_map))
            rejected = sorted(found.rejected + refused)
            rejects_file.append(rejected)
            counted = replace(counted, read=len(some), left_out=found.left_out, rejected=len(rejected))
            report = report.plus(counted)
            report = replace(report, rejects_file=rejects if report.rejected else None)
            if on_progress is not None:
                on_progress(report)
    if sorter.waiting:
        raise errors.InvalidEvent("The file changed while it was read: run it again.", file=str(path))
    return report


def _has_lines(event_map: EventMap | None) -> bool:
    return event_map is not None and event_map.lines is not None


def _sorter(path: Path, kind: Format, event_map: EventMap | None, *, received_at: UnixSeconds) -> Rows:
    # Reads the file to its end, so that one that is cut short is found before anything is taken.
    file_id = file_identity(path)
    if event_map is None:
        if kind != "jsonl":
            raise errors.InvalidMap(
                "A file of columns needs a map that says what they mean: --map FILE.", file=path.name
            )
        return OwnRows(received_at=received_at)
    if event_map.lines is None:
        return SingleRows(event_map, file_id=file_id, received_at=received_at)
    with _rows(path, kind, event_map) as rows:
        return GatheredRows(event_map, last=find_last(event_map, rows), received_at=received_at)


@contextmanager
def _rows(path: Path, kind: Format, event_map: EventMap | None) -> Iterator[Iterator[Row | BrokenRow]]:
    if kind == "jsonl":
        with open_text(path, newline="\n") as stream:
            yield read_json_lines(stream) if event_map is not None else read_own_lines(stream)
    else:
        with open_text(path, newline="") as stream:
            assert event_map is not None, kind
            header, rows = read_header(stream)
            check_columns(event_map, header)
            yield rows


def _take(
    engine: Engine, offered: list[Offered], *, received_at: UnixSeconds, has_lines: bool
) -> tuple[IngestReport, list[Rejected]]:
    """Capture these events: how many there were and of how many lines, and the rows of those that were refused."""
    if not offered:
        return IngestReport(), []
    with transaction(engine) as tx:
        captured = capture(tx, [each.event for each in offered], received_at=received_at)
    reasons = {refusal.index: refusal.message for refusal in captured.refused}
    for conflict in captured.conflicts:
        reason = errors.IdempotencyConflict(
            "This event's id was taken before with other content.", id=conflict.event.id
        )
        reasons[conflict.index] = str(reason)
    rejected = [(line, reason, raw) for index, reason in reasons.items() for line, raw in offered[index].rows]
    stay = [each for index, each in enumerate(offered) if index not in reasons]
    types = Counter(each.event.type for each in stay)
    counted = IngestReport(taken=captured.taken, known=captured.known, types=types)
    if has_lines:
        repeated = sum(each.repeated for each in stay)
        counted = replace(counted, lines=sum(len(each.rows) for each in stay) - repeated, repeated=repeated)
    return counted, rejected
