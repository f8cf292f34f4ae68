"""The answers given under an Idempotency-Key: found, kept with their effect, replayed, and removed in time."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, delete, select, tuple_
from starlette.responses import Response

from loyaltychain.api.problems import Problem
from loyaltychain.api.tables import idempotency_records as records
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import any_of, as_list, fetch, insert_rows
from loyaltychain.db.engine import Tx

KEPT_SECONDS = 24 * 3600
REPLAYED = "Idempotent-Replayed"
KEY_MAX = 255
_PURGE_MAX = 100  # records a write removes at most
_NAMES = records.c.key_id, records.c.route, records.c.key


class Place(NamedTuple):
    """What a call is known by: the API key's id, method and path, and the caller's Idempotency-Key."""

    key_id: str
    route: str
    key: str


class Found(NamedTuple):
    """An answer that was kept."""

    fingerprint: str
    status: int
    body: str


class Record(NamedTuple):
    """An answer to keep."""

    place: Place
    fingerprint: str
    status: int
    body: str


def check_key(text: str | None) -> str:
    """The Idempotency-Key. Raises a Problem when there is none that can be used."""
    if text is None or not 1 <= len(text) <= KEY_MAX or not (text.isascii() and text.isprintable()):
        raise Problem(
            "idempotency-key-missing",
            f"Send an `Idempotency-Key` of 1 to {KEY_MAX} printable ASCII characters: a fresh random one for each "
            "thing to be done, the same one again when it is retried.",
        )
    return text


def find(tx: Tx, places: Sequence[Place]) -> dict[Place, Found]:
    """The answers that were kept for these calls."""
    key_ids, routes, keys = (as_list({place[part] for place in places}) for part in range(3))
    rows = fetch(tx, _finding(tx.dialect.name), key_ids=key_ids, routes=routes, keys=keys)
    return {Place(*row[:3]): Found(*row[3:]) for row in rows}


@cache
def _finding(dialect: str) -> Select[Any]:
    named = zip(_NAMES, ("key_ids", "routes", "keys"), strict=True)
    return select(*_NAMES, records.c.fingerprint, records.c.status, records.c.body).where(
        *(any_of(dialect, column, name) for column, name in named)
    )


def keep(tx: Tx, kept: Iterable[Record], now: UnixSeconds, *, purge: bool) -> None:
    """Keep these answers, and remove some that are older than the time for which they are promised."""
    if purge:
        _purge(tx, now)
    insert_rows(tx, records, [(*each.place, each.fingerprint, each.status, each.body, now) for each in kept])


def replay(known: Found, fingerprint: str) -> Response:
    """The answer of the first time. Raises a Problem when it was for another body."""
    return replay_text(known.status, known.body, known.fingerprint, fingerprint)


def replay_text(status: int, body: str, kept_for: str, fingerprint: str) -> Response:
    """The same, of an answer that was given just now."""
    if kept_for != fingerprint:
        raise Problem(
            "idempotency-key-reused",
            "This Idempotency-Key was used here for another body. Send a fresh one for something else.",
        )
    return Response(body, status, {REPLAYED: "true"}, "application/json")


def _purge(tx: Tx, now: UnixSeconds) -> None:
    # Rows that another write is just removing are skipped, not waited for.
    old = (
        select(*_NAMES)
        .where(records.c.created_at < now - KEPT_SECONDS)
        .order_by(records.c.created_at)
        .limit(_PURGE_MAX)
        .with_for_update(skip_locked=True)
    )
    if found := tx.execute(old).all():
        tx.execute(delete(records).where(tuple_(*_NAMES).in_([tuple(row) for row in found])))
