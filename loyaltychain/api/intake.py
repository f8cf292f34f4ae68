"""Events out of requests into the database, one or many, and what became of each. Decides nothing about points."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import ValidationError

from loyaltychain.api.context import Context
from loyaltychain.api.instants import parse_instant
from loyaltychain.api.payloads import check_payload
from loyaltychain.api.problems import FieldProblem, Problem, problem_of
from loyaltychain.api.requests import NewEvent
from loyaltychain.api.writes import check_source
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.words import complaint
from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.events.capture import capture
from loyaltychain.events.sequence import WRITERS
from loyaltychain.events.store import read_digests
from loyaltychain.events.types import Event, encode_event


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one event: taken now, known before, or not taken because of the problem."""

    is_known: bool = False
    problem: Problem | None = None


def make_event(context: Context, request: Request, asked: NewEvent) -> Event:
    """The event, wholly checked. Raises a Problem for a foreign source or a payload that cannot be taken."""
    check_source(request, asked.source)
    try:
        event = Event(
            source=asked.source,
            id=asked.id,
            type=asked.type,
            member_id=asked.member,
            occurred_at=parse_instant(asked.occurred_at),
            payload=asked.payload,
        )
        encode_event(event)
    except errors.InvalidEvent as error:
        raise problem_of(error) from error
    check_payload(context.program(), event)
    return event


def parse_events(context: Context, request: Request, asked: Sequence[dict[str, Any]]) -> list[Event | Problem]:
    """Each event, or what is wrong with it."""
    found: list[Event | Problem] = []
    for content in asked:
        try:
            found.append(make_event(context, request, NewEvent.model_validate(content)))
        except ValidationError as error:
            found.append(Problem("invalid-request", "This is no event.", field_problems(error.errors())))
        except Problem as problem:
            found.append(problem)
    return found


def take(context: Context, tx: Tx, events: Sequence[Event], *, now: UnixSeconds) -> list[Taken]:
    """Capture events, and say what became of each, in their order."""
    lock(tx, WRITERS)
    known = set(read_digests(tx, {(event.source, event.id) for event in events}))
    captured = capture(tx, events, received_at=now, intake=context.intake)
    problems = {refusal.index: Problem(refusal.code, refusal.message) for refusal in captured.refused}
    problems |= {
        conflict.index: Problem(
            "idempotency-conflict",
            f"The event {conflict.event.cause} was taken before with other content. A correction is a new event.",
        )
        for conflict in captured.conflicts
    }
    results: list[Taken] = []
    for index, event in enumerate(events):
        if index in problems:
            results.append(Taken(problem=problems[index]))
            continue
        key = event.source, event.id
        results.append(Taken(is_known=key in known))
        known.add(key)
    return results


def field_problems(found: Sequence[Any]) -> list[FieldProblem]:
    """Pydantic's errors as pointers: into the body, or at a parameter."""
    return [{"pointer": _pointer(each["loc"]), "message": complaint(each)} for each in found]


def _pointer(place: Sequence[int | str]) -> str:
    head, *rest = place or ("",)
    if head in ("query", "path", "header", "cookie"):
        return f"parameter:{rest[0] if rest else ''}"
    parts = rest if head == "body" else list(place)
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
