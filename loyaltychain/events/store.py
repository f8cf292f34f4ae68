"""The SQL of members and events, one function a query. Decides nothing."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from json import JSONDecoder
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, insert, select

from loyaltychain.core import canonical
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import any_of, as_list, fetch, insert_rows
from loyaltychain.db.engine import Tx
from loyaltychain.db.insert import insert_new
from loyaltychain.events.tables import events, intake_refusals, member_aliases, member_closures, members
from loyaltychain.events.types import Event, Member, Refusal, SequencedEvent, known_event

_DECODER = JSONDecoder()
_ANY = select(select(member_aliases.c.number).exists(), select(member_closures.c.number).exists())
_LAST_POSITION = select(func.coalesce(func.max(events.c.position), 0))

Key = tuple[str, str]  # (source, id)


class EventRow(NamedTuple):
    """What the steps behind the intake read of an event. ``payload`` is canonical JSON, for ``parse_payload``."""

    position: int
    member: MemberNumber
    source: str
    id: str
    type: str
    occurred_at: UnixSeconds
    payload: str


def read_digests(tx: Tx, told: Iterable[Event]) -> dict[Key, str]:
    """The digests, as 0x hex, of those of these events whose names are taken already."""
    ids_by_source: dict[str, list[str]] = {}
    for event in told:
        ids_by_source.setdefault(event.source, []).append(event.id)
    query = _digests(tx.dialect.name)
    found: dict[Key, str] = {}
    for source, ids in ids_by_source.items():
        rows = fetch(tx, query, source=source, ids=as_list(ids))
        found |= {(source, event_id): digest for event_id, digest in rows}
    return found


@cache
def _digests(dialect: str) -> Select[Any]:
    names = events.c.source == bindparam("source"), any_of(dialect, events.c.id, "ids")
    return select(events.c.id, events.c.digest).where(*names)


def read_members(tx: Tx, member_ids: Iterable[str]) -> dict[str, Member]:
    """By each of these ids that is known, whose it is. An alias goes before a member's first id."""
    own, alias, closures = _members(tx.dialect.name)
    asked = as_list(member_ids)
    found = {own_id: Member(number, own_id, None) for own_id, number in fetch(tx, own, names=asked)}
    any_alias, any_closure = tx.execute(_ANY).one()  # mostly not, and then nothing is looked up
    if any_alias:
        rows = fetch(tx, alias, names=asked)
        found |= {asked_for: Member(number, own_id, None) for asked_for, number, own_id in rows}
    if any_closure:
        closed = dict(fetch(tx, closures, numbers=as_list(member.number for member in found.values())))
        found = {name: each._replace(closed_at=closed.get(each.number)) for name, each in found.items()}
    return found


@cache
def _members(dialect: str) -> tuple[Select[Any], Select[Any], Select[Any]]:
    """By their own ids; by aliases; and when members were closed, by their numbers."""
    own = select(members.c.member_id, members.c.number).where(any_of(dialect, members.c.member_id, "names"))
    alias = (
        select(member_aliases.c.member_id, members.c.number, members.c.member_id)
        .join(members, members.c.number == member_aliases.c.number)
        .where(any_of(dialect, member_aliases.c.member_id, "names"))
    )
    closures = select(member_closures.c.number, member_closures.c.closed_at)
    return own, alias, closures.where(any_of(dialect, member_closures.c.number, "numbers"))


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


def insert_members(tx: Tx, numbers: Mapping[str, MemberNumber], *, joined_at: UnixSeconds) -> None:
    """Add members with their numbers."""
    insert_rows(tx, members, [(number, name, joined_at) for name, number in numbers.items()])


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
            "document": canonical.encode_text(event.document),
        }
    if rows:
        tx.execute(insert_new(tx, intake_refusals), [rows[name] for name in sorted(rows)])


def last_position(tx: Tx) -> int:
    """The last event position; 0 when there is none."""
    return int(tx.execute(_LAST_POSITION).scalar_one())


def _in_order(query: Select[Any]) -> Select[Any]:
    return query.where(events.c.position > bindparam("after")).order_by(events.c.position).limit(bindparam("limit"))


def read_rows(tx: Tx, after: int, limit: int) -> list[EventRow]:
    """At most ``limit`` events with positions beyond ``after``, in their order: the fast way for simple ones."""
    return list(map(EventRow._make, fetch(tx, _ROWS, after=after, limit=limit)))


def parse_payload(text: str) -> dict[str, Any]:
    """The payload of an event that was taken, which is exact JSON and an object."""
    payload: dict[str, Any] = _DECODER.raw_decode(text)[0]
    return payload


def read_events(tx: Tx, after: int, limit: int) -> list[SequencedEvent]:
    """At most ``limit`` events with positions beyond ``after``, in the order of their positions."""
    return [_read(*row) for row in fetch(tx, _EVENTS, after=after, limit=limit)]


def read_event(tx: Tx, source: str, event_id: str) -> SequencedEvent | None:
    """The event of this name; None when there is none."""
    row = tx.execute(_WITH_MEMBERS.where(events.c.source == source, events.c.id == event_id)).one_or_none()
    return None if row is None else _read(*row)


_ROWS = _in_order(select(*(events.c[name] for name in EventRow._fields)))
_WITH_MEMBERS = select(
    *(events.c[name] for name in ("position", "member", "source", "id", "type")),
    members.c.member_id, events.c.occurred_at, events.c.payload,
).join(members, members.c.number == events.c.member)  # fmt: skip
_EVENTS = _in_order(_WITH_MEMBERS)


def _read(position: int, number: MemberNumber, source: str, event_id: str, *rest: Any) -> SequencedEvent:
    kind, member_id, occurred_at, payload = rest
    event = known_event(source, event_id, kind, member_id, occurred_at, parse_payload(payload))
    return SequencedEvent(position, number, event)
