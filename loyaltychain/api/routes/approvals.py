"""What waits for somebody's word: adjustments above the limit, for a second person; pending awards, for anybody."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from loyaltychain.api import people_answers as answers
from loyaltychain.api.instants import format_optional
from loyaltychain.api.keys import namesakes
from loyaltychain.api.paging import Paged
from loyaltychain.api.parts import Here, IdempotencyKey, PathId
from loyaltychain.api.people_requests import Verdict
from loyaltychain.api.writes import Reply, admitted, caller, check_manages, write
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx, reading
from loyaltychain.operations import approvals

router = APIRouter(tags=["managing"])
State = Annotated[
    Literal["pending", "approved", "rejected", "lapsed"] | None, Query(description="In this state; all unless given.")
]
_APPROVAL = "/v1/approvals/{approval_id:path}"


@router.get("/v1/approvals")
def get_approvals(context: Here, page: Paged, state: State = None) -> answers.Approvals:
    """Adjustments that wait for a second person, or waited for one."""
    now = context.clock()
    with reading(context.engine) as tx:
        begin = page.begin(tx, str)
        after = None if begin is None else str(begin[0])
        found = approvals.list_approvals(tx, now=now, state=state, after=after, limit=page.wanted)
        shown = page.end(tx, found, lambda each: (each.id,))
    return answers.Approvals(
        approvals=[show_approval(each) for each in shown.rows],
        has_more=shown.has_more,
        next_cursor=shown.next_cursor,
    )


@router.post(_APPROVAL + "/approve", responses={200: {"model": answers.Approval}})
def post_approve(
    approval_id: PathId, asked: Verdict, http: Request, context: Here, idempotency_key: IdempotencyKey = None
) -> Response:
    """Make the adjustment, as it can be made now. Neither the person nor a key of that name may have asked."""
    check_manages(http)

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        done = approvals.approve(
            tx,
            id_=approval_id,
            actor=asked.actor,
            key=key_of(http),
            namesakes=[f"key:{each.id}" for each in namesakes(tx, caller(http))],
            reason=asked.reason,
            now=now,
            bounds=context.bounds(),
            request_id=admitted(http).request_id,
        )
        return Reply(200, show_approval(done))

    return write(context, http, idempotency_key, act)


@router.post(_APPROVAL + "/reject", responses={200: {"model": answers.Approval}})
def post_reject(
    approval_id: PathId, asked: Verdict, http: Request, context: Here, idempotency_key: IdempotencyKey = None
) -> Response:
    """Say no to it, for ever."""
    check_manages(http)

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        done = approvals.reject(
            tx,
            id_=approval_id,
            actor=asked.actor,
            key=key_of(http),
            reason=asked.reason,
            now=now,
            request_id=admitted(http).request_id,
        )
        return Reply(200, show_approval(done))

    return write(context, http, idempotency_key, act)


def key_of(http: Request) -> str:
    """The caller's key, as approvals and the log of actions name it."""
    return f"key:{caller(http).id}"


def show_approval(found: approvals.Approval) -> answers.Approval:
    """It as an answer."""
    return answers.Approval(
        id=found.id,
        member=found.member,
        points=found.points,
        reason=found.reason,
        actor=found.actor,
        key=found.key,
        expires_at=format_optional(found.expires_at),
        may_owe=found.may_owe,
        requested_at=format_instant(found.requested_at),
        until=format_instant(found.until),
        state=found.state,
        decided_by=found.decided_by,
        decided_key=found.decided_key,
        decision_reason=found.decision_reason,
        decided_at=format_optional(found.decided_at),
        entry=found.entry_id,
    )
