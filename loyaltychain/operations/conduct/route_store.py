"""The SQL of routing: events and objects by what names them, and the stream of each member. Decides nothing."""

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, or_, select, update

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import add_rows, any_of, as_list, fetch, insert_rows, put_rows
from loyaltychain.db.engine import Tx
from loyaltychain.events.store import EventRow
from loyaltychain.events.tables import events, member_aliases, members
from loyaltychain.ledger.store import parts
from loyaltychain.operations.conduct.route import Made, Name, TakenBack
from loyaltychain.operations.conduct.tables import mentions, objects, retractions, stream
from loyaltychain.operations.conduct.told import Told, read_told

_EVENT = [events.c[name] for name in EventRow._fields]


def read_events_at(tx: Tx, positions: Collection[int]) -> list[Told]:
    """The events at these positions."""
    if not positions:
        return []
    rows = fetch(tx, _events_at(tx.dialect.name), positions=as_list(sorted(positions)))
    return [read_told(EventRow._make(row)) for row in rows]


@cache
def _events_at(dialect: str) -> Select[Any]:
    return select(*_EVENT).where(any_of(dialect, events.c.position, "positions"))


def read_events_named(tx: Tx, causes: Collection[str]) -> list[Told]:
    """Those of these events ("source/id") that there are."""
    by_source: dict[str, list[str]] = {}
    for cause in sorted(causes):
        source, slash, id_ = cause.partition("/")
        if slash:
            by_source.setdefault(source, []).append(id_)
    query = _events_named(tx.dialect.name)
    return [
        read_told(EventRow._make(row))
        for source, ids in by_source.items()
        for row in fetch(tx, query, source=source, ids=as_list(ids))
    ]


@cache
def _events_named(dialect: str) -> Select[Any]:
    return select(*_EVENT).where(events.c.source == bindparam("source"), any_of(dialect, events.c.id, "ids"))


def read_objects(tx: Tx, ids: Collection[str]) -> list[Made]:
    """Those of these objects that somebody made."""
    return _read_objects(tx, "id", ids)


def read_children(tx: Tx, parents: Collection[str]) -> list[Made]:
    """What belongs to one of these objects."""
    return _read_objects(tx, "parent", parents)


def _read_objects(tx: Tx, column: str, names: Collection[str]) -> list[Made]:
    if not names:
        return []
    return [Made(*row) for row in fetch(tx, _objects(tx.dialect.name, column), names=as_list(sorted(names)))]


@cache
def _objects(dialect: str, column: str) -> Select[Any]:
    names = ("id", "kind", "owner", "made_at", "parent", "position")
    return select(*(objects.c[name] for name in names)).where(any_of(dialect, objects.c[column], "names"))


def read_mentions(tx: Tx, kind: str, names: Collection[str], types: Collection[str] = ()) -> set[int]:
    """The positions of events that name one of these; of these types, if any are given."""
    if not names:
        return set()
    query = _mentions(tx.dialect.name, bool(types))
    more = {"types": as_list(sorted(types))} if types else {}
    return {row[0] for row in fetch(tx, query, kind=kind, names=as_list(sorted(names)), **more)}


@cache
def _mentions(dialect: str, by_type: bool) -> Select[Any]:
    query = select(mentions.c.position).where(
        mentions.c.kind == bindparam("kind"), any_of(dialect, mentions.c.name, "names")
    )
    if not by_type:
        return query
    return query.join(events, events.c.position == mentions.c.position).where(any_of(dialect, events.c.type, "types"))


def take_awaited(tx: Tx) -> set[int]:
    """The positions of events that name a member who was unknown and is known now; they wait no longer."""
    known = or_(
        *(
            select(table.c.member_id).where(table.c.member_id == mentions.c.name).exists()
            for table in (members, member_aliases)
        )
    )
    waiting = tx.execute(select(mentions.c.name, mentions.c.position).where(mentions.c.kind == "member", known)).all()
    for part in parts(sorted({row.name for row in waiting})):
        tx.execute(delete(mentions).where(mentions.c.kind == "member", mentions.c.name.in_(part)))
    return {row.position for row in waiting}


def insert_mentions(tx: Tx, rows: Iterable[tuple[Name, int]]) -> None:
    """Add what events name; what is there already stays."""
    add_rows(tx, mentions, [(*name, position) for name, position in sorted(set(rows))])


def write_objects(tx: Tx, made: Sequence[Made]) -> None:
    """Add objects, or say something else of those that are there."""
    rows = sorted((each.id, each.kind, each.owner, each.made_at, each.parent, each.position) for each in made)
    put_rows(tx, objects, rows)


def change_taken_back(tx: Tx, takers: Collection[int], found: Iterable[TakenBack]) -> list[TakenBack]:
    """Let retractions by the events at these positions be those; what is new, and what is no more."""
    rows = retractions.c
    known = {
        TakenBack(row.position, row.by_position, row.at, bool(row.is_fraud))
        for part in parts(sorted(takers))
        for row in tx.execute(select(retractions).where(rows.by_position.in_(part)))
    }
    wanted = set(found)
    for each in known - wanted:
        tx.execute(delete(retractions).where(rows.position == each.position, rows.by_position == each.by))
    new = sorted(wanted - known, key=lambda each: (each.position, each.by))
    insert_rows(tx, retractions, [(each.position, each.by, each.at, int(each.is_fraud)) for each in new])
    return [*new, *sorted(known - wanted, key=lambda each: (each.position, each.by))]


StreamRow = tuple[MemberNumber, UnixSeconds, int, str]  # member, occurred_at, position, roles


def read_stream_at(tx: Tx, positions: Collection[int]) -> list[StreamRow]:
    """Whom the events at these positions concern."""
    if not positions:
        return []
    rows = fetch(tx, _stream_at(tx.dialect.name), positions=as_list(sorted(positions)))
    return [(MemberNumber(row[0]), UnixSeconds(row[1]), row[2], row[3]) for row in rows]


@cache
def _stream_at(dialect: str) -> Select[Any]:
    return select(*stream.c).where(any_of(dialect, stream.c.position, "positions"))


def insert_stream(tx: Tx, rows: Collection[StreamRow]) -> None:
    """Add to the streams of members."""
    insert_rows(tx, stream, sorted(rows))


def change_stream(tx: Tx, changed: Collection[StreamRow], gone: Collection[StreamRow]) -> None:
    """Give rows of streams other roles, and take some out."""
    for member, at, position, roles in changed:
        tx.execute(update(stream).where(*_is(member, at, position)).values(roles=roles))
    for member, at, position, _ in gone:
        tx.execute(delete(stream).where(*_is(member, at, position)))


def _is(member: int, at: int, position: int) -> tuple[Any, ...]:
    return stream.c.member == member, stream.c.occurred_at == at, stream.c.position == position
