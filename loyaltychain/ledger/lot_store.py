"""The SQL of lots, holds and redemptions, one function a query. No decisions here."""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, CompoundSelect, Row, Select, bindparam, or_, select, union, update

from loyaltychain.core import canonical
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import any_of, as_list, fetch, insert_rows
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.by_cause import made_for
from loyaltychain.ledger.lots import Draws, Hold, HoldEndKind, HoldItem, Lot, Redemption, spend_order
from loyaltychain.ledger.tables import entries, hold_ends, holds, lot_moves, lots, redemptions
from loyaltychain.ledger.types import EntryId

_Row = Row[*tuple[Any, ...]]
_LOT = (entries.c.id, entries.c.cause, *lots.c)
_LOTS = select(*_LOT).join_from(lots, entries, entries.c.position == lots.c.position)
_CHANGE_EACH = (  # on SQLite a statement a row; on PostgreSQL one for all of them
    "UPDATE lots SET remaining = remaining + ?, expired = expired + ?, returned_by = coalesce(?, returned_by)"
    " WHERE position = ?"
)
_CHANGE_ALL = (
    "UPDATE lots AS l SET remaining = l.remaining + c.moved, expired = l.expired + c.ran_out,"
    " returned_by = coalesce(c.giver, l.returned_by)"
    " FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[]) AS c(moved, ran_out, giver, position)"
    " WHERE l.position = c.position"
)
_NOT_ENDED = ~select(hold_ends.c.hold).where(hold_ends.c.hold == holds.c.id).exists()


def read_open_lots(tx: Tx, members: Collection[MemberNumber]) -> list[Lot]:
    """The members' lots that have points."""
    return _read(tx, "open", members)


def read_lots(tx: Tx, ids: Collection[str]) -> list[Lot]:
    """The lots of these ids, spent ones too; ids of entries that made none are left out."""
    return _read(tx, "ids", ids)


def read_lots_of_awards(tx: Tx, awards: Collection[str]) -> list[Lot]:
    """All lots that came to be for one of these causes later than by its own award, spent ones too."""
    return _read(tx, "awards", awards)


def _read(tx: Tx, which: str, keys: Collection[Any]) -> list[Lot]:
    if not keys:
        return []
    return [_lot(row) for row in fetch(tx, _lots(tx.dialect.name, which), keys=as_list(sorted(keys)))]


@cache
def _lots(dialect: str, which: str) -> Select[Any]:
    if which == "open":
        return _LOTS.where(lots.c.remaining > 0, any_of(dialect, lots.c.member, "keys"))
    return _LOTS.where(any_of(dialect, entries.c.id if which == "ids" else lots.c.award, "keys"))


def read_lots_of_cause(tx: Tx, cause: str) -> list[Lot]:
    """All lots of this cause, by its own award or later, spent ones too."""
    own = _LOTS.where(made_for(tx, cause), lots.c.award.is_(None))
    return [*(_lot(row) for row in tx.execute(own)), *read_lots_of_awards(tx, [cause])]


def read_open_holds(tx: Tx, members: Collection[MemberNumber]) -> tuple[list[Hold], list[Lot]]:
    """The members' holds that have not ended, and the lots that they drew from."""
    rows = fetch(tx, _open_holds(tx.dialect.name), members=as_list(sorted(members)))
    draws, drawn = read_draws(tx, {row[1] for row in rows})
    return [_hold(row, draws[row[1]]) for row in rows], drawn


@cache
def _open_holds(dialect: str) -> Select[Any]:
    return select(holds).where(_NOT_ENDED, any_of(dialect, holds.c.member, "members"))


def read_due(tx: Tx, members: Collection[MemberNumber], now: UnixSeconds) -> set[MemberNumber]:
    """Those of these members for whom time has something to do by now: a lot or a hold of theirs is due."""
    return {MemberNumber(row[0]) for row in fetch(tx, _due(tx.dialect.name), members=as_list(members), now=now)}


@cache
def _due(dialect: str) -> CompoundSelect[Any]:
    now: BindParameter[int] = bindparam("now")
    is_over = or_(lots.c.due_at <= now, lots.c.expires_at <= now)
    return union(
        select(lots.c.member).where(any_of(dialect, lots.c.member, "members"), lots.c.remaining > 0, is_over),
        select(holds.c.member).where(any_of(dialect, holds.c.member, "members"), _NOT_ENDED, holds.c.until <= now),
    )


def read_hold(tx: Tx, hold_id: str) -> tuple[Hold, HoldEndKind | None] | None:
    """A hold and how it ended; None if there is no such hold."""
    query = select(holds, hold_ends.c.kind).outerjoin(hold_ends, hold_ends.c.hold == holds.c.id)
    row = tx.execute(query.where(holds.c.id == hold_id)).one_or_none()
    if row is None:
        return None
    return _hold(tuple(row)[:-1], read_draws(tx, {row.entry_id})[0][row.entry_id]), row.kind


def read_draws(tx: Tx, entry_ids: Collection[EntryId]) -> tuple[dict[EntryId, Draws], list[Lot]]:
    """What each entry took out of which lots, in the order of consumption, and these lots."""
    taken: dict[EntryId, list[tuple[Lot, int]]] = {}
    for drawn_by, moved, *lot in fetch(tx, _draws(tx.dialect.name), ids=as_list(entry_ids)) if entry_ids else ():
        taken.setdefault(EntryId(drawn_by), []).append((_lot(lot), -moved))
    for draws in taken.values():
        draws.sort(key=lambda draw: spend_order(draw[0]))
    lots_by_id = {lot.id: lot for draws in taken.values() for lot, _ in draws}
    return {id_: tuple((lot.id, moved) for lot, moved in draws) for id_, draws in taken.items()}, [*lots_by_id.values()]


