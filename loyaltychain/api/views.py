"""Rows of the database as answers. Reads only."""

import json
from collections.abc import Sequence
from typing import Any

from loyaltychain.api import answers, award_answers, event_store, store
from loyaltychain.api.entry_types import award_of, metadata_of, related_of, type_of
from loyaltychain.api.explain import Explained, explain, with_awards
from loyaltychain.api.problems import Problem
from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx
from loyaltychain.events.store import read_event
from loyaltychain.events.types import Event, SequencedEvent
from loyaltychain.operations.own_events import CORRECTED, parse_correction
from loyaltychain.reports.awards import Award, awards_of_event
from loyaltychain.reports.uncounted import say_uncounted
from loyaltychain.settlement.tables import receipts

_PLACES_MAX = 1000  # receipts of one event


def show_event(tx: Tx, source: str, event_id: str) -> answers.Event:
    """The event with all that became of it. Raises a Problem when there is none."""
    found = read_event(tx, source, event_id)
    if found is None:
        raise Problem("unknown-event", f"No event {source}/{event_id} was taken.")
    event = found.event
    entries = store.entries_of_cause(tx, event.cause)
    of_cause = receipts.c.entry_id.in_([row.id for row in entries])
    outcome, explained = _outcome(tx, found, entries)
    awards = awards_of_event(tx, event.cause)
    rules = {each.granted.grant.rule for each in awards}
    explained = with_awards(explained, awards)
    successor = event_store.corrected_by(tx, source, event_id)
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
        outcome=outcome,
        awarded=None if explained is None else explained.awarded,
        desired=None if explained is None else explained.desired,
        rules=[] if explained is None else explained.rules,
        suppressed=[] if explained is None else explained.suppressed,
        awards=[show_award(each) for each in awards],
        uncounted=[] if outcome is None else say_uncounted(tx, found, counted=rules),
        corrects=_corrects(event),
        corrected_by=None if successor is None else answers.Place(source=successor[0], id=successor[1]),
        entries=show_entries(tx, entries),
        receipts=list(reversed(show_places(store.receipts_of(tx, of_cause, _PLACES_MAX)))),
    )


def show_award(award: Award) -> award_answers.Award:
    """An award of behaviours."""
    return award_answers.Award.model_validate(award.document())


def show_summary(row: event_store.Found) -> answers.EventSummary:
    """An event of a list."""
    return answers.EventSummary(
        source=row.source,
        id=row.id,
        type=row.type,
        member=row.member_id,
        occurred_at=format_instant(row.occurred_at),
        received_at=format_instant(row.received_at),
        position=row.position,
        outcome=row.outcome,
        result=None if row.explanation is None else json.loads(row.explanation)["result"],
    )


def show_entries(tx: Tx, found: Sequence[store.Found]) -> list[answers.Entry]:
    """Entries as the member sees them: what changed on which of the member's accounts."""
    details = {row.id: json.loads(row.details) if row.details else {} for row in found}
    awards = {award for row in found if (award := award_of(row, details[row.id])) is not None}
    firsts = event_store.first_entries(tx, sorted(awards))
    of_grants = {row.id: details[row.id]["award"] for row in found if "grant" in details[row.id]}
    first_of = event_store.first_of_grants(tx, sorted(of_grants))
    firsts |= {of_grants[id_]: first for id_, first in first_of.items()}
    return [_entry(row, _changes(row.postings), details[row.id], firsts) for row in found]


def _changes(postings: str) -> dict[str, int]:
    changes: dict[str, int] = {}
    for posting in json.loads(postings):
        for account, amount in ((posting["from"], -posting["amount"]), (posting["to"], posting["amount"])):
            owner, _, bucket = account.rpartition(":")
            if owner.startswith("member:"):
                name = bucket if posting["unit"] == POINTS else posting["unit"]
                changes[name] = changes.get(name, 0) + amount
    return changes


def show_places(found: Sequence[store.Found]) -> list[answers.ReceiptPlace]:
    """Where receipts are."""
    return [
        answers.ReceiptPlace(batch=row.batch, index=row.place, entry=row.entry_id, points=row.amount, state=row.state)
        for row in found
    ]


def _outcome(
    tx: Tx, found: SequencedEvent, entries: Sequence[store.Found]
) -> tuple[answers.Outcome | None, Explained | None]:
    row = store.outcome_at(tx, found.position)
    if row is None:
        return None, None
    explanation = json.loads(row.explanation)
    shown = answers.Outcome(status=row.outcome, result=str(explanation.get("result", "")), explanation=explanation)
    digest = next((entry.program for entry in entries if entry.program is not None), None)
    version = event_store.version_of(tx, digest)
    return shown, explain(found.event, row.outcome, explanation, version=version)


def _corrects(event: Event) -> answers.Place | None:
    if event.type != CORRECTED:
        return None
    try:
        told = parse_correction(event)
    except errors.InvalidEvent:
        return None
    return answers.Place(source=told.of_source, id=told.of_id)


def _entry(row: store.Found, changes: dict[str, int], details: dict[str, Any], firsts: dict[str, str]) -> answers.Entry:
    if "debt" in changes:
        changes["debt"] = -changes["debt"]  # the account is what she owes, below zero
    return answers.Entry(
        id=row.id,
        type=type_of(row.kind),
        metadata=metadata_of(row, details),
        related_entry=related_of(row, details, firsts),
        kind=row.kind,
        cause=row.cause,
        rule=row.rule,
        program=row.program,
        occurred_at=format_instant(row.occurred_at),
        recorded_at=format_instant(row.recorded_at),
        position=row.position,
        changes=changes,
        details=details or None,
        digest=row.digest,
    )
