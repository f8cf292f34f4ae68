"""The SQL of the pseudonymous export, one function a query. Decides nothing."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import column, func, select, table, tuple_

from loyaltychain.chain.tables import publications
from loyaltychain.db.engine import Tx
from loyaltychain.events.tables import events, member_aliases, members
from loyaltychain.ledger.tables import entries
from loyaltychain.operations.tables import outcomes
from loyaltychain.reports.rows import Found

_AT_ONCE = 5_000  # values in one list
#: Settlement stands above reports; its table is read by name.
_batches = table("batches", column("to_position"), column("state"))


def last_settled(tx: Tx) -> int:
    """The last position of the ledger that a final batch settled; 0 before the first."""
    query = select(func.coalesce(func.max(_batches.c.to_position), 0)).where(_batches.c.state == "final")
    return int(tx.execute(query).scalar_one())


def published_documents(tx: Tx) -> list[str]:
    """The documents of all published programmes."""
    return list(tx.execute(select(publications.c.document).order_by(publications.c.number)).scalars())


def documents_by_digest(tx: Tx) -> dict[str, dict[str, Any]]:
    """The documents of all published programmes, as far as they are known, by their digest."""
    query = select(publications.c.digest, publications.c.document)
    return {row.digest: json.loads(row.document) for row in tx.execute(query) if row.document}


def whole_entries(tx: Tx, *, after: int, upto: int) -> list[Found]:
    """The entries at these positions, in order."""
    query = select(entries).where(entries.c.position > after, entries.c.position <= upto)
    return list(tx.execute(query.order_by(entries.c.position)))


def events_named(tx: Tx, causes: Sequence[str]) -> list[Found]:
    """(position, source, id, type, payload) of those of these causes, ``<source>/<id>``, that are events."""
    named = sorted({tuple(cause.split("/", 1)) for cause in causes if "/" in cause})
    query = select(events.c.position, events.c.source, events.c.id, events.c.type, events.c.payload)
    found: list[Found] = []
    for start in range(0, len(named), _AT_ONCE):
        part = named[start : start + _AT_ONCE]
        found += tx.execute(query.where(tuple_(events.c.source, events.c.id).in_(part)))
    return found


def decided_events(tx: Tx, types: Collection[str], *, after: int, upto: int) -> list[Found]:
    """(position, type, payload, outcome, explanation) of the events at these positions that gave nothing."""
    query = (
        select(events.c.position, events.c.type, events.c.payload, outcomes.c.outcome, outcomes.c.explanation)
        .join(outcomes, outcomes.c.position == events.c.position)
        .where(events.c.position > after, events.c.position <= upto, outcomes.c.outcome != "posted")
        .where(events.c.type.in_(types))
        .order_by(events.c.position)
    )
    return list(tx.execute(query))


def ids_of(tx: Tx, numbers: Sequence[int]) -> dict[int, list[str]]:
    """All ids of these members, those of members that went over into them included."""
    found: dict[int, list[str]] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        part = numbers[start : start + _AT_ONCE]
        for known in (members, member_aliases):
            for id_, number in tx.execute(select(known.c.member_id, known.c.number).where(known.c.number.in_(part))):
                found.setdefault(number, []).append(id_)
    return found


def known_ids(tx: Tx, texts: Sequence[str]) -> set[str]:
    """Those of these texts that are ids of members."""
    found: set[str] = set()
    for start in range(0, len(texts), _AT_ONCE):
        part = texts[start : start + _AT_ONCE]
        for known in (members, member_aliases):
            found |= set(tx.execute(select(known.c.member_id).where(known.c.member_id.in_(part))).scalars())
    return found
