"""Take events in, each once for ever. Says nothing about what an event is worth."""

from collections.abc import Sequence
from typing import NamedTuple

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import insert_rows
from loyaltychain.db.engine import Tx
from loyaltychain.events import store
from loyaltychain.events.attest import note_attestations
from loyaltychain.events.identity import join_all
from loyaltychain.events.intake import refuse
from loyaltychain.events.sequence import next_position
from loyaltychain.events.tables import events as events_table
from loyaltychain.events.types import Captured, Conflict, Event, Intake, Member, Refusal, encode_event


def capture(tx: Tx, events: Sequence[Event], *, received_at: UnixSeconds, intake: Intake | None = None) -> Captured:
    """Add what is new and let in, in the given order, with positions; leave alone what is known.

    An id whose content differs from what was taken first is a conflict, within one call too: nothing of it is
    taken, and no member joins for it. What ``intake`` refuses is logged as an attempt and leaves nothing else; an
    event that is known is known, whatever the intake says now. An event that names a member by another id is stored
    as one of the id joined with, so that it is the same event under both.

    Args:
        intake: What is let in; None for the operator's own import, which may be of any age.

    Raises:
        InvalidEvent: a payload is not exact JSON, or attests to something in nobody's name. Nothing was written.
    """
    position = next_position(tx)
    members = store.read_members(tx, {event.member_id for event in events})
    known = store.read_digests(tx, events)
    offered = _sort(events, members, known, received_at=received_at, intake=intake)
    numbers = {member.member_id: member.number for member in members.values()}
    _store(tx, offered.taken, numbers, position=position, received_at=received_at)
    store.insert_refusals(tx, offered.refused, received_at=received_at)
    return Captured(
        taken=len(offered.taken),
        known=len(offered.repeats),
        conflicts=tuple(offered.conflicts),
        refused=tuple(offered.refused),
        repeats=tuple(offered.repeats),
    )


class _Offered(NamedTuple):
    """Events by what becomes of them."""

    taken: list[tuple[Event, str, str, str]]  # with the member's own id, payload and digest
    repeats: list[int]  # places of those that are known
    conflicts: list[Conflict]
    refused: list[Refusal]


def _sort(
    events: Sequence[Event],
    members: dict[str, Member],
    known: dict[store.Key, str],
    *,
    received_at: UnixSeconds,
    intake: Intake | None,
) -> _Offered:
    """Say what becomes of each event; adds those that are taken to the digests in ``known``."""
    offered = _Offered([], [], [], [])
    all_may_enter = intake is None and all(member.closed_at is None for member in members.values())
    for index, event in enumerate(events):
        asked = event.member_id
        member = members.get(asked)
        own = asked if member is None else member.member_id
        payload, digest = encode_event(event, own)
        key = event.source, event.id
        before = known.get(key)
        if before is not None:
            if before == digest or _was_told_by(event, own, before):
                offered.repeats.append(index)
            else:
                offered.conflicts.append(Conflict(index, event))
            continue
        refusal = None if all_may_enter else refuse(event, member, received_at=received_at, intake=intake)
        if refusal is not None:
            offered.refused.append(Refusal(index, event, *refusal))
            continue
        known[key] = digest
        offered.taken.append((event, own, payload, digest))
    return offered


def _was_told_by(event: Event, own: str, digest: str) -> bool:
    """Whether the event was taken when the id that it names was still a member's own."""
    return own != event.member_id and encode_event(event)[1] == digest


def _store(
    tx: Tx,
    taken: list[tuple[Event, str, str, str]],
    numbers: dict[str, MemberNumber],
    *,
    position: int,
    received_at: UnixSeconds,
) -> None:
    """Add these events, from this position on; who is new gets the next number in order of appearance."""
    strangers = dict.fromkeys(own for _, own, _, _ in taken if own not in numbers)
    if strangers:
        numbers |= join_all(tx, strangers, received_at)
    rows = [
        (place, event.source, event.id, event.type, numbers[own], event.occurred_at, received_at, payload, digest)
        for place, (event, own, payload, digest) in enumerate(taken, start=position)
    ]
    insert_rows(tx, events_table, rows)
    note_attestations(tx, (event for event, _, _, _ in taken))
