"""Take events in, each once for ever. Says nothing about what an event is worth."""

from collections.abc import Sequence
from dataclasses import replace

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.events import store
from loyaltychain.events.identity import join_all
from loyaltychain.events.intake import refuse
from loyaltychain.events.sequence import WRITERS, append
from loyaltychain.events.types import Captured, Conflict, EncodedEvent, Event, Intake, Refusal, encode_event


def capture(tx: Tx, events: Sequence[Event], *, received_at: UnixSeconds, intake: Intake | None = None) -> Captured:
    """Add what is new and let in, in the given order, with positions; leave alone what is known.

    An id whose content differs from what was taken first is a conflict, within one call too: nothing of it is
    taken, and no member joins for it. What ``intake`` refuses is logged as an attempt and leaves nothing else; an
    event that is known is known, whatever the intake says now. An event that names a member by another id is stored
    as one of the id joined with, so that it is the same event under both.

    Args:
        intake: What is let in; None for the operator's own import, which may be of any age.

    Raises:
        InvalidEvent: a payload is not exact JSON. Nothing was written.
    """
    lock(tx, WRITERS)
    members = store.read_members(tx, dict.fromkeys(event.member_id for event in events))
    own_ids = {asked: member.member_id for asked, member in members.items()}
    offered = [_encode(event, own_ids) for event in events]
    seen = store.read_digests(tx, {(event.source, event.id) for event in events})
    taken: list[EncodedEvent] = []
    conflicts: list[Conflict] = []
    refused: list[Refusal] = []
    for index, (event, encoded) in enumerate(zip(events, offered, strict=True)):
        key = event.source, event.id
        if key in seen:
            if not _is_same(seen[key], event, encoded):
                conflicts.append(Conflict(index, event))
            continue
        refusal = refuse(event, members.get(event.member_id), received_at=received_at, intake=intake)
        if refusal is not None:
            refused.append(Refusal(index, event, *refusal))
            continue
        seen[key] = encoded.digest
        taken.append(encoded)
    _store(tx, taken, {member.member_id: member.number for member in members.values()}, received_at=received_at)
    store.insert_refusals(tx, refused, received_at=received_at)
    known = len(events) - len(taken) - len(conflicts) - len(refused)
    return Captured(taken=len(taken), known=known, conflicts=tuple(conflicts), refused=tuple(refused))


def _encode(event: Event, own_ids: dict[str, str]) -> EncodedEvent:
    own = own_ids.get(event.member_id, event.member_id)
    return encode_event(event if own == event.member_id else replace(event, member_id=own))


def _is_same(digest: bytes, event: Event, encoded: EncodedEvent) -> bool:
    if digest == encoded.digest:
        return True
    # Taken when this id still named a member of its own.
    return encoded.event is not event and digest == event.digest


def _store(tx: Tx, taken: list[EncodedEvent], numbers: dict[str, MemberNumber], *, received_at: UnixSeconds) -> None:
    """Add these events; who is new gets the next number in order of appearance."""
    in_order = dict.fromkeys(each.event.member_id for each in taken)
    strangers = [member_id for member_id in in_order if member_id not in numbers]
    joined = join_all(tx, strangers, received_at) if strangers else {}
    store.insert_events(tx, taken, numbers=numbers | joined, received_at=received_at)
    append(tx, [(each.event.source, each.event.id) for each in taken])
