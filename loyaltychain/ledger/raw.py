"""Bare rows for ``ledger/checks.py``: what the tables say, valid or not. Streams, because checks read everything."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, Select, case, func, select

from loyaltychain.db.engine import Tx
from loyaltychain.ledger.tables import entries, entry_positions, hold_ends, holds, lot_moves, lots, postings, volumes

_ROWS_AT_ONCE = 5_000

Raw = Row[*tuple[Any, ...]]


def read_lines(tx: Tx) -> Iterator[Raw]:
    """One row a posting, with its entry and position: by position, the entries without one last.

    An entry without postings has one row whose ``line`` is None.
    """
    return _stream(
        tx,
        select(
            entries, entry_positions.c.position, entry_positions.c.head,
            postings.c.line, postings.c.source, postings.c.destination, postings.c.unit, postings.c.amount,
        )
        .outerjoin(entry_positions, entry_positions.c.entry_id == entries.c.id)
        .outerjoin(postings, postings.c.entry_id == entries.c.id)
        .order_by(entry_positions.c.position.is_(None), entry_positions.c.position, entries.c.id, postings.c.line),
    )  # fmt: skip


def read_orphans(tx: Tx) -> Iterator[Raw]:
    """The postings (entry_id, line) whose entry does not exist."""
    return _stream(
        tx,
        select(postings.c.entry_id, postings.c.line)
        .outerjoin(entries, entries.c.id == postings.c.entry_id)
        .where(entries.c.id.is_(None))
        .order_by(postings.c.entry_id, postings.c.line),
    )


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
    """The lots in which another number of points remains than their moves leave: (id, remaining, moved)."""
    moved = func.coalesce(func.sum(lot_moves.c.amount), 0)
    return _stream(
        tx,
        select(lots.c.id, lots.c.remaining, moved.label("moved"))
        .outerjoin(lot_moves, lot_moves.c.lot_id == lots.c.id)
        .group_by(lots.c.id, lots.c.remaining)
        .having(lots.c.remaining != moved)
        .order_by(lots.c.id),
    )


def read_expired(tx: Tx) -> int:
    """What the lots say that ran out, in all."""
    return int(tx.execute(select(func.coalesce(func.sum(lots.c.expired), 0))).scalar_one())


def _stream(tx: Tx, query: Select[*tuple[Any, ...]]) -> Iterator[Raw]:
    yield from tx.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE})
