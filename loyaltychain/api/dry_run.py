"""Dry runs: a write is made against the real state, its answer given, and all of it rolled back.

Nothing is kept, so no Idempotency-Key is needed. ``now`` asks how it would be at a later instant, if nothing else
happened until then.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import Query, Request, Response

from loyaltychain.api import answers, views
from loyaltychain.api.context import Context
from loyaltychain.api.instants import Instant, parse_instant
from loyaltychain.api.intake import take
from loyaltychain.api.problems import Problem
from loyaltychain.api.writes import Reply, admitted, write
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events.store import read_event
from loyaltychain.events.types import Event
from loyaltychain.operations.preview import try_out
from loyaltychain.reports.awards import awards_changed_by
from loyaltychain.reports.grant_rows import last_grant

HEADER = "Dry-Run"

#: Whether to only try.
Dry = Annotated[bool, Query(description="Answer as if it were done, and do nothing. No Idempotency-Key is needed.")]
#: When to try it.
DryNow = Annotated[Instant | None, Query(alias="now", description="Of a dry run: as it would be at this instant.")]
#: Whether to answer with a body.
Silent = Annotated[bool, Query(description="Answer 204 without a body when it was taken.")]


class _RolledBackError(Exception):
    """Carries the reply out of its transaction, which ends without a trace."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply


def write_or_try(
    context: Context,
    request: Request,
    key: str | None,
    act: Callable[[Tx, UnixSeconds], Reply],
    *,
    dry: bool,
    at: str | None,
) -> Response:
    """As ``write``; a dry run answers the same and leaves nothing behind. Raises what ``write`` does."""
    if dry:
        return try_act(context, request, act, at=at)
    refuse_moment(at)
    return write(context, request, key, act)


def try_act(context: Context, request: Request, act: Callable[[Tx, UnixSeconds], Reply], *, at: str | None) -> Response:
    """The answer to a write that is made and rolled back."""
    now = _moment(context, at)
    try:
        with context.writing() as tx:
            raise _RolledBackError(act(tx, now))
    except _RolledBackError as done:
        reply = done.reply
    if reply.problem is not None:
        return reply.problem.response(admitted(request).request_id)
    assert reply.body is not None
    return Response(reply.body.model_dump_json(), reply.status, {HEADER: "true"}, "application/json")


def try_event(context: Context, request: Request, event: Event, at: str | None) -> Response:
    """What would become of an event: it is taken, decided on and shown, and nothing of it stays."""

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        return try_taken(context, tx, event, now)

    return try_act(context, request, act, at=at)


def try_taken(context: Context, tx: Tx, event: Event, now: UnixSeconds) -> Reply:
    """The reply to an event that is taken and decided on in this transaction; the caller rolls it back."""
    [taken] = take(context, tx, [event], now=now)
    if taken.problem is not None:
        return Reply(taken.problem.status, problem=taken.problem)
    last = last_grant(tx)
    if not taken.is_known:
        decide_now(context, tx, event, now)
    shown = views.show_event(tx, event.source, event.id)
    if not taken.is_known and shown.position is not None:
        changed = awards_changed_by(tx, shown.position, event.cause, after=last)
        shown = shown.model_copy(update={"changed": [views.show_award(each) for each in changed]})
    return Reply(200, answers.TakenEvent(status="known" if taken.is_known else "accepted", event=shown))


def decide_now(context: Context, tx: Tx, event: Event, now: UnixSeconds) -> None:
    """Decide on an event that was captured in this transaction, as the worker would."""
    found = read_event(tx, event.source, event.id)
    assert found is not None, event.cause
    try_out(tx, context.program(), found, now=now, bounds=context.bounds())


def refuse_moment(at: str | None) -> None:
    """Raise a Problem when a write that is no dry run asks for another moment."""
    if at is not None:
        raise _not_now("now is for dry runs only: add dry=true, or leave it out.")


def no_body(response: Response) -> Response:
    """The same success without its body."""
    kept = {name: value for name, value in response.headers.items() if name not in ("content-length", "content-type")}
    return Response(None, 204, kept)


def _moment(context: Context, at: str | None) -> UnixSeconds:
    now = context.clock()
    if at is None:
        return now
    moment = parse_instant(at)
    if moment < now:
        raise _not_now("A dry run looks at now (leave it out) or later, never at the past.")
    return moment


def _not_now(message: str) -> Problem:
    return Problem("invalid-request", message, [{"pointer": "parameter:now", "message": message}])
