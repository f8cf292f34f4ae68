"""The SQL of members and events, one function a query. Decides nothing."""

import json
from collections.abc import Iterable, Sequence
from itertools import islice

from sqlalchemy import func, insert, select

from loyaltychain.core import canonical
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.db.engine import Tx
from loyaltychain.events.tables import event_positions, events, members
from loyaltychain.events.types import Event, SequencedEvent

_SLICE = 500  # parameters of one IN list

Key = tuple[str, str]  # (source, id)


def read_digests(tx: Tx, keys: Iterable[Key]) -> dict[Key, bytes]:
    """The digests of those events that are there already."""
    ids_by_source: dict[str, list[str]] = {}
    for source, event_id in keys:
        ids_by_source.setdefault(source, []).append(event_id)
    found: dict[Key, bytes] = {}
    for source, ids in ids_by_source.items():
        for some in _slices(ids):
            query = select(events.c.id, events.c.digest).where(events.c.source == source, events.c.id.in_(some))
            found |= {(source, event_id): from_hex(digest) for event_id, digest in tx.execute(query)}
    return found


def read_numbers(tx: Tx, member_ids: Iterable[str]) -> dict[str, MemberNumber]:
    """The numbers of those members that have one."""
    found: dict[str, MemberNumber] = {}
    for some in _slices(member_ids):
        query = select(members.c.member_id, members.c.number).where(members.c.member_id.in_(some))
        found |= {member_id: MemberNumber(number) for member_id, number in tx.execute(query)}
    return found


def last_number(tx: Tx) -> int:
    """The largest member number given out; 0 when there are no members."""
    return int(tx.execute(select(func.coalesce(func.max(members.c.number), 0))).scalar_one())


def insert_members(tx: Tx, numbers: dict[str, MemberNumber], *, joined_at: UnixSeconds) -> None:
    """Add members with their numbers."""
    rows = [{"number": number, "member_id": name, "joined_at": joined_at} for name, number in numbers.items()]
    if rows:
        tx.execute(insert(members), rows)


def insert_events(
    tx: Tx,
    taken: Sequence[tuple[Event, bytes]],
    *,
    numbers: dict[str, MemberNumber],
    received_at: UnixSeconds,
) -> None:
    """Add events with their digests; ``numbers`` holds every member of them."""
    rows = [
        {
            "source": event.source,
            "id": event.id,
            "type": event.type,
            "member": numbers[event.member_id],
            "occurred_at": event.occurred_at,
            "received_at": received_at,
            "payload": canonical.encode(event.payload).decode(),
            "digest": to_hex(digest),
        }
        for event, digest in taken
    ]
    if rows:
        tx.execute(insert(events), rows)


def last_position(tx: Tx) -> int:
    """The last event position; 0 when there is none."""
    return int(tx.execute(select(func.coalesce(func.max(event_positions.c.position), 0))).scalar_one())


def insert_positions(tx: Tx, keys: Sequence[Key], *, after: int) -> None:
    """Give the events the positions ``after + 1`` and on, in this order."""
    rows = [{"position": place, "source": key[0], "id": key[1]} for place, key in enumerate(keys, start=after + 1)]
    if rows:
        tx.execute(insert(event_positions), rows)


def read_unsequenced(tx: Tx) -> list[Key]:
    """Events without a position, by when they were received, then by when they happened, then by name."""
    same = (event_positions.c.source == events.c.source) & (event_positions.c.id == events.c.id)
    query = (
        select(events.c.source, events.c.id)
        .outerjoin(event_positions, same)
        .where(event_positions.c.position.is_(None))
        .order_by(events.c.received_at, events.c.occurred_at, events.c.source, events.c.id)
    )
    return [(source, event_id) for source, event_id in tx.execute(query)]


def read_events(tx: Tx, after: int, limit: int) -> list[SequencedEvent]:
    """At most ``limit`` events with positions beyond ``after``, in the order of their positions."""
    same = (event_positions.c.source == events.c.source) & (event_positions.c.id == events.c.id)
    query = (
        select(
            event_positions.c.position,
            events.c.member,
            members.c.member_id,
            events.c.source,
            events.c.id,
            events.c.type,
            events.c.occurred_at,
            events.c.payload,
        )
        .join(events, same)
        .join(members, members.c.number == events.c.member)
        .where(event_positions.c.position > after)
        .order_by(event_positions.c.position)
        .limit(limit)
    )
    return [
        SequencedEvent(
            position,
            MemberNumber(number),
            Event(source, event_id, event_type, member_id, UnixSeconds(occurred_at), json.loads(payload)),
        )
        for position, number, member_id, source, event_id, event_type, occurred_at, payload in tx.execute(query)
    ]


def _slices(names: Iterable[str]) -> Iterable[list[str]]:
    rest = iter(names)
    while some := list(islice(rest, _SLICE)):
        yield some
