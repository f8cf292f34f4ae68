"""The log of events as a list, and corrections: new events that say what an earlier one should have said."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from loyaltychain.api import answers, event_store, views
from loyaltychain.api.context import Context
from loyaltychain.api.dry_run import Dry, DryNow, decide_now, write_or_try
from loyaltychain.api.instants import parse_instant
from loyaltychain.api.intake import take
from loyaltychain.api.order_steps import refuse_now
from loyaltychain.api.paging import Paged
from loyaltychain.api.parts import Here, IdempotencyKey, PathId
from loyaltychain.api.problems import Problem
from loyaltychain.api.requests import Id, Name, NewCorrection
from loyaltychain.api.store import outcome_at
from loyaltychain.api.waiting import Prefer, seconds_to_wait, wait_for
from loyaltychain.api.writes import Reply, check_source
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, reading
from loyaltychain.events.identity import find_member
from loyaltychain.events.store import read_event
from loyaltychain.events.types import Event
from loyaltychain.operations.own_events import CORRECTED

router = APIRouter(tags=["events"])
_TAKEN: dict[int | str, dict[str, Any]] = {
    200: {"model": answers.TakenEvent, "description": "Taken, and decided on"},
    202: {"model": answers.TakenEvent, "description": "Taken; the worker will decide on it"},
}
Type = Annotated[Name | None, Query(alias="type", description="Of this type.")]
OfMember = Annotated[Id | None, Query(description="Of this member.")]
Outcome = Annotated[
    Literal["posted", "nothing", "refused", "waiting"] | None, Query(description="Of this outcome; waiting: none yet.")
]


@router.get("/v1/events")
def get_events(
    context: Here, page: Paged, type_: Type = None, member: OfMember = None, outcome: Outcome = None
) -> answers.Events:
    """The log, newest first."""
    with reading(context.engine) as tx:
        begin = page.begin(tx, int)
        found = event_store.list_events(
            tx,
            before=None if begin is None else int(begin[0]),
            limit=page.wanted,
            type_=type_,
            member=None if member is None else find_member(tx, member),
            outcome=outcome,
        )
        shown = page.end(tx, found, lambda row: (row.position,))
    events = [views.show_summary(row) for row in shown.rows]
    return answers.Events(events=events, has_more=shown.has_more, next_cursor=shown.next_cursor)


@router.post("/v1/events/{source}/{event_id:path}/corrections", responses=_TAKEN)
async def post_correction(
    source: Name,
    event_id: PathId,
    asked: NewCorrection,
    http: Request,
    context: Here,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
    dry: Dry = False,
    at: DryNow = None,
) -> Response:
    """Say what the event should have said. The difference is posted, by the rules that the event was awarded by."""
    check_source(http, source)
    check_source(http, asked.source)

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        event, is_known = _take(context, tx, (source, event_id), asked, now)
        if dry and not is_known:
            decide_now(context, tx, event, now)
        shown = views.show_event(tx, event.source, event.id)
        taken = answers.TakenEvent(status="known" if is_known else "accepted", event=shown)
        return Reply(202 if shown.outcome is None else 200, taken)

    response = await run_in_threadpool(lambda: write_or_try(context, http, idempotency_key, act, dry=dry, at=at))
    seconds = seconds_to_wait(prefer)
    if response.status_code != 202 or seconds is None:
        return response
    taken = answers.TakenEvent.model_validate_json(bytes(response.body))

    def show() -> answers.TakenEvent:
        with reading(context.engine) as tx:
            return taken.model_copy(update={"event": views.show_event(tx, asked.source, asked.id)})

    return await wait_for(context, response, seconds, (asked.source, asked.id), show)


def _take(context: Context, tx: Tx, of: tuple[str, str], asked: NewCorrection, now: UnixSeconds) -> tuple[Event, bool]:
    """The correction as an event, taken; and whether it was known."""
    corrected = read_event(tx, *of)
    if corrected is None:
        raise Problem("unknown-event", f"No event {of[0]}/{of[1]} was taken.")
    known = read_event(tx, asked.source, asked.id)
    at = now if asked.occurred_at is None else parse_instant(asked.occurred_at)
    if known is not None and asked.occurred_at is None:
        at = known.event.occurred_at
    payload = {
        "corrects": {"source": of[0], "id": of[1]},
        "payload": asked.payload,
        "reason": asked.reason,
        "actor": asked.actor,
    }
    event = Event(asked.source, asked.id, CORRECTED, corrected.event.member_id, at, payload)
    if known is None and outcome_at(tx, corrected.position) is not None:
        refuse_now(context, tx, event, corrected.member, now, otherwise="correction-refused")
    [taken] = take(context, tx, [event], now=now)
    if taken.problem is not None:
        raise taken.problem
    return event, taken.is_known
