"""Events whose proof is a moderator's word. Who may tell such events is for the API to say; here it is noted, with the
event, that it came that way: an event that does not stand here was told before anybody was asked.
"""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Table

from loyaltychain.core import errors
from loyaltychain.db.bulk import insert_rows
from loyaltychain.db.engine import Tx
from loyaltychain.db.tables import String, metadata
from loyaltychain.events.named import read_named
from loyaltychain.events.types import TEXT_MAX, Event

ATTESTED = "attested"

attestations = Table(
    "attestations",
    metadata,
    Column("source", String, primary_key=True),
    Column("event_id", String, primary_key=True),
    Column("attested_by", String, nullable=False),  # an id: a member's, or a name of the operator's own
    ForeignKeyConstraint(["source", "event_id"], ["events.source", "events.id"]),
)


def attester(payload: dict[str, Any]) -> str | None:
    """Who attests to what the event tells; None where its proof is of another kind, or none.

    Raises InvalidEvent when it is of this kind and names nobody.
    """
    proof = payload.get("proof")
    if not isinstance(proof, dict) or proof.get("kind") != ATTESTED:
        return None
    by = proof.get("by")
    if not isinstance(by, str) or not by.strip() or len(by) > TEXT_MAX or not by.isprintable():
        raise errors.InvalidEvent("An attested proof says in `by` whose word it is: {kind: attested, by: <who>}.")
    return by


def note_attestations(tx: Tx, events: Iterable[Event]) -> None:
    """Keep whose word stands behind these events, which were just taken in. Raises InvalidEvent as ``attester``."""
    told = [(event, attester(event.payload)) for event in events if "proof" in event.payload]
    insert_rows(tx, attestations, [(event.source, event.id, by) for event, by in told if by is not None])


def read_attestations(tx: Tx, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Of these events, by (source, id), those that a moderator attests to, and who does."""
    return {(row.source, row.event_id): row.attested_by for row in read_named(tx, attestations, keys)}
