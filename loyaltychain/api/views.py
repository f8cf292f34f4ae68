"""Rows of the database as answers. Reads only."""

import json
from collections.abc import Sequence

from loyaltychain.api import answers, store
from loyaltychain.api.problems import Problem
from loyaltychain.core.amounts import POINTS
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx
from loyaltychain.events.store import read_event
from loyaltychain.settlement.tables import receipts

_PLACES_MAX = 1000  # receipts of one event


def show_event(tx: Tx, source: str, event_id: str) -> answers.Event:
    """The event with all that became of it. Raises a Problem when there is none."""
    found = read_event(tx, source, event_id)
    if found is None:
        raise Problem("unknown-event", f"No event {source}/{event_id} was taken.")
    event = found.event
    outcome = store.outcome_at(tx, found.position)
    explanation = json.loads(outcome.explanation) if outcome else {}
    entries = store.entries_of_cause(tx, event.cause)
    of_cause = receipts.c.entry_id.in_([row.id for row in entries])
    return answers.Event(
        source=event.source,
        id=event.id,
        type=event.type,
        member=event.member_id,
        member_number=found.member,
        occurred_at=format_instant(event.occurred_at),
        received_at=format_instant(store.received_at(tx, source, event_id)),
        position=found.position,
        payload=event.payload,
        outcome=answers.Outcome(
            status=outcome.outcome, result=str(explanation.get("result", "")), explanation=explanation
        )
        if outcome
        else None,
        entries=show_entries(tx, entries),
        receipts=list(reversed(show_places(store.receipts_of(tx, of_cause, _PLACES_MAX)))),
    )


def show_entries(tx: Tx, found: Sequence[store.Found]) -> list[answers.Entry]:
    """Entries as the member sees them: what changed on which of the member's accounts."""
    changes: dict[str, dict[str, int]] = {row.id: {} for row in found}
    for posting in store.postings_of(tx, [row.id for row in found]):
        for account, amount in ((posting.source, -posting.amount), (posting.destination, posting.amount)):
            owner, _, bucket = account.rpartition(":")
            if not owner.startswith("member:"):
                continue
            name = bucket if posting.unit == POINTS else posting.unit
            of_entry = changes[posting.entry_id]
            of_entry[name] = of_entry.get(name, 0) + amount
    return [_entry(row, changes[row.id]) for row in found]


def show_places(found: Sequence[store.Found]) -> list[answers.ReceiptPlace]:
    """Where receipts are."""
    return [
        answers.ReceiptPlace(batch=row.batch, index=row.place, entry=row.entry_id, points=row.amount, state=row.state)
        for row in found
    ]


def _entry(row: store.Found, changes: dict[str, int]) -> answers.Entry:
    if "debt" in changes:
        changes["debt"] = -changes["debt"]  # the account is what she owes, below zero
    return answers.Entry(
        id=row.id,
        kind=row.kind,
        cause=row.cause,
        rule=row.rule,
        program=row.program,
        occurred_at=format_instant(row.occurred_at),
        recorded_at=format_instant(row.recorded_at),
        position=row.position,
        changes=changes,
        details=json.loads(row.details) if row.details else None,
        digest=row.digest,
    )
