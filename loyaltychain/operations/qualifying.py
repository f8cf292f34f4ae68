"""How many qualifying points a member made in a period. Tiers are built on it; it decides none."""

from sqlalchemy import func, select

from loyaltychain.core.amounts import QUALIFYING, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.accounts import qualifying
from loyaltychain.ledger.tables import entries, postings


def qualifying_points(
    tx: Tx, member: MemberNumber, *, start: UnixSeconds, end: UnixSeconds, closed_at: UnixSeconds | None = None
) -> int:
    """The qualifying points of what happened from ``start`` until before ``end``, less what returns took of them.

    Redemptions and expiry never lower them. A fact that is told late counts in the period in which it happened.

    Args:
        closed_at: When the period was closed. What was recorded from then on may improve its result, never worsen
            it; None while it is open.
    """
    account = qualifying(member)
    period = (postings.c.unit == QUALIFYING, entries.c.occurred_at >= start, entries.c.occurred_at < end)
    total = select(func.coalesce(func.sum(postings.c.amount), 0)).join(entries, entries.c.id == postings.c.entry_id)
    gained = total.where(postings.c.destination == account, *period)
    lost = total.where(postings.c.source == account, *period)
    if closed_at is not None:
        lost = lost.where(entries.c.recorded_at < closed_at)
    return int(tx.execute(gained).scalar_one()) - int(tx.execute(lost).scalar_one())
