"""How a write is made: once for each Idempotency-Key, with the answer stored in the transaction of its effect.

Only successes are stored. A refusal leaves nothing behind, so that a retry after it is judged anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel
from sqlalchemy import Row, delete, insert, select, tuple_

from loyaltychain.api.context import Context
from loyaltychain.api.gate import Admitted
from loyaltychain.api.keys import ApiKey
from loyaltychain.api.problems import Problem
from loyaltychain.api.tables import idempotency_records as records
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, transaction
from loyaltychain.db.lock import lock

KEPT_SECONDS = 24 * 3600
REPLAYED = "Idempotent-Replayed"
_KEY_MAX = 255
_PURGE_MAX = 100  # records a write removes at most


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
    key = caller(request)
    if source not in key.sources:
        allowed = ", ".join(key.sources)
        raise Problem("forbidden", f"The key {key.name!r} may not write the source {source!r}, only: {allowed}.")


def check_manages(request: Request) -> None:
    """Raise a Problem unless the caller's key may set rewards and adjust points."""
    key = caller(request)
    if not key.manages:
        raise Problem("forbidden", f"The key {key.name!r} may not do this: make one with `--manages`.")


def check_key(text: str | None) -> str:
    """The Idempotency-Key. Raises a Problem when there is none that can be used."""
    if text is None or not 1 <= len(text) <= _KEY_MAX or not (text.isascii() and text.isprintable()):
        raise Problem(
            "idempotency-key-missing",
            f"Send an `Idempotency-Key` of 1 to {_KEY_MAX} printable ASCII characters: a fresh random one for each "
            "thing to be done, the same one again when it is retried.",
        )
    return text


def write(context: Context, request: Request, key: str | None, act: Callable[[Tx, UnixSeconds], Reply]) -> Response:
    """The answer to a write. ``act`` runs in one transaction with the record of its answer; it may raise.

    Raises Problem and LoyaltyError: nothing was written then.
    """
    name = check_key(key)
    found = admitted(request)
    assert found.caller is not None and found.fingerprint is not None
    place = {"key_id": found.caller.id, "route": f"{request.method} {request.scope['path']}", "key": name}
    with transaction(context.engine) as tx:
        _lock(tx, place)
        known = tx.execute(select(records).filter_by(**place)).one_or_none()
        if known is not None:
            return _replay(known, found)
        now = context.clock()
        reply = act(tx, now)
        if reply.problem is not None:
            return reply.problem.response(found.request_id)
        assert reply.body is not None
        body = reply.body.model_dump_json()
        _purge(tx, now)
        row = place | {"fingerprint": found.fingerprint, "status": reply.status, "body": body, "created_at": now}
        tx.execute(insert(records), [row])
    return Response(body, reply.status, media_type="application/json")


def _lock(tx: Tx, place: dict[str, str]) -> None:
    try:
        lock(tx, "api/" + "\n".join(place.values()))
    except errors.DatabaseBusy as error:
        raise Problem(
            "idempotency-key-in-use",
            "The first request with this key has not ended yet. Send the same one again in a moment.",
            headers={"Retry-After": "1"},
        ) from error


def _replay(known: Row[*tuple[Any, ...]], found: Admitted) -> Response:
    if known.fingerprint != found.fingerprint:
        raise Problem(
            "idempotency-key-reused",
            "This Idempotency-Key was used here for another body. Send a fresh one for something else.",
        )
    return Response(known.body, known.status, {REPLAYED: "true"}, "application/json")


def _purge(tx: Tx, now: UnixSeconds) -> None:
    """Remove some answers that are older than the time for which they are promised."""
    names = records.c.key_id, records.c.route, records.c.key
    # Rows that another write is just removing are skipped, not waited for.
    old = (
        select(*names)
        .where(records.c.created_at < now - KEPT_SECONDS)
        .order_by(records.c.created_at)
        .limit(_PURGE_MAX)
        .with_for_update(skip_locked=True)
    )
    if found := tx.execute(old).all():
        tx.execute(delete(records).where(tuple_(*names).in_([tuple(row) for row in found])))
