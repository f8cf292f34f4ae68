"""How many qualifying points a member made in a period. Tiers are built on it; it decides none."""

from sqlalchemy import func, select

from loyaltychain.core.amounts import QUALIFYING, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events import links
from loyaltychain.ledger import purse_merge
from loyaltychain.ledger.accounts import qualifying
from loyaltychain.ledger.tables import entries, postings


def qualifying_points(
    tx: Tx, member: MemberNumber, *, start: UnixSeconds, end: UnixSeconds, closed_at: UnixSeconds | None = None
) -> int:
    """The qualifying points of what happened from ``start`` until before ``end``, less what returns took of them.

    Redemptions and expiry never lower them. A fact that is told late counts in the period in which it happened, and so
    do those of members who went over into her: merges move points, and no period.

    Args:
        closed_at: When the period was closed. What was recorded from then on may improve its result, never worsen
            it; None while it is open.
    """
    numbers = [member, *links.find_merged(tx, [member])]
    accounts = [qualifying(number) for number in numbers]
    period = (
        entries.c.member.in_(numbers), postings.c.unit == QUALIFYING, entries.c.occurred_at >= start,
        entries.c.occurred_at < end, entries.c.kind.not_in((purse_merge.OUT, purse_merge.IN)),
    )  # fmt: skip
    total = select(func.coalesce(func.sum(postings.c.amount), 0)).join(
        entries, entries.c.position == postings.c.position
    )
    gained = total.where(postings.c.destination.in_(accounts), *period)
    lost = total.where(postings.c.source.in_(accounts), *period)
    if closed_at is not None:
        lost = lost.where(entries.c.recorded_at < closed_at)
    return int(tx.execute(gained).scalar_one()) - int(tx.execute(lost).scalar_one())
