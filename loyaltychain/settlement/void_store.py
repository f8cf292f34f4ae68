"""The queries on what the chain has voided. Decides nothing: that is ``voids``."""

from dataclasses import dataclass

from sqlalchemy import RowMapping, delete, func, insert, select, update

from loyaltychain.chain.settlement_log import append
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.settlement.tables import batch_updates, batch_voids, batches, receipts

#: The contract's ``Fraud`` enum, in its order.
FRAUDS = ("malformed data", "wrong totals", "a balance out of its lane", "a wrong root")


@dataclass(frozen=True, slots=True)
class Void:
    """The chain's batches ``first`` to ``last`` never were."""

    first: int
    last: int
    fraud: int  # place in ``FRAUDS``
    challenger: str  # address, lower-case
    block_number: int
    is_own: bool  # whether a batch among them was settled by this database
    resumed_at: UnixSeconds | None = None  # when an engineer let the settlement go on

    @property
    def reason(self) -> str:
        """The fraud in words."""
        return FRAUDS[self.fraud] if self.fraud < len(FRAUDS) else f"fraud {self.fraud}"


def insert_void(tx: Tx, void: Void) -> None:
    """Raises ConstraintRefused if another one begins with the same batch."""
    row = {
        "first_id": void.first,
        "last_id": void.last,
        "fraud": void.fraud,
        "challenger": void.challenger,
        "block_number": void.block_number,
        "is_own": int(void.is_own),
        "resumed_at": void.resumed_at,
    }
    tx.execute(insert(batch_voids), row)


def last_void_id(tx: Tx) -> int:
    """The largest number that the chain has voided; 0 for none."""
    return int(tx.execute(select(func.coalesce(func.max(batch_voids.c.last_id), 0))).scalar_one())


def last_void_id_below(tx: Tx, batch_id: int) -> int:
    """The same of the numbers below ``batch_id``."""
    below = select(func.coalesce(func.max(batch_voids.c.last_id), 0)).where(batch_voids.c.last_id < batch_id)
    return int(tx.execute(below).scalar_one())


def read_voids(tx: Tx) -> list[Void]:
    """All that is void on chain, by the first number; a later one may reach over an earlier one."""
    return [_void(row) for row in tx.execute(select(batch_voids).order_by(batch_voids.c.first_id)).mappings()]


def find_void(tx: Tx, batch_id: int) -> Void | None:
    """What voided this batch first; None if nothing did."""
    covers = (batch_voids.c.first_id <= batch_id) & (batch_voids.c.last_id >= batch_id)
    query = select(batch_voids).where(covers).order_by(batch_voids.c.block_number, batch_voids.c.first_id.desc())
    row = tx.execute(query.limit(1)).mappings().one_or_none()
    return None if row is None else _void(row)


def unresumed_voids(tx: Tx) -> list[Void]:
    """Those of our own batches after which nobody has let the settlement go on yet, the first one first."""
    query = select(batch_voids).where(batch_voids.c.is_own == 1, batch_voids.c.resumed_at.is_(None))
    return [_void(row) for row in tx.execute(query.order_by(batch_voids.c.first_id)).mappings()]


def set_resumed(tx: Tx, *, now: UnixSeconds) -> None:
    """The settlement may go on after all that was voided so far."""
    tx.execute(update(batch_voids).where(batch_voids.c.resumed_at.is_(None)).values(resumed_at=now))


def void_batches_from(tx: Tx, first: int, *, now: UnixSeconds, reason: str) -> list[tuple[int, str, str]]:
    """Make void all batches from number ``first`` on. Number, hash (0x text) and old state of those that were not."""
    concerned = (batches.c.id >= first) & (batches.c.state != "void")
    asked = select(batches.c.id, batches.c.batch_hash, batches.c.state).where(concerned)
    found = tx.execute(asked.order_by(batches.c.id)).all()
    tx.execute(update(batches).where(concerned).values(state="void"))
    for row in found:
        append(tx, "batch", str(row.id), at=now, was=row.state, became="void", reason=reason)
    return [(row.id, row.batch_hash, row.state) for row in found]


def void_batch_ids(tx: Tx) -> list[int]:
    """The numbers of all batches that are void, ascending."""
    return list(tx.execute(select(batches.c.id).where(batches.c.state == "void").order_by(batches.c.id)).scalars())


def delete_batch(tx: Tx, batch_id: int) -> None:
    """Forget a void batch that was never on chain. Raises ConstraintRefused for any other."""
    tx.execute(delete(receipts).where(receipts.c.batch == batch_id))
    tx.execute(delete(batch_updates).where(batch_updates.c.batch == batch_id))
    tx.execute(delete(batches).where(batches.c.id == batch_id))


def _void(row: RowMapping) -> Void:
    return Void(
        first=row["first_id"],
        last=row["last_id"],
        fraud=row["fraud"],
        challenger=row["challenger"],
        block_number=row["block_number"],
        is_own=bool(row["is_own"]),
        resumed_at=row["resumed_at"],
    )
