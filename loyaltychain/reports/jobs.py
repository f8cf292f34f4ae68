"""Exports as jobs: asked for in one process, written by another, page by page.

A page is on disk before the job's cursor says so, and what lies behind the cursor is cut off before the next page:
killed anywhere, a job goes on where it was, and its file is the same. The file has its name only when it is whole.
"""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from filelock import FileLock, Timeout
from sqlalchemy import Engine, Row, select, update

from loyaltychain.actions.log import record
from loyaltychain.core import canonical, errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.json_text import parse_json
from loyaltychain.db.backup_file import sync_directory
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.reports.lines_text import Format, encode_rows
from loyaltychain.reports.sources import SOURCES, check_parameters
from loyaltychain.reports.tables import jobs

KINDS = tuple(SOURCES)
DIRECTORY = "exports"
PAGE_SIZE = 1_000  # positions or members
_READ_BYTES = 2**20

State = Literal["queued", "running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Job:
    """An export and how far it is: ``done`` of ``total`` positions or members were passed.

    ``file`` is its name in the project's ``exports``, ``sha256`` (0x hex) that of its bytes; both when it is done.
    """

    id: str
    kind: str
    format: Format
    parameters: Mapping[str, Any]
    state: State
    created_at: UnixSeconds
    upto: int
    cursor: int
    written: int
    done: int
    total: int
    file: str | None
    sha256: str | None
    problem: str | None
    finished_at: UnixSeconds | None


def create_job(
    tx: Tx, *, kind: str, format_: str, parameters: Mapping[str, Any], actor: str, now: UnixSeconds,
    reason: str = "export", request_id: str | None = None,
) -> Job:  # fmt: skip
    """Ask for an export of what is there now. Whoever runs jobs writes it.

    Args:
        kind: One of ``KINDS``; ``parameters`` as ``reports/sources.py`` says.
        format_: ``csv`` or ``jsonl``.

    Raises InvalidOperation, or UnknownPeriod.
    """
    if format_ not in ("csv", "jsonl"):
        raise errors.InvalidOperation("An export is written as csv or jsonl.", given=format_[:40])
    check_parameters(tx, kind, parameters)
    pinned = SOURCES[kind].pin(tx)
    upto = SOURCES[kind].end(tx)
    id_ = secrets.token_hex(8)
    row = {
        "id": id_, "kind": kind, "format": format_, "parameters": canonical.encode({**parameters, **pinned}).decode(),
        "state": "queued", "created_at": now, "upto": upto, "cursor": 0, "written": 0, "done": 0, "total": upto,
        "file": None, "sha256": None, "problem": None, "finished_at": None,
    }  # fmt: skip
    tx.execute(jobs.insert(), [row])
    record(
        tx, actor=actor, action="export.request", subject=f"job:{id_}", reason=reason, at=now, request_id=request_id,
        details={"kind": kind},
    )  # fmt: skip
    return read_job(tx, id_)


def write_now(
    tx: Tx, stream: BinaryIO, *, kind: str, at: UnixSeconds, page_size: int = PAGE_SIZE, format_: Format = "jsonl",
    parameters: Mapping[str, Any] | None = None, report: Callable[[int, int | None], None] = lambda _, __: None,
) -> int:  # fmt: skip
    """Write an export without a job. Answers how many rows it has.

    Args:
        report: Is told how far it is, and how far it goes.

    Raises as ``create_job``.
    """
    said = dict(parameters or {})
    check_parameters(tx, kind, said)
    source, cursor, count = SOURCES[kind], 0, 0
    pinned, upto = {**said, **source.pin(tx)}, source.end(tx)
    stream.write(encode_rows(source.fields, [], format_=format_, header=True))
    while cursor < upto:
        cursor, found = source.page(tx, pinned, cursor, upto, page_size, at)
        stream.write(encode_rows(source.fields, found, format_=format_, header=False))
        count += len(found)
        report(cursor, upto)
    return count


def read_job(tx: Tx, id_: str) -> Job:
    """A job as it stands. Raises UnknownJob."""
    row = tx.execute(select(jobs).where(jobs.c.id == id_)).one_or_none()
    if row is None:
        raise errors.UnknownJob("There is no export of this id.", id=id_[:60])
    return _job(row)


def list_jobs(tx: Tx, *, after: tuple[int, str] | None = None, limit: int = 50) -> list[Job]:
    """The newest jobs, newest first; those behind the one of this instant and id."""
    query = select(jobs).order_by(jobs.c.created_at.desc(), jobs.c.id).limit(limit)
    if after is not None:
        at, id_ = after
        query = query.where((jobs.c.created_at < at) | ((jobs.c.created_at == at) & (jobs.c.id > id_)))
    return [_job(row) for row in tx.execute(query)]


def file_of(home: Path, job: Job) -> Path:
    """Where a finished job's file is. Raises UnknownJob while it is not finished, or when somebody took it away."""
    if job.state != "done" or job.file is None or not (home / DIRECTORY / job.file).is_file():
        raise errors.UnknownJob("This export has no file: it is not done, or the file was taken away.", id=job.id)
    return home / DIRECTORY / job.file


def run_jobs(
    engine: Engine, home: Path, *, now: UnixSeconds, pages: int | None = None, page_size: int = PAGE_SIZE
) -> int:
    """Write what was asked for, the oldest first, until nothing waits or ``pages`` are written. Answers how many jobs
    are done now. Nothing happens while another process is at it.

    Raises DatabaseBusy, DatabaseUnavailable; the job goes on the next time.
    """
    finished = 0
    left = pages
    with _alone(home / DIRECTORY) as is_alone:
        while is_alone and (left is None or left > 0) and (job := _next(engine)) is not None:
            try:
                ended = _step(engine, home / DIRECTORY, job, now, page_size)
            except (errors.RequestError, errors.InvariantError, OSError) as problem:
                _change(engine, job, state="failed", problem=str(problem), finished_at=now)
                continue
            finished += ended
            left = None if left is None else left - 1
    return finished


def _step(engine: Engine, directory: Path, job: Job, now: UnixSeconds, page_size: int) -> bool:
    """One page, or the end: whether the job is done."""
    part = directory / f".{job.id}.part"
    name = f"{job.kind}-{job.id}.{job.format}"
    if job.state == "running" and job.cursor >= job.upto:
        if part.exists():
            part.rename(directory / name)
            sync_directory(directory)
        sha256 = _digest(directory / name)
        _change(engine, job, state="done", file=name, sha256=sha256, finished_at=now)
        return True
    source = SOURCES[job.kind]
    with reading(engine) as tx:
        cursor, found = source.page(tx, job.parameters, job.cursor, job.upto, page_size, job.created_at)
    content = encode_rows(source.fields, found, format_=job.format, header=job.written == 0)
    cursor = job.upto if cursor >= job.parameters.get("to_position", job.upto) else cursor
    _append(part, job.written, content)
    _change(engine, job, state="running", cursor=cursor, written=job.written + len(content), done=cursor)
    return False


def _append(part: Path, start: int, content: bytes) -> None:
    """Write ``content`` at ``start``; what stood behind it was of a page that nobody remembers."""
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as stream:
        stream.truncate(start)
        stream.seek(start)
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_READ_BYTES):
            digest.update(block)
    return to_hex(digest.digest())


def _next(engine: Engine) -> Job | None:
    """The job that is at work, else the oldest that waits."""
    query = select(jobs).where(jobs.c.state.in_(("queued", "running")))
    with reading(engine) as tx:
        row = tx.execute(query.order_by(jobs.c.state.desc(), jobs.c.created_at, jobs.c.id).limit(1)).one_or_none()
    return _job(row) if row else None


def _change(engine: Engine, job: Job, **values: Any) -> None:
    with transaction(engine) as tx:
        tx.execute(update(jobs).where(jobs.c.id == job.id).values(**values))


@contextmanager
def _alone(directory: Path) -> Iterator[bool]:
    """Whether nobody else writes into this directory meanwhile."""
    directory.mkdir(mode=0o700, exist_ok=True)
    lock = FileLock(directory / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _job(row: Row[*tuple[Any, ...]]) -> Job:
    job = Job(**row._asdict())
    return replace(job, parameters=cast(dict[str, Any], parse_json(row.parameters)))
