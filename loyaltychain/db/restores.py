"""That a database came from a backup, and whether it was held against its chain since."""

from dataclasses import dataclass

from sqlalchemy import CheckConstraint, Column, Table, func, select, update

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.db.tables import Number, String, metadata

restores = Table(
    "restores",
    metadata,
    Column("number", Number, CheckConstraint("number >= 1", name="number"), primary_key=True, autoincrement=False),
    Column("backup", String, nullable=False),  # SHA-256 of the file, 0x hex
    Column("taken_at", Number, nullable=False),
    Column("restored_at", Number, nullable=False),
    Column("reconciled_at", Number),  # none: nothing may be signed yet
)


@dataclass(frozen=True, slots=True)
class Restore:
    """One restore that was not reconciled yet."""

    number: int
    backup: str
    taken_at: UnixSeconds
    restored_at: UnixSeconds


def mark_restored(tx: Tx, *, backup: str, taken_at: UnixSeconds, now: UnixSeconds) -> None:
    """Say that this database's content came from this backup."""
    number = int(tx.execute(select(func.coalesce(func.max(restores.c.number), 0))).scalar_one()) + 1
    row = {"number": number, "backup": backup, "taken_at": taken_at, "restored_at": now, "reconciled_at": None}
    tx.execute(restores.insert(), [row])


def unreconciled(tx: Tx) -> Restore | None:
    """The newest restore after which nothing may be signed yet; None where there is none."""
    query = (
        select(restores.c.number, restores.c.backup, restores.c.taken_at, restores.c.restored_at)
        .where(restores.c.reconciled_at.is_(None))
        .order_by(restores.c.number.desc())
        .limit(1)
    )
    row = tx.execute(query).one_or_none()
    return Restore(*row) if row else None


def mark_reconciled(tx: Tx, *, now: UnixSeconds) -> int:
    """Let the settler sign again. Answers how many restores that concerns."""
    open_ones = update(restores).where(restores.c.reconciled_at.is_(None)).values(reconciled_at=now)
    return int(tx.execute(open_ones).rowcount)
