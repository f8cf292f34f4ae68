"""Events: taken one by one or many at once, and what became of each. Their points are the worker's.

Both writes are answered twice over: by the route, and without routing (``HOT``) where the body is plain. Both ways lead
through the programme's group.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from loyaltychain.api import answers, records, views
from loyaltychain.api.context import Context
from loyaltychain.api.dry_run import Dry, DryNow, Silent, no_body, refuse_moment, try_event
from loyaltychain.api.gate import Admitted, Hot
from loyaltychain.api.group import Answer, Finish, New, Wish
from loyaltychain.api.intake import Taken, check_event, make_event, plain_event, read_events
from loyaltychain.api.parts import Here, IdempotencyKey, PathId
from loyaltychain.api.problems import Problem
from loyaltychain.api.requests import BATCH_MAX, Name, NewEvent, NewEvents
from loyaltychain.api.waiting import Prefer, seconds_to_wait, wait_for
from loyaltychain.api.writes import admitted, place_of
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx, reading
from loyaltychain.events.types import Event, SequencedEvent

_FEW = 100  # events that are checked without a thread
_ONE, _MANY = "/v1/events", "/v1/events/batch"

router = APIRouter(tags=["events"])


@router.post(
    _ONE,
    status_code=202,
    responses={
        200: {"model": answers.TakenEvent, "description": "Taken, and its outcome came within the time to wait"},
        202: {"model": answers.TakenEvent, "description": "Taken; the worker will decide on it"},
        204: {"description": "Taken, and no body was asked for"},
    },
)
async def post_event(
    asked: NewEvent,
    request: Request,
    context: Here,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
    dry: Dry = False,
    at: DryNow = None,
    silent: Silent = False,
) -> Response:
    """Take an event, once for ever: the same one again is `known`, other content under its id a conflict."""
    event = await run_in_threadpool(make_event, context, request, asked)
    if dry:
        return await run_in_threadpool(try_event, context, request, event, at)
    refuse_moment(at)
    response = await _commit(admitted(request), place_of(request, idempotency_key), [event], _tell_one(event))
    seconds = seconds_to_wait(prefer)
    if response.status_code == 202 and seconds is not None:
        response = await wait_for(
            context, response, seconds, (event.source, event.id), lambda: _show_again(context, event, response)
        )
    return no_body(response) if silent and response.status_code < 300 else response


@router.post(_MANY, responses={200: {"model": answers.BatchTaken}})
async def post_events(
    asked: NewEvents, request: Request, context: Here, idempotency_key: IdempotencyKey = None
) -> Response:
    """Take up to 1,000 events in one transaction. Each gets its own result; one that is refused stops no other."""
    return await _take_many(admitted(request), place_of(request, idempotency_key), asked.events)


@router.get("/v1/events/{source}/{event_id:path}")
def get_event(source: Name, event_id: PathId, context: Here) -> answers.Event:
    """An event with its outcome, its entries, and their receipts where they are sealed."""
    with reading(context.engine) as tx:
        return views.show_event(tx, source, event_id)


async def _hot_event(found: Admitted, headers: Mapping[str, str]) -> Response | None:
    assert found.tenant is not None and found.caller is not None
    event = plain_event(found.body) if found.is_exact else None
    if event is None:
        return None
    check_event(found.tenant.context.program(), found.caller, event)
    return await _commit(found, _place(found, _ONE, headers), [event], _tell_one(event))


async def _hot_events(found: Admitted, headers: Mapping[str, str]) -> Response | None:
    asked = found.body.get("events")
    if len(found.body) != 1 or type(asked) is not list or not 1 <= len(asked) <= BATCH_MAX:
        return None
    if not all(type(each) is dict for each in asked):
        return None
    return await _take_many(found, _place(found, _MANY, headers), asked)


HOT: dict[tuple[str, str], Hot] = {("POST", _ONE): _hot_event, ("POST", _MANY): _hot_events}


def _place(found: Admitted, path: str, headers: Mapping[str, str]) -> records.Place:
    assert found.caller is not None
    return records.Place(found.caller.id, f"POST {path}", records.check_key(headers.get("idempotency-key")))


async def _take_many(found: Admitted, place: records.Place, asked: Sequence[Any]) -> Response:
    assert found.tenant is not None and found.caller is not None
    program = found.tenant.context.program()
    if len(asked) > _FEW:
        parsed = await run_in_threadpool(read_events, program, found.caller, asked, is_exact=found.is_exact)
    else:
        parsed = read_events(program, found.caller, asked, is_exact=found.is_exact)
    events = [each for each in parsed if isinstance(each, Event)]
    return await _commit(found, place, events, _tell_many(parsed, found.request_id))


async def _commit(found: Admitted, place: records.Place, events: Sequence[Event], finish: Finish) -> Response:
    assert found.tenant is not None and found.fingerprint is not None
    wish = Wish(place, found.fingerprint, found.request_id, events, finish, shows=place.route.endswith(_ONE))
    return await found.tenant.group.commit(wish)


def _tell_one(event: Event) -> Finish:
    def tell(tx: Tx, now: UnixSeconds, taken: Sequence[Taken], new: New) -> Answer:
        [fate] = taken
        if fate.problem is not None:
            return Answer(fate.problem.status, problem=fate.problem)
        found = None if fate.is_known else new.get((event.source, event.id))
        shown = views.show_event(tx, event.source, event.id) if found is None else _show_new(found, now)
        status: Any = "known" if fate.is_known else "accepted"
        return Answer(202, answers.TakenEvent(status=status, event=shown).model_dump_json())

    return tell


def _tell_many(parsed: Sequence[Event | Problem], request_id: str) -> Finish:
    def tell(tx: Tx, now: UnixSeconds, taken: Sequence[Taken], new: New) -> Answer:
        if len(taken) == len(parsed) and not any(fate.is_known or fate.problem for fate in taken):
            return Answer(200, _all_accepted(len(parsed)))
        fates = iter(taken)
        results: list[answers.BatchItem] = []
        for index, each in enumerate(parsed):
            fate = next(fates) if isinstance(each, Event) else None
            problem = each if isinstance(each, Problem) else fate.problem if fate else None
            if problem is not None:
                shown = problem.document(request_id)
                results.append(answers.BatchItem(index=index, status="refused", problem=shown))
                continue
            is_known = fate is not None and fate.is_known
            results.append(answers.BatchItem(index=index, status="known" if is_known else "accepted"))
        return Answer(200, answers.BatchTaken(results=results).model_dump_json())

    return tell


@lru_cache(BATCH_MAX)
def _all_accepted(count: int) -> str:
    items = [answers.BatchItem(index=index, status="accepted") for index in range(count)]
    return answers.BatchTaken(results=items).model_dump_json()


def _show_new(found: SequencedEvent, now: UnixSeconds) -> answers.Event:
    """As ``views.show_event`` has it of an event that was taken just now."""
    event = found.event
    return answers.Event(
        source=event.source,
        id=event.id,
        type=event.type,
        member=event.member_id,
        member_number=found.member,
        occurred_at=format_instant(event.occurred_at),
        received_at=format_instant(now),
        position=found.position,
        payload=event.payload,
        outcome=None,
        entries=[],
        receipts=[],
    )


def _show_again(context: Context, event: Event, response: Response) -> answers.TakenEvent:
    """The answer that was given, with the event as it is now."""
    taken = answers.TakenEvent.model_validate_json(bytes(response.body))
    return taken.model_copy(update={"event": get_event(event.source, event.id, context)})
