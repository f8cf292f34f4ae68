"""How much of what a member owns stands on chain, and how much is decided and in no final batch yet."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, cast, func, select

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.settlement.tables import batch_updates, batches


@dataclass(frozen=True, slots=True)
class Accrual:
    """Points of one member, in whole points."""

    settled: int  # what the final batches gave her
    accrued: int  # what the next ones add, or take where it is below zero
    batch: int  # the newest final one; 0: none is final yet


def read_accrual(tx: Tx, member: MemberNumber, owned: int, *, at: UnixSeconds) -> Accrual:
    """Her points by the final batches that were sealed by ``at``, beside what she owned then.

    Args:
        owned: Available and held together.
    """
    newest = select(func.coalesce(func.max(batches.c.id), 0)).where(batches.c.state == "final", batches.c.time <= at)
    last = int(tx.execute(newest).scalar_one())
    total = select(cast(func.coalesce(func.sum(batch_updates.c.delta), 0), BigInteger)).where(
        batch_updates.c.member == member,
        batch_updates.c.batch <= last,
        batch_updates.c.batch.not_in(select(batches.c.id).where(batches.c.state == "void")),
    )
    settled = int(tx.execute(total).scalar_one())
    return Accrual(settled=settled, accrued=owned - settled, batch=last)
