"""Exports: files that the worker writes, asked for, looked after, and served with the SHA-256 of their bytes."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import FileResponse
from pydantic import Field

from loyaltychain.api import report_answers as answers
from loyaltychain.api.instants import format_optional
from loyaltychain.api.paging import Paged
from loyaltychain.api.parts import Here, IdempotencyKey
from loyaltychain.api.problems import Problem
from loyaltychain.api.requests import Body
from loyaltychain.api.routes.approvals import key_of
from loyaltychain.api.writes import Reply, admitted, write
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx, reading
from loyaltychain.reports import jobs

router = APIRouter(tags=["reports"])
JobId = Annotated[str, Path(min_length=1, max_length=64, pattern="^[A-Za-z0-9_-]+$")]
_KINDS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}


class NewExport(Body):
    """What to write, and how. ``parameters`` are those of the kind."""

    kind: Literal["entries", "awards", "grants", "members", "roll-forward", "events", "pseudonymous"]
    format: Literal["csv", "jsonl"] = "csv"
    parameters: dict[str, Any] = Field(default_factory=dict)


@router.post("/v1/exports", status_code=202, responses={202: {"model": answers.Export}})
def post_export(asked: NewExport, http: Request, context: Here, idempotency_key: IdempotencyKey = None) -> Response:
    """Ask for a file. The worker writes it: look at the export until it is done."""

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        job = jobs.create_job(
            tx,
            kind=asked.kind,
            format_=asked.format,
            parameters=asked.parameters,
            actor=key_of(http),
            now=now,
            request_id=admitted(http).request_id,
        )
        return Reply(202, _show(job))

    return write(context, http, idempotency_key, act)


@router.get("/v1/exports")
def get_exports(context: Here, page: Paged) -> answers.Exports:
    """All exports, newest first."""
    with reading(context.engine) as tx:
        begin = page.begin(tx, int, str)
        after = None if begin is None else (int(begin[0]), str(begin[1]))
        shown = page.end(tx, jobs.list_jobs(tx, after=after, limit=page.wanted), lambda job: (job.created_at, job.id))
    exports = [_show(job) for job in shown.rows]
    return answers.Exports(exports=exports, has_more=shown.has_more, next_cursor=shown.next_cursor)


@router.get("/v1/exports/{export_id}")
def get_export(export_id: JobId, context: Here) -> answers.Export:
    """How far an export is."""
    with reading(context.engine) as tx:
        return _show(jobs.read_job(tx, export_id))


@router.get(
    "/v1/exports/{export_id}/file",
    response_class=FileResponse,
    responses={200: {"content": {kind: {} for kind in _KINDS.values()}, "description": "The file"}},
)
def get_file(export_id: JobId, context: Here) -> FileResponse:
    """The file of a finished export; its SHA-256 is the ETag, and stands in the export."""
    with reading(context.engine) as tx:
        job = jobs.read_job(tx, export_id)
    if job.state != "done" or job.file is None:
        raise Problem("conflict", f"This export is {job.state}: there is a file once it is done.")
    headers = {"ETag": f'"{job.sha256}"', "X-Content-Type-Options": "nosniff"}
    return FileResponse(
        jobs.file_of(context.project.home, job), media_type=_KINDS[job.format], headers=headers, filename=job.file
    )


def _show(job: jobs.Job) -> answers.Export:
    is_done = job.state == "done"
    return answers.Export(
        id=job.id,
        kind=job.kind,
        format=job.format,
        parameters=dict(job.parameters),
        state=job.state,
        done=job.done,
        total=job.total,
        created_at=format_instant(job.created_at),
        finished_at=format_optional(job.finished_at),
        file=f"/v1/exports/{job.id}/file" if is_done else None,
        sha256=job.sha256 if is_done else None,
        problem=job.problem,
    )
