"""Which events were refused and why: at the door, or when they were decided. Reads only."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events.tables import events, intake_refusals, members
from loyaltychain.operations.tables import outcomes

#: What an intake refusal's code means. The event itself was not taken.
_AT_THE_DOOR = {
    "unknown-member": "No member had this id, and members have to join first.",
    "member-closed": "The member's account was closed.",
    "too-old": "The event lay further back than is taken.",
    "in-the-future": "The event lay in the future.",
}


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """An event that brought nothing because of ``reason``, a permanent code; ``sentence`` says it in words.

    ``is_taken``: it stands among the events; otherwise it was not let in, and may be sent again.
    """

    received_at: UnixSeconds
    source: str
    event_id: str
    member_id: str
    reason: str
    sentence: str
    is_taken: bool


def list_refused(tx: Tx, *, limit: int = 100) -> list[RefusedEvent]:
    """At most ``limit`` refused events, those that came last first."""
    found = [*_decided(tx, limit), *_at_the_door(tx, limit)]
    found.sort(key=lambda each: each.received_at, reverse=True)  # stable: each list is newest first already
    return found[:limit]


def _decided(tx: Tx, limit: int) -> Iterator[RefusedEvent]:
    query = (
        select(events, members.c.member_id, outcomes.c.explanation)
        .select_from(outcomes)
        .join(events, events.c.position == outcomes.c.position)
        .join(members, members.c.number == events.c.member)
        .where(outcomes.c.outcome == "refused")
        .order_by(outcomes.c.position.desc())
        .limit(limit)
    )
    for row in tx.execute(query):
        said = json.loads(row.explanation)
        yield RefusedEvent(
            UnixSeconds(row.received_at), row.source, row.id, row.member_id, said["reason"],
            said["result"].removeprefix("Refused: "), is_taken=True,
        )  # fmt: skip


def _at_the_door(tx: Tx, limit: int) -> Iterator[RefusedEvent]:
    query = select(intake_refusals).order_by(intake_refusals.c.received_at.desc(), intake_refusals.c.id).limit(limit)
    for row in tx.execute(query):
        yield RefusedEvent(
            UnixSeconds(row.received_at), row.source, row.event_id, json.loads(row.document)["member_id"], row.reason,
            _AT_THE_DOOR[row.reason], is_taken=False,
        )  # fmt: skip
