"""Awards that are pending: which there are, and what is decided about one by hand."""

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from loyaltychain.api import people_answers as answers
from loyaltychain.api.context import Context
from loyaltychain.api.paging import Paged
from loyaltychain.api.parts import Here, IdempotencyKey, PathId
from loyaltychain.api.people_requests import AwardDecision
from loyaltychain.api.requests import Name
from loyaltychain.api.routes.corrections import OfMember
from loyaltychain.api.writes import Reply, check_manages, check_source, write
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx, reading
from loyaltychain.events.identity import find_member
from loyaltychain.events.store import read_member
from loyaltychain.operations import activation

router = APIRouter(tags=["managing"])
_AWARD = "/v1/awards/{source}/{event_id:path}"


@router.get("/v1/awards")
def get_awards(context: Here, page: Paged, member: OfMember = None) -> answers.PendingAwards:
    """Awards that are pending, soonest due first."""
    with reading(context.engine) as tx:
        begin = page.begin(tx, int, str)
        found = activation.list_pending(
            tx,
            member=None if member is None else find_member(tx, member),
            after=None if begin is None else (int(begin[0]), str(begin[1])),
            limit=page.wanted,
        )
        shown = page.end(tx, found, lambda each: each.key)
    return answers.PendingAwards(
        awards=[_show(each) for each in shown.rows], has_more=shown.has_more, next_cursor=shown.next_cursor
    )


@router.post(_AWARD + "/activate", responses={200: {"model": answers.DecidedAward}})
def post_activate(
    source: Name,
    event_id: PathId,
    asked: AwardDecision,
    http: Request,
    context: Here,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Give what is pending of the event's award now."""
    return _decide(context, http, idempotency_key, (source, event_id), asked, activation.activate_pending)


@router.post(_AWARD + "/cancel", responses={200: {"model": answers.DecidedAward}})
def post_cancel(
    source: Name,
    event_id: PathId,
    asked: AwardDecision,
    http: Request,
    context: Here,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Take back what is pending of the event's award. An order's goes back with the order."""
    return _decide(context, http, idempotency_key, (source, event_id), asked, activation.cancel_pending)


def _decide(
    context: Context,
    http: Request,
    key: str | None,
    event: tuple[str, str],
    asked: AwardDecision,
    decide: Callable[..., activation.DecidedAward],
) -> Response:
    check_source(http, event[0])
    check_manages(http)

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        done = decide(
            tx, source=event[0], event_id=event[1], actor=asked.actor, reason=asked.reason, now=now,
            bounds=context.bounds(),
        )  # fmt: skip
        member = read_member(tx, done.member)
        assert member is not None, done.member
        shown = answers.DecidedAward(
            source=event[0],
            event=event[1],
            member=member.member_id,
            decision=done.decision,
            points=done.points,
            entries=list(done.entries),
        )
        return Reply(200, shown)

    return write(context, http, key, act)


def _show(found: activation.PendingAward) -> answers.PendingAward:
    source, _, event = found.award.partition("/")
    return answers.PendingAward(
        source=source,
        event=event,
        rule=found.rule,
        lot=found.lot_id,
        member=found.member_id,
        points=found.points,
        earned_at=format_instant(found.earned_at),
        due_at=format_instant(found.due_at),
        until=found.until,
        reject=found.reject,
        otherwise=found.otherwise,
    )
