"""The SQL of lots, holds and redemptions, one function a query. No decisions here."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select, union, update

from loyaltychain.core import canonical
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events.tables import members as member_rows
from loyaltychain.ledger.lots import Draws, Hold, HoldEndKind, HoldItem, Lot, LotId, Redemption, spend_order
from loyaltychain.ledger.store import parts
from loyaltychain.ledger.tables import hold_ends, holds, lot_moves, lots, redemptions
from loyaltychain.ledger.types import EntryId

_Row = Row[*tuple[Any, ...]]
_NOT_ENDED = ~select(hold_ends.c.hold).where(hold_ends.c.hold == holds.c.id).exists()


def lock_members(tx: Tx, members: Collection[MemberNumber]) -> None:
    """Let nobody else lock these members until the end; those without an account have no other row to lock.

    On SQLite a write transaction excludes all others already.
    """
    if tx.dialect.name == "postgresql":
        query = select(member_rows.c.number).order_by(member_rows.c.number).with_for_update(key_share=True)
        for part in parts(sorted(members)):
            tx.execute(query.where(member_rows.c.number.in_(part)))


def read_open_lots(tx: Tx, members: Collection[MemberNumber]) -> list[Lot]:
    """The members' lots that have points."""
    return list(_lots(tx, select(lots).where(lots.c.remaining > 0), lots.c.member, members))


def read_lots(tx: Tx, ids: Collection[LotId]) -> list[Lot]:
    """The lots of these ids, spent ones too."""
    return list(_lots(tx, select(lots), lots.c.id, ids))


def read_lots_of_awards(tx: Tx, awards: Collection[str]) -> list[Lot]:
    """All lots of these causes, spent ones too."""
    return list(_lots(tx, select(lots), lots.c.award, awards))


def read_open_holds(tx: Tx, members: Collection[MemberNumber]) -> tuple[list[Hold], list[Lot]]:
    """The members' holds that have not ended, and the lots that they drew from."""
    query = select(holds).where(_NOT_ENDED)
    rows = [row for part in parts(sorted(members)) for row in tx.execute(query.where(holds.c.member.in_(part)))]
    draws, drawn = read_draws(tx, {row.entry_id for row in rows})
    return [_hold(row, draws[row.entry_id]) for row in rows], drawn


def read_hold(tx: Tx, hold_id: str) -> tuple[Hold, HoldEndKind | None] | None:
    """A hold and how it ended; None if there is no such hold."""
    query = select(holds, hold_ends.c.kind).outerjoin(hold_ends, hold_ends.c.hold == holds.c.id)
    row = tx.execute(query.where(holds.c.id == hold_id)).one_or_none()
    if row is None:
        return None
    return _hold(row, read_draws(tx, {row.entry_id})[0][row.entry_id]), row.kind


def read_draws(tx: Tx, entry_ids: Collection[EntryId]) -> tuple[dict[EntryId, Draws], list[Lot]]:
    """What each entry took out of which lots, in the order of consumption, and these lots."""
    query = select(lot_moves.c.entry_id, lot_moves.c.amount.label("moved"), lots).join(
        lots, lots.c.id == lot_moves.c.lot_id
    )
    taken: dict[EntryId, list[tuple[Lot, int]]] = {}
    for part in parts(sorted(entry_ids)):
        for row in tx.execute(query.where(lot_moves.c.entry_id.in_(part), lot_moves.c.amount < 0)):
            taken.setdefault(EntryId(row.entry_id), []).append((_lot(row), -row.moved))
    for draws in taken.values():
        draws.sort(key=lambda draw: spend_order(draw[0]))
    lots_by_id = {lot.id: lot for draws in taken.values() for lot, _ in draws}
    return {id_: tuple((lot.id, moved) for lot, moved in draws) for id_, draws in taken.items()}, [*lots_by_id.values()]


def read_redemptions(tx: Tx, *, references: Collection[str], entry_ids: Collection[EntryId]) -> list[_Row]:
    """The redemptions with one of these references or entries, by entry."""
    found: dict[str, _Row] = {}
    for column, keys in ((redemptions.c.reference, references), (redemptions.c.entry_id, entry_ids)):
        for part in parts(sorted(keys)):
            found |= {row.entry_id: row for row in tx.execute(select(redemptions).where(column.in_(part)))}
    return [found[id_] for id_ in sorted(found)]


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


def insert_lots(tx: Tx, new: Sequence[Lot]) -> None:
    """Append lots as they are now."""
    rows = [
        {
            "id": lot.id, "member": lot.member, "award": lot.award, "earned_at": lot.earned_at,
            "expires_at": lot.expires_at, "due_at": lot.due_at, "in_grace": int(lot.in_grace), "amount": lot.amount,
            "remaining": lot.remaining, "expired": lot.expired, "returned_by": lot.returned_by,
        }
        for lot in new
    ]  # fmt: skip
    if rows:
        tx.execute(lots.insert(), rows)


def change_lots(tx: Tx, changes: Mapping[LotId, tuple[int, int, EntryId | None]]) -> None:
    """Add to what remains and what has expired of each lot, and set the entry that last gave points back, if any."""
    rows = [
        {"of_lot": lot_id, "moved": moved, "ran_out": ran_out, "giver": giver}
        for lot_id, (moved, ran_out, giver) in sorted(changes.items())
    ]
    statement = (
        update(lots)
        .where(lots.c.id == bindparam("of_lot"))
        .values(
            remaining=lots.c.remaining + bindparam("moved"),
            expired=lots.c.expired + bindparam("ran_out"),
            returned_by=func.coalesce(bindparam("giver"), lots.c.returned_by),
        )
    )
    if rows:
        tx.execute(statement, rows)


def insert_lot_moves(tx: Tx, moves: Sequence[tuple[EntryId, LotId, int]]) -> None:
    """Append (entry, lot, signed points)."""
    rows = [{"entry_id": entry_id, "lot_id": lot_id, "amount": amount} for entry_id, lot_id, amount in moves]
    if rows:
        tx.execute(lot_moves.insert(), rows)


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
    rows = [
        {
            "entry_id": one.entry_id, "member": one.member, "drawn_by": one.drawn_by, "amount": one.amount,
            "refunded": one.refunded, "reference": one.reference,
        }
        for one in new
    ]  # fmt: skip
    if rows:
        tx.execute(redemptions.insert(), rows)


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


def _lots(tx: Tx, query: Select[*tuple[Any, ...]], column: Any, keys: Collection[Any]) -> Iterator[Lot]:
    for part in parts(sorted(keys)):
        for row in tx.execute(query.where(column.in_(part))):
            yield _lot(row)


def _lot(row: _Row) -> Lot:
    return Lot(
        row.id, row.member, row.award, row.earned_at, row.expires_at, row.due_at, bool(row.in_grace),
        amount=row.amount, remaining=row.remaining, expired=row.expired, returned_by=row.returned_by,
    )  # fmt: skip


def _hold(row: _Row, draws: Draws) -> Hold:
    items = tuple(HoldItem(**item) for item in json.loads(row.items or "[]"))
    return Hold(row.id, row.entry_id, row.member, row.amount, row.created_at, row.until, row.reference, items, draws)


def _items_text(items: Sequence[HoldItem]) -> str | None:
    document = [{"reward": item.reward, "quantity": item.quantity, "cost": item.cost} for item in items]
    return canonical.encode(document).decode() if document else None
