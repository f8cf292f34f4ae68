"""The SQL of outcomes. Decides nothing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from loyaltychain.db.bulk import insert_rows
from loyaltychain.db.engine import Tx
from loyaltychain.events.tables import events
from loyaltychain.operations.tables import outcomes
from loyaltychain.operations.types import Outcome


@dataclass(frozen=True, slots=True)
class StoredOutcome:
    """What became of the event at ``position``; ``entry_id`` is the first of its entries, None without any."""

    position: int
    outcome: Outcome
    entry_id: str | None
    explanation: dict[str, Any]


def insert_outcomes(tx: Tx, rows: Sequence[tuple[int, Outcome, str | None, str]]) -> None:
    """Append what became of events (position, outcome, first entry, explanation); an event has one outcome for ever."""
    insert_rows(tx, outcomes, rows)


def read_outcomes(tx: Tx, after: int, limit: int) -> list[StoredOutcome]:
    """At most ``limit`` outcomes of events beyond position ``after``, in order."""
    query = select(outcomes).where(outcomes.c.position > after).order_by(outcomes.c.position).limit(limit)
    return [
        StoredOutcome(row.position, row.outcome, row.entry_id, json.loads(row.explanation)) for row in tx.execute(query)
    ]


def find_fate(tx: Tx, source: str, event_id: str) -> str:
    """What became of an event, in words for a person: its outcome, or that it waits, or that there is none."""
    query = select(events.c.position).where(events.c.source == source, events.c.id == event_id)
    position = tx.execute(query).scalar_one_or_none()
    if position is None:
        return "There is no event of this id. Was its row rejected? See the rejects file of its ingest."
    row = tx.execute(select(outcomes).where(outcomes.c.position == position)).one_or_none()
    if row is None:
        return "This event waits to be worked off: loyaltychain run --once."
    return str(json.loads(row.explanation)["result"])