@cache
def _draws(dialect: str) -> Select[Any]:
    by, made = entries.alias("by"), entries
    return (
        select(by.c.id, lot_moves.c.amount, *_LOT)
        .select_from(by)
        .join(lot_moves, lot_moves.c.position == by.c.position)
        .join(lots, lots.c.position == lot_moves.c.lot)
        .join(made, made.c.position == lots.c.position)
        .where(any_of(dialect, by.c.id, "ids"), lot_moves.c.amount < 0)
    )


def read_redemptions(tx: Tx, *, references: Collection[str], entry_ids: Collection[EntryId]) -> list[_Row]:
    """The redemptions with one of these references or entries, by entry."""
    found: dict[str, _Row] = {}
    for which, keys in (("reference", references), ("entry_id", entry_ids)):
        if keys:
            rows = tx.execute(_redemptions(tx.dialect.name, which), {"keys": as_list(keys)})
            found |= {row.entry_id: row for row in rows}
    return [found[id_] for id_ in sorted(found)]


@cache
def _redemptions(dialect: str, column: str) -> Select[Any]:
    return select(redemptions).where(any_of(dialect, redemptions.c[column], "keys"))


def members_due(tx: Tx, at: UnixSeconds, limit: int) -> list[MemberNumber]:
    """At most ``limit`` members with a hold, a pending lot or an expiry that is due at ``at``, by number."""
    has_points = lots.c.remaining > 0
    due = union(
        select(holds.c.member).where(holds.c.until <= at, _NOT_ENDED),
        select(lots.c.member).where(has_points, lots.c.due_at <= at),
        select(lots.c.member).where(has_points, lots.c.due_at.is_(None), lots.c.expires_at <= at),
    ).subquery()
    return [
        MemberNumber(number)
        for number in tx.execute(select(due.c.member).order_by(due.c.member).limit(limit)).scalars()
    ]


def insert_lots(tx: Tx, new: Sequence[tuple[Any, ...]]) -> None:
    """Append lots as they are now, each a tuple of the table's columns in their order."""
    insert_rows(tx, lots, new)


def change_lots(tx: Tx, changes: Mapping[int, tuple[int, int, EntryId | None]]) -> None:
    """Add to what remains and has expired of the lot at each position, and set the entry that last gave points back."""
    rows = [(*change, position) for position, change in sorted(changes.items())]
    if rows and tx.dialect.name == "sqlite":
        tx.exec_driver_sql(_CHANGE_EACH, rows)
    elif rows:
        tx.exec_driver_sql(_CHANGE_ALL, tuple(map(list, zip(*rows, strict=True))))


def insert_lot_moves(tx: Tx, moves: Sequence[tuple[int, int, int]]) -> None:
    """Append (position of the entry, position of the lot, signed points)."""
    insert_rows(tx, lot_moves, moves)


def insert_holds(tx: Tx, new: Sequence[Hold]) -> None:
    """Append holds; their draws are the moves of their entries."""
    rows = [
        {
            "id": hold.id, "entry_id": hold.entry_id, "member": hold.member, "amount": hold.amount,
            "created_at": hold.created_at, "until": hold.until, "reference": hold.reference,
            "items": _items_text(hold.items),
        }
        for hold in new
    ]  # fmt: skip
    if rows:
        tx.execute(holds.insert(), rows)


def insert_hold_ends(tx: Tx, ends: Sequence[tuple[str, HoldEndKind, EntryId, UnixSeconds]]) -> None:
    """Append (hold, kind, entry, instant)."""
    rows = [{"hold": hold, "kind": kind, "entry_id": id_, "ended_at": at} for hold, kind, id_, at in ends]
    if rows:
        tx.execute(hold_ends.insert(), rows)


def insert_redemptions(tx: Tx, new: Sequence[Redemption]) -> None:
    """Append redemptions; their draws are the moves of the entry that drew."""
    rows = [(one.entry_id, one.member, one.drawn_by, one.amount, one.refunded, one.reference) for one in new]
    insert_rows(tx, redemptions, rows)


def add_refunded(tx: Tx, refunded: Mapping[EntryId, int]) -> None:
    """Add to what was refunded of each redemption."""
    statement = (
        update(redemptions)
        .where(redemptions.c.entry_id == bindparam("of_entry"))
        .values(refunded=redemptions.c.refunded + bindparam("given"))
    )
    rows = [{"of_entry": entry_id, "given": amount} for entry_id, amount in sorted(refunded.items())]
    if rows:
        tx.execute(statement, rows)


def _lot(row: Sequence[Any]) -> Lot:
    id_, cause, _, member, award, earned_at, expires_at, due_at, in_grace, amount, remaining, expired, returned_by = row
    return Lot(
        id_, member, award or cause, earned_at, expires_at, due_at, bool(in_grace),
        amount=amount, remaining=remaining, expired=expired, returned_by=returned_by,
    )  # fmt: skip


def _hold(row: Sequence[Any], draws: Draws) -> Hold:
    id_, entry_id, member, amount, created_at, until, reference, items_text = row
    items = tuple(HoldItem(**item) for item in json.loads(items_text or "[]"))
    return Hold(id_, entry_id, member, amount, created_at, until, reference, items, draws)


def _items_text(items: Sequence[HoldItem]) -> str | None:
    document = [{"reward": item.reward, "quantity": item.quantity, "cost": item.cost} for item in items]
    return canonical.encode(document).decode() if document else None
