"""The SQL of members and events, one function a query. Decides nothing."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Select, func, insert, select

from loyaltychain.core import canonical
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.db.engine import Tx
from loyaltychain.db.insert import insert_new
from loyaltychain.events.tables import (
    event_positions,
    events,
    intake_refusals,
    member_aliases,
    member_closures,
    members,
)
from loyaltychain.events.types import EncodedEvent, Event, Member, Refusal, SequencedEvent

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


def read_members(tx: Tx, member_ids: Iterable[str]) -> dict[str, Member]:
    """By each of these ids that is known, whose it is. An alias goes before a member's first id."""
    found: dict[str, Member] = {}
    asked = list(member_ids)
    of_number = members.outerjoin(member_closures, member_closures.c.number == members.c.number)
    of_alias = of_number.join(member_aliases, member_aliases.c.number == members.c.number)
    for some in _slices(asked):
        for name, tables in ((members.c.member_id, of_number), (member_aliases.c.member_id, of_alias)):
            columns = name, members.c.number, members.c.member_id, member_closures.c.closed_at
            for asked_for, number, own, closed_at in tx.execute(
                select(*columns).select_from(tables).where(name.in_(some))
            ):
                found[asked_for] = Member(MemberNumber(number), own, closed_at)
    return found


def read_member(tx: Tx, number: MemberNumber) -> Member | None:
    """The member of this number; None when it was not given out."""
    query = (
        select(members.c.member_id, member_closures.c.closed_at)
        .outerjoin(member_closures, member_closures.c.number == members.c.number)
        .where(members.c.number == number)
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else Member(number, row.member_id, row.closed_at)


def insert_alias(tx: Tx, member_id: str, number: MemberNumber, *, since: UnixSeconds) -> None:
    """Add another id of a member."""
    tx.execute(insert(member_aliases).values(member_id=member_id, number=number, since=since))


def insert_closure(tx: Tx, number: MemberNumber, *, closed_at: UnixSeconds, reason: str) -> None:
    """Close a member."""
    tx.execute(insert(member_closures).values(number=number, closed_at=closed_at, reason=reason))


def last_number(tx: Tx) -> int:
    """The largest member number given out; 0 when there are no members."""
    return int(tx.execute(select(func.coalesce(func.max(members.c.number), 0))).scalar_one())


def insert_members(tx: Tx, numbers: dict[str, MemberNumber], *, joined_at: UnixSeconds) -> None:
    """Add members with their numbers."""
    rows = [{"number": number, "member_id": name, "joined_at": joined_at} for name, number in numbers.items()]
    if rows:
        tx.execute(insert(members), rows)


def insert_events(
    tx: Tx, taken: Sequence[EncodedEvent], *, numbers: Mapping[str, MemberNumber], received_at: UnixSeconds
) -> None:
    """Add events; ``numbers`` holds every member of them."""
    rows = [
        {
            "source": each.event.source,
            "id": each.event.id,
            "type": each.event.type,
            "member": numbers[each.event.member_id],
            "occurred_at": each.event.occurred_at,
            "received_at": received_at,
            "payload": each.payload,
            "digest": to_hex(each.digest),
        }
        for each in taken
    ]
    if rows:
        tx.execute(insert(events), rows)


def insert_refusals(tx: Tx, refused: Iterable[Refusal], *, received_at: UnixSeconds) -> None:
    """Log these attempts, each once whenever it is repeated in the same second."""
    rows = {}
    for each in refused:
        event = each.event
        name = hashlib.sha256(f"{event.source}/{event.id}/{received_at}/{each.code}".encode()).hexdigest()
        rows[name] = {
            "id": name,
            "source": event.source,
            "event_id": event.id,
            "reason": each.code,
            "received_at": received_at,
            "document": canonical.encode(event.document).decode(),
        }
    if rows:
        tx.execute(insert_new(tx, intake_refusals), [rows[name] for name in sorted(rows)])


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
    query = _sequenced().where(event_positions.c.position > after).order_by(event_positions.c.position).limit(limit)
    return [_read(*row) for row in tx.execute(query)]


def read_event(tx: Tx, source: str, event_id: str) -> SequencedEvent | None:
    """The event of this name; None when there is none."""
    row = tx.execute(_sequenced().where(events.c.source == source, events.c.id == event_id)).one_or_none()
    return None if row is None else _read(*row)


def _sequenced() -> Select[Any]:
    same = (event_positions.c.source == events.c.source) & (event_positions.c.id == events.c.id)
    return (
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
    )


def _read(
    position: int,
    number: int,
    member_id: str,
    source: str,
    event_id: str,
    event_type: str,
    occurred_at: int,
    payload: str,
) -> SequencedEvent:
    event = Event(source, event_id, event_type, member_id, UnixSeconds(occurred_at), json.loads(payload))
    return SequencedEvent(position, MemberNumber(number), event)


def _slices(names: Iterable[str]) -> Iterable[list[str]]:
    rest = iter(names)
    while some := list(islice(rest, _SLICE)):
        yield some
