"""Bare rows for ``ledger/checks.py``: what the tables say, valid or not. Streams, because checks read everything."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import CompoundSelect, Row, Select, case, func, literal, select, union

from loyaltychain.db.engine import Tx
from loyaltychain.ledger.tables import entries, hold_ends, holds, lot_moves, lots, redemptions, volumes

_ROWS_AT_ONCE = 5_000

Raw = Row[*tuple[Any, ...]]


def read_entries(tx: Tx) -> Iterator[Raw]:
    """Every entry, by position."""
    return _stream(tx, select(entries).order_by(entries.c.position))


def read_stray_lots(tx: Tx) -> Iterator[Raw]:
    """The positions of lots, and of moves of lots, at which there is no entry or no lot: (name, position)."""
    queries = [
        select(literal(name).label("name"), column.label("position"))
        .outerjoin(of, of.c.position == column)
        .where(of.c.position.is_(None))
        for name, column, of in (
            ("lot", lots.c.position, entries),
            ("move", lot_moves.c.position, entries),
            ("moved lot", lot_moves.c.lot, lots),
        )
    ]
    return _stream(tx, union(*queries).order_by("name", "position"))


def read_volumes(tx: Tx) -> Iterator[Raw]:
    """Every account's totals, unit by unit."""
    return _stream(tx, select(volumes).order_by(volumes.c.unit, volumes.c.account))


def read_lot_sums(tx: Tx) -> Iterator[Raw]:
    """What remains in each member's lots: (member, is_pending, remaining)."""
    is_pending = case((lots.c.due_at.is_(None), 0), else_=1).label("is_pending")
    query = select(lots.c.member, is_pending, func.sum(lots.c.remaining).label("remaining"))
    return _stream(tx, query.group_by(lots.c.member, is_pending).order_by(lots.c.member, is_pending))


def read_hold_sums(tx: Tx) -> Iterator[Raw]:
    """What each member's holds that did not end keep: (member, amount)."""
    query = select(holds.c.member, func.sum(holds.c.amount).label("amount")).outerjoin(
        hold_ends, hold_ends.c.hold == holds.c.id
    )
    return _stream(tx, query.where(hold_ends.c.hold.is_(None)).group_by(holds.c.member).order_by(holds.c.member))


def read_moved_lots(tx: Tx) -> Iterator[Raw]:
    """The lots in which another number of points remains than their moves leave: (position, remaining, moved)."""
    moved = lots.c.amount + func.coalesce(func.sum(lot_moves.c.amount), 0)
    return _stream(
        tx,
        select(lots.c.position, lots.c.remaining, moved.label("moved"))
        .outerjoin(lot_moves, lot_moves.c.lot == lots.c.position)
        .group_by(lots.c.position, lots.c.remaining, lots.c.amount)
        .having(lots.c.remaining != moved)
        .order_by(lots.c.position),
    )


def read_redemptions(tx: Tx) -> Iterator[Raw]:
    """Every redemption with the postings of its entry, None without one: (entry_id, amount, refunded, postings)."""
    columns = (redemptions.c.entry_id, redemptions.c.amount, redemptions.c.refunded, entries.c.postings)
    query = select(*columns).outerjoin(entries, entries.c.id == redemptions.c.entry_id)
    return _stream(tx, query.order_by(redemptions.c.entry_id))


def read_refunds(tx: Tx) -> Iterator[Raw]:
    """(details, postings) of every refund."""
    return _stream(tx, select(entries.c.details, entries.c.postings).where(entries.c.kind == "refund"))


def read_expired(tx: Tx) -> int:
    """What the lots say that ran out, in all."""
    return int(tx.execute(select(func.coalesce(func.sum(lots.c.expired), 0))).scalar_one())


def _stream(tx: Tx, query: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]) -> Iterator[Raw]:
    yield from tx.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE})
