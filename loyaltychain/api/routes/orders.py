"""Orders as a whole, by the shop's own id: told anew, returned in part, cancelled, reopened.

Each of these is an event in the log, decided by the worker like every other. What it would refuse as things stand is
refused at once, and leaves nothing behind.
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from loyaltychain.api import order_answers, order_steps
from loyaltychain.api.context import Context
from loyaltychain.api.dry_run import Dry, DryNow, decide_now, write_or_try
from loyaltychain.api.instants import parse_instant
from loyaltychain.api.intake import take
from loyaltychain.api.order_views import show_order, show_told
from loyaltychain.api.parts import Here, IdempotencyKey, PathId
from loyaltychain.api.payloads import check_payload
from loyaltychain.api.requests import Cancellation, Name, NewReturn, PutOrder, Reopening
from loyaltychain.api.waiting import Prefer, seconds_to_wait, wait_for
from loyaltychain.api.writes import Reply, check_source
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, reading
from loyaltychain.events.types import Event
from loyaltychain.operations.order_tell import plan_telling, record_telling

router = APIRouter(tags=["orders"])
_ORDER = "/v1/orders/{source}/{order_id:path}"
_TOLD: dict[int | str, dict[str, Any]] = {
    200: {"model": order_answers.OrderTold, "description": "Decided, or nothing to be decided"},
    202: {"model": order_answers.OrderTold, "description": "Taken; the worker will decide on it"},
}
Step = tuple[str, Event | None]  # a status of ``OrderTold``, and the event


@router.put(_ORDER, responses=_TOLD)
async def put_order(
    source: Name,
    order_id: PathId,
    asked: PutOrder,
    http: Request,
    context: Here,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
    dry: Dry = False,
    now: DryNow = None,
) -> Response:
    """Tell of an order as it stands now. First an order event, later an edit; the same: 200."""

    def plan(tx: Tx, at: UnixSeconds) -> Step:
        payload: dict[str, Any] = {
            "currency": asked.currency,
            "lines": [line.model_dump() for line in asked.lines],
        } | ({} if asked.exchange is None else {"exchange": asked.exchange})
        telling = plan_telling(
            tx,
            context.program(),
            source=source,
            order_id=order_id,
            member=asked.member,
            occurred_at=parse_instant(asked.occurred_at),
            payload=payload,
            now=at,
        )
        if telling.is_known or telling.event is None:
            return "unchanged", telling.event
        check_payload(context.program(), telling.event)
        [taken] = take(context, tx, [telling.event], now=at)
        if taken.problem is not None:
            raise taken.problem
        record_telling(tx, order_id, telling)
        return "created" if telling.is_first else "changed", telling.event

    return await _step(context, http, (source, order_id), plan, idempotency_key, prefer, dry=dry, at=now)


@router.get(_ORDER)
def get_order(source: Name, order_id: PathId, context: Here) -> order_answers.Order:
    """An order: its lines, what came back of each, its awards by line and rule, its state."""
    now = context.clock()
    with reading(context.engine) as tx:
        return show_order(tx, source, order_id, now)


@router.post(_ORDER + "/returns", responses=_TOLD)
async def post_return(
    source: Name,
    order_id: PathId,
    asked: NewReturn,
    http: Request,
    context: Here,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
    dry: Dry = False,
    now: DryNow = None,
) -> Response:
    """Take goods of the order back. More than was bought, or too late, is refused with a reason."""

    def plan(tx: Tx, at: UnixSeconds) -> Step:
        return order_steps.take_return(context, tx, (source, order_id), asked, now=at)

    return await _step(context, http, (source, order_id), plan, idempotency_key, prefer, asked.source, dry=dry, at=now)


@router.post(_ORDER + "/cancel", responses=_TOLD)
async def post_cancellation(
    source: Name,
    order_id: PathId,
    asked: Cancellation,
    http: Request,
    context: Here,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
    dry: Dry = False,
    now: DryNow = None,
) -> Response:
    """Cancel what is left of the order: its points go back, and what was paid for it with points comes back."""

    def plan(tx: Tx, at: UnixSeconds) -> Step:
        return order_steps.cancel(context, tx, (source, order_id), asked, now=at)

    return await _step(context, http, (source, order_id), plan, idempotency_key, prefer, asked.source, dry=dry, at=now)


@router.post(_ORDER + "/reopen", responses=_TOLD)
async def post_reopening(
    source: Name,
    order_id: PathId,
    asked: Reopening,
    http: Request,
    context: Here,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
    dry: Dry = False,
    now: DryNow = None,
) -> Response:
    """Give again what a cancellation took back; `not_undone` lists what stays as it is."""

    def plan(tx: Tx, at: UnixSeconds) -> Step:
        return order_steps.reopen(context, tx, (source, order_id), asked, now=at)

    return await _step(context, http, (source, order_id), plan, idempotency_key, prefer, asked.source, dry=dry, at=now)


async def _step(
    context: Context,
    http: Request,
    order: tuple[str, str],
    plan: Callable[[Tx, UnixSeconds], Step],
    key: str | None,
    prefer: str | None,
    event_source: str | None = None,
    *,
    dry: bool,
    at: str | None,
) -> Response:
    """Make a step, or try it, and answer with the order as it stands then."""
    check_source(http, order[0])
    check_source(http, event_source or order[0])
    done: list[Step] = []

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        status, event = plan(tx, now)
        done[:] = [(status, event)]
        if dry and event is not None and status not in ("unchanged", "known"):
            decide_now(context, tx, event, now)
        shown = show_told(tx, status, order, None if event is None else (event.source, event.id), now)
        is_decided = shown.event is None or shown.event.outcome is not None
        return Reply(200 if is_decided else 202, shown)

    response = await run_in_threadpool(lambda: write_or_try(context, http, key, act, dry=dry, at=at))
    seconds = seconds_to_wait(prefer)
    if response.status_code != 202 or seconds is None:
        return response
    told = order_answers.OrderTold.model_validate_json(bytes(response.body))
    assert told.event is not None
    place = told.event.source, told.event.id

    def show() -> order_answers.OrderTold:
        with reading(context.engine) as tx:
            return show_told(tx, told.status, order, place, context.clock())

    return await wait_for(context, response, seconds, place, show)
