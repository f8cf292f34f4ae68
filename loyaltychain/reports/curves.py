"""What became of the points of each month: the inputs of a breakage estimate, and no estimate.

``earned`` is what came into a cohort and was not taken back; of it so much was redeemed (refunds taken off) by the end
of each month after it, so much has expired, and the rest is outstanding.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from loyaltychain.core.amounts import POINTS
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import parse_zone
from loyaltychain.db.engine import Tx
from loyaltychain.reports import rows
from loyaltychain.reports.figures import NO_COHORT
from loyaltychain.reports.ledger_lines import stream_lines
from loyaltychain.reports.months import month_of, months_between

SHARE_DIGITS = 4  # of a share, rounded down


@dataclass(frozen=True, slots=True)
class Curve:
    """One cohort. ``redeemed[k]``: points redeemed by the end of the k-th month after the one of the cohort."""

    cohort: str
    earned: int
    redeemed: tuple[int, ...]
    expired: int
    outstanding: int

    def document(self) -> dict[str, Any]:
        """The cohort as JSON has it; shares are decimals of ``earned``, null where nothing was earned."""
        return {
            "cohort": self.cohort,
            "earned": self.earned,
            "redeemed": [
                {"months": months, "points": points, "share": share(points, self.earned)}
                for months, points in enumerate(self.redeemed)
            ],
            "expired": self.expired,
            "expired_share": share(self.expired, self.earned),
            "outstanding": self.outstanding,
        }


def read_curves(tx: Tx, *, at: UnixSeconds, timezone: str) -> list[Curve]:
    """All cohorts, oldest first, by what was recorded at ``at``. Reads the whole ledger once."""
    zone = parse_zone(timezone)
    upto, _ = rows.last_position(tx, before=UnixSeconds(at + 1))
    earned: Counter[str] = Counter()
    expired: Counter[str] = Counter()
    redeemed: dict[str, Counter[int]] = {}
    for line in stream_lines(tx, after=0, upto=upto, zone=zone):
        change = line.change
        if change.unit != POINTS or change.cohort == NO_COHORT:
            continue
        if change.figure in ("redeemed", "refunded"):
            months = max(months_between(change.cohort, month_of(line.occurred_at, zone)), 0)
            redeemed.setdefault(change.cohort, Counter())[months] -= change.amount
        elif change.figure == "expired":
            expired[change.cohort] -= change.amount
        else:
            earned[change.cohort] += change.amount
    last = month_of(at, zone)
    return [_curve(cohort, earned[cohort], redeemed.get(cohort, Counter()), expired[cohort], last)
            for cohort in sorted(earned)]  # fmt: skip


def _curve(cohort: str, earned: int, by_month: Counter[int], expired: int, last: str) -> Curve:
    length = max(months_between(cohort, last), *by_month, 0) + 1
    redeemed = tuple(sum(points for months, points in by_month.items() if months <= end) for end in range(length))
    return Curve(cohort, earned, redeemed, expired, outstanding=earned - redeemed[-1] - expired)


def share(part: int, of: int) -> str | None:
    """``part / of`` as a decimal of four digits, rounded down; None where there is nothing to divide by."""
    if of <= 0:
        return None
    scale = 10**SHARE_DIGITS
    whole, rest = divmod(max(part, 0) * scale // of, scale)
    return f"{whole}.{rest:0{SHARE_DIGITS}d}"
