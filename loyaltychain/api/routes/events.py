"""Events: taken one by one or many at once, and what became of each. Their points are the worker's."""

import re
from typing import Annotated

import anyio
from fastapi import APIRouter, Header, Request, Response
from starlette.concurrency import run_in_threadpool

from loyaltychain.api import answers, store, views
from loyaltychain.api.context import Context
from loyaltychain.api.intake import make_event, parse_events, take
from loyaltychain.api.parts import Here, IdempotencyKey, PathId
from loyaltychain.api.problems import Problem
from loyaltychain.api.requests import Name, NewEvent, NewEvents
from loyaltychain.api.writes import Reply, admitted, write
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, reading
from loyaltychain.events.types import Event

WAIT_MAX = 10  # seconds
_POLL_SECONDS = 0.1
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?([0-9]{1,9})\"?\s*(?:$|[,;])", re.IGNORECASE)

router = APIRouter(tags=["events"])
Prefer = Annotated[
    str | None, Header(description=f"wait=N: wait up to N (at most {WAIT_MAX}) seconds for the outcome (RFC 7240).")
]


@router.post(
    "/v1/events",
    status_code=202,
    responses={
        200: {"model": answers.TakenEvent, "description": "Taken, and its outcome came within the time to wait"},
        202: {"model": answers.TakenEvent, "description": "Taken; the worker will decide on it"},
    },
)
async def post_event(
    asked: NewEvent, request: Request, context: Here, idempotency_key: IdempotencyKey = None, prefer: Prefer = None
) -> Response:
    """Take an event, once for ever: the same one again is `known`, other content under its id a conflict."""

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        [taken] = take(context, tx, [event], now=now)
        if taken.problem is not None:
            return Reply(taken.problem.status, problem=taken.problem)
        shown = views.show_event(tx, event.source, event.id)
        return Reply(202, answers.TakenEvent(status="known" if taken.is_known else "accepted", event=shown))

    event = await run_in_threadpool(make_event, context, request, asked)
    response = await run_in_threadpool(write, context, request, idempotency_key, act)
    found = _WAIT.search(prefer or "")
    if response.status_code != 202 or found is None:
        return response
    return await _wait(context, event, response, min(int(found[1]), WAIT_MAX))


@router.post("/v1/events/batch", responses={200: {"model": answers.BatchTaken}})
def post_events(asked: NewEvents, request: Request, context: Here, idempotency_key: IdempotencyKey = None) -> Response:
    """Take up to 1,000 events in one transaction. Each gets its own result; one that is refused stops no other."""
    parsed = parse_events(context, request, asked.events)
    request_id = admitted(request).request_id

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        taken = iter(take(context, tx, [each for each in parsed if isinstance(each, Event)], now=now))
        results: list[answers.BatchItem] = []
        for index, each in enumerate(parsed):
            fate = next(taken) if isinstance(each, Event) else None
            problem = each if isinstance(each, Problem) else fate.problem if fate else None
            if problem is not None:
                shown = problem.document(request_id)
                results.append(answers.BatchItem(index=index, status="refused", problem=shown))
                continue
            is_known = fate is not None and fate.is_known
            results.append(answers.BatchItem(index=index, status="known" if is_known else "accepted"))
        return Reply(200, answers.BatchTaken(results=results))

    return write(context, request, idempotency_key, act)


@router.get("/v1/events/{source}/{event_id:path}")
def get_event(source: Name, event_id: PathId, context: Here) -> answers.Event:
    """An event with its outcome, its entries, and their receipts where they are sealed."""
    with reading(context.engine) as tx:
        return views.show_event(tx, source, event_id)


async def _wait(context: Context, event: Event, response: Response, seconds: int) -> Response:
    """The same answer with the outcome, if it comes in time; no connection and no thread is held meanwhile."""
    applied = {"Preference-Applied": f"wait={seconds}"}
    with anyio.move_on_after(seconds):
        while not await run_in_threadpool(_is_decided, context, event):
            await anyio.sleep(_POLL_SECONDS)
    shown = await run_in_threadpool(get_event, event.source, event.id, context)
    taken = answers.TakenEvent.model_validate_json(bytes(response.body))
    body = taken.model_copy(update={"event": shown}).model_dump_json()
    kept = {name: value for name, value in response.headers.items() if name == "idempotent-replayed"}
    status = 202 if shown.outcome is None else 200
    return Response(body, status, kept | applied, "application/json")


def _is_decided(context: Context, event: Event) -> bool:
    with reading(context.engine) as tx:
        return store.is_decided(tx, event.source, event.id)
