"""What members are to be told before points run out: apps fetch it, send it their way, and say that they did."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from loyaltychain.api.instants import format_optional
from loyaltychain.api.paging import Paged
from loyaltychain.api.parts import Here, IdempotencyKey, PathId
from loyaltychain.api.requests import Body
from loyaltychain.api.writes import Reply, check_manages, write
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx, reading
from loyaltychain.operations import notices
from loyaltychain.operations.notice_store import NoticeState

router = APIRouter(tags=["notices"])
State = Annotated[
    NoticeState,
    Query(description="due: to be sent; sent; void: the points were spent, or the member is active again"),
]


class Notice(BaseModel):
    """``points`` are those that are left now; ``at`` is when they are gone: of an inactive member whom nobody has told
    yet, if she were told now; without a value once she is active again."""

    id: str
    kind: Literal["points.expiring"]
    because: Literal["age", "inactivity"]
    member: str
    member_number: int
    points: int
    at: str | None
    state: NoticeState
    created_at: str
    sent_at: str | None


class Notices(BaseModel):
    """A page of notices, oldest first."""

    notices: list[Notice]
    has_more: bool
    next_cursor: str | None


class Sent(Body):
    """Nothing more is to be said."""


@router.get("/v1/notices")
def get_notices(http: Request, context: Here, page: Paged, state: State = "due") -> Notices:
    """Notices in one state. A notice leaves the list of due ones by itself when its points are spent."""
    check_manages(http)
    with reading(context.engine) as tx:
        begin = page.begin(tx, int, str)
        after = None if begin is None else (int(begin[0]), str(begin[1]))
        found = notices.list_notices(tx, state, now=context.clock(), after=after, limit=page.wanted)
        shown = page.end(tx, found, lambda each: each.key)
    return Notices(notices=[_show(each) for each in shown.rows], has_more=shown.has_more, next_cursor=shown.next_cursor)


@router.post("/v1/notices/{notice_id:path}/sent", responses={200: {"model": Notice}})
def post_sent(
    notice_id: PathId, asked: Sent, http: Request, context: Here, idempotency_key: IdempotencyKey = None
) -> Response:
    """Confirm that a notice was sent. From then on the end of an inactive member's points is fixed."""
    check_manages(http)

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        return Reply(200, _show(notices.mark_sent(tx, notice_id, now=now)))

    return write(context, http, idempotency_key, act)


def _show(notice: notices.Notice) -> Notice:
    return Notice(
        id=notice.id,
        kind="points.expiring",
        because="age" if notice.because == "age" else "inactivity",
        member=notice.member_id,
        member_number=notice.member,
        points=notice.points,
        at=format_optional(notice.at),
        state=notice.state,
        created_at=format_instant(notice.created_at),
        sent_at=format_optional(notice.sent_at),
    )
