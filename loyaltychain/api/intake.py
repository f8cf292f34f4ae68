"""Events out of requests into the database, one or many, and what became of each. Decides nothing about points."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fastapi import Request
from pydantic import ValidationError

from loyaltychain.api.context import Context
from loyaltychain.api.instants import parse_instant
from loyaltychain.api.keys import ApiKey
from loyaltychain.api.payloads import check_payload
from loyaltychain.api.problems import FieldProblem, Problem, problem_of
from loyaltychain.api.requests import NewEvent
from loyaltychain.api.rights import check_may_attest, check_may_judge, check_may_tell
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.words import complaint
from loyaltychain.db.engine import Tx
from loyaltychain.events.capture import capture
from loyaltychain.events.sequence import next_position
from loyaltychain.events.types import Event, encode_event
from loyaltychain.program.types import Program

_FIELDS = 6  # of an event
_instant = lru_cache(4096)(parse_instant)  # what happens is told soon, much of it within one second


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one event: taken now, known before, or not taken because of the problem."""

    is_known: bool = False
    problem: Problem | None = None


_NEW, _KNOWN = Taken(), Taken(is_known=True)


def make_event(context: Context, request: Request, asked: NewEvent) -> Event:
    """The event, wholly checked. Raises a Problem for what the key may not write or a payload that is wrong."""
    key: ApiKey = request.state.admitted.caller
    return event_of(context.program(), key, asked)


def event_of(program: Program, key: ApiKey, asked: NewEvent) -> Event:
    """The same, for whoever has the key."""
    check_may_tell(key, program, asked.source, asked.type)
    check_may_judge(key, program, asked.type, asked.payload)
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
        check_may_attest(key, event.payload)
    except errors.InvalidEvent as error:
        raise problem_of(error) from error
    check_payload(program, event)
    return event


def plain_event(content: Any) -> Event | None:
    """The event that the model ``NewEvent`` makes of this, without the model; None where that may refuse it.

    Asks neither for rights nor for the payload's type, and takes for granted that its numbers are exact.
    """
    if type(content) is not dict or len(content) != _FIELDS:
        return None
    try:
        occurred_at, payload = content["occurred_at"], content["payload"]
        texts = content["source"], content["id"], content["type"], content["member"]
        if type(payload) is not dict or type(occurred_at) is not str or any(type(text) is not str for text in texts):
            return None
        return Event(*texts, _instant(occurred_at), payload)
    except (KeyError, ValueError, errors.InvalidEvent):
        return None


def read_event(program: Program, key: ApiKey, content: Any, *, is_exact: bool) -> Event:
    """The event in a body, wholly checked. Raises a Problem.

    Args:
        is_exact: All its numbers are known to have an exact encoding.
    """
    event = plain_event(content) if is_exact else None
    if event is None:
        try:
            asked = NewEvent.model_validate(content)
        except ValidationError as error:
            raise Problem("invalid-request", "This is no event.", field_problems(error.errors())) from error
        return event_of(program, key, asked)
    check_event(program, key, event)
    return event


def check_event(program: Program, key: ApiKey, event: Event) -> None:
    """Raise a Problem for a source or type that the key may not write, or a payload that its type does not ask for."""
    check_may_tell(key, program, event.source, event.type)
    check_may_judge(key, program, event.type, event.payload)
    try:
        check_may_attest(key, event.payload)
    except errors.InvalidEvent as error:
        raise problem_of(error) from error
    check_payload(program, event)


def read_events(program: Program, key: ApiKey, asked: Sequence[Any], *, is_exact: bool) -> list[Event | Problem]:
    """Each event, or what is wrong with it."""
    found: list[Event | Problem] = []
    for content in asked:
        try:
            found.append(read_event(program, key, content, is_exact=is_exact))
        except Problem as problem:
            found.append(problem)
    return found


def take(context: Context, tx: Tx, events: Sequence[Event], *, now: UnixSeconds) -> list[Taken]:
    """Capture events, and say what became of each, in their order."""
    return take_behind(context, tx, events, now=now)[0]


def take_behind(context: Context, tx: Tx, events: Sequence[Event], *, now: UnixSeconds) -> tuple[list[Taken], int, int]:
    """The same, and where the new ones stand: behind which position, and how many there are."""
    before = next_position(tx) - 1
    captured = capture(tx, events, received_at=now, intake=context.intake)
    if captured.taken == len(events):
        return [_NEW] * len(events), before, captured.taken
    problems = {refusal.index: Problem(refusal.code, refusal.message) for refusal in captured.refused}
    problems |= {
        conflict.index: Problem(
            "idempotency-conflict",
            f"The event {conflict.event.cause} was taken before with other content. A correction is a new event.",
        )
        for conflict in captured.conflicts
    }
    known = set(captured.repeats)
    results = [
        Taken(problem=problems[index]) if index in problems else _KNOWN if index in known else _NEW
        for index in range(len(events))
    ]
    return results, before, captured.taken


def field_problems(found: Sequence[Any]) -> list[FieldProblem]:
    """Pydantic's errors as pointers: into the body, or at a parameter."""
    return [{"pointer": _pointer(each["loc"]), "message": complaint(each)} for each in found]


def _pointer(place: Sequence[int | str]) -> str:
    head, *rest = place or ("",)
    if head in ("query", "path", "header", "cookie"):
        return f"parameter:{rest[0] if rest else ''}"
    parts = rest if head == "body" else list(place)
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
