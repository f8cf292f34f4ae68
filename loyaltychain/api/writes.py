"""How a write is made: once for each Idempotency-Key, with the answer stored in the transaction of its effect.

Only successes are stored. A refusal leaves nothing behind, so that a retry after it is judged anew. Events go another
way, many requests in one transaction: ``group.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request, Response
from pydantic import BaseModel

from loyaltychain.api import records
from loyaltychain.api.context import Context
from loyaltychain.api.gate import Admitted
from loyaltychain.api.keys import ApiKey
from loyaltychain.api.problems import Problem
from loyaltychain.api.records import check_key
from loyaltychain.api.rights import check_may_write
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock


@dataclass(frozen=True, slots=True)
class Reply:
    """What a write answers: a success with its body, or a refusal that still leaves a trace in the database."""

    status: int
    body: BaseModel | None = None
    problem: Problem | None = None


def admitted(request: Request) -> Admitted:
    """What the gate found out about this request."""
    found: Admitted = request.state.admitted
    return found


def caller(request: Request) -> ApiKey:
    """Who asks."""
    found = admitted(request).caller
    assert found is not None, "a route that needs a key lies outside of the gate"
    return found


def check_source(request: Request, source: str) -> None:
    """Raise a Problem unless the caller's key may write this source."""
    check_may_write(caller(request), source)


def check_manages(request: Request) -> None:
    """Raise a Problem unless the caller's key may set rewards and adjust points."""
    key = caller(request)
    if not key.manages:
        raise Problem("forbidden", f"The key {key.name!r} may not do this: make one with `--manages`.")


def place_of(request: Request, key: str | None) -> records.Place:
    """What this call is known by. Raises a Problem for an Idempotency-Key that cannot be used."""
    return records.Place(caller(request).id, f"{request.method} {request.scope['path']}", check_key(key))


def write(context: Context, request: Request, key: str | None, act: Callable[[Tx, UnixSeconds], Reply]) -> Response:
    """The answer to a write. ``act`` runs in one transaction with the record of its answer; it may raise.

    Raises Problem and LoyaltyError: nothing was written then.
    """
    place = place_of(request, key)
    found = admitted(request)
    assert found.fingerprint is not None
    fingerprint = found.fingerprint

    def once(tx: Tx) -> Response:
        _lock(tx, place)
        known = records.find(tx, [place]).get(place)
        if known is not None:
            return records.replay(known, fingerprint)
        now = context.clock()
        reply = act(tx, now)
        if reply.problem is not None:
            return reply.problem.response(found.request_id)
        assert reply.body is not None
        body = reply.body.model_dump_json()
        records.keep(tx, [records.Record(place, fingerprint, reply.status, body)], now, purge=context.may_purge(now))
        return Response(body, reply.status, media_type="application/json")

    return context.write_again(once)  # the record of its answer says whether a lost commit was done


def _lock(tx: Tx, place: records.Place) -> None:
    try:
        lock(tx, "api/" + "\n".join(place))
    except errors.DatabaseBusy as error:
        raise Problem(
            "idempotency-key-in-use",
            "The first request with this key has not ended yet. Send the same one again in a moment.",
            headers={"Retry-After": "1"},
        ) from error
