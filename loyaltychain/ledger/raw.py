"""Bare rows for ``ledger/checks.py``: what the tables say, valid or not. Streams, because checks read everything."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, Select, select

from loyaltychain.db.engine import Tx
from loyaltychain.ledger.tables import entries, entry_positions, postings, volumes

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


def _stream(tx: Tx, query: Select[*tuple[Any, ...]]) -> Iterator[Raw]:
    yield from tx.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE})
