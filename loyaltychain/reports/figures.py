"""What an entry did to what members have, by bucket, cohort and figure. Pure.

A bucket is where a member's points stand: ``owned`` (available or held, which is what stands on chain), ``pending``,
``debt`` (below zero), ``qualifying``. A cohort is the month in which a lot was earned; debts and qualifying points
have none. What an entry took from several lots is spread over its postings in the order in which it took them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS, QUALIFYING
from loyaltychain.ledger import accounts
from loyaltychain.ledger.lots import Lot, LotId, spend_order
from loyaltychain.ledger.types import AccountId

Bucket = Literal["owned", "pending", "debt", "qualifying"]
BUCKETS: tuple[Bucket, ...] = ("owned", "pending", "debt", "qualifying")
#: In the order of a report. ``moved``: between two buckets of one member; it adds up to nothing.
FIGURES = ("issued", "redeemed", "expired", "reversed", "reinstated", "refunded", "adjusted", "merged", "moved")
NO_COHORT = ""

_CAME_FROM = {
    accounts.ISSUED: "issued", accounts.REVERSED: "reinstated", accounts.REDEEMED: "refunded",
    accounts.EXPIRED: "expired", accounts.ADJUSTED: "adjusted", accounts.MERGED: "merged",
}  # fmt: skip
_WENT_TO = {
    accounts.ISSUED: "issued", accounts.REVERSED: "reversed", accounts.REDEEMED: "redeemed",
    accounts.EXPIRED: "expired", accounts.ADJUSTED: "adjusted", accounts.MERGED: "merged",
}  # fmt: skip
_BUCKET_OF: dict[str, Bucket] = {
    "available": "owned", "held": "owned", "pending": "pending", "debt": "debt", "qualifying": "qualifying",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moved:
    """One posting of an entry."""

    source: str
    destination: str
    unit: str
    amount: int


@dataclass(frozen=True, slots=True)
class Change:
    """What an entry did to one bucket and cohort under one figure; ``amount`` is signed, and never 0."""

    unit: str
    bucket: Bucket
    cohort: str
    figure: str
    amount: int


def changes_of(
    postings: Iterable[Moved], lots: Iterable[tuple[Lot, int]], cohort_of: Callable[[int], str]
) -> Iterator[Change]:
    """What an entry with these postings did.

    Args:
        lots: (lot, points): what the entry moved into lots (above zero) and out of them; points that an open hold
            keeps count as its lots' own, so a hold moves nothing, and its end moves what does not come back.
        cohort_of: The month of an instant.

    Raises InvariantError when postings and lots do not fit, or an account is none that a report knows.
    """
    legs = [leg for posting in postings for leg in _legs(posting)]
    spread = _net(lots)
    for bucket in BUCKETS:
        for is_gain in (True, False):
            its = [leg for leg in legs if leg.bucket == bucket and (leg.amount > 0) == is_gain]
            if bucket in ("debt", "qualifying"):
                yield from its
                continue
            parts = [
                (cohort_of(lot.earned_at), points)
                for lot, points in spread
                if (points > 0) == is_gain and (lot.due_at is not None) == (bucket == "pending")
            ]
            yield from _spread(its, parts)


def _legs(posting: Moved) -> Iterator[Change]:
    """The two ends of a posting as far as they are members' buckets; both in one bucket is no change. Badges are in
    none: they are counted where they are held."""
    if posting.unit not in (POINTS, QUALIFYING):
        return
    source, destination = _bucket(posting.source), _bucket(posting.destination)
    if source == destination:
        return
    if source is not None:
        figure = "moved" if destination is not None else _figure(_WENT_TO, posting.destination)
        yield Change(posting.unit, source, NO_COHORT, figure, -posting.amount)
    if destination is not None:
        figure = "moved" if source is not None else _figure(_CAME_FROM, posting.source)
        yield Change(posting.unit, destination, NO_COHORT, figure, posting.amount)


def _spread(legs: Sequence[Change], parts: Sequence[tuple[str, int]]) -> Iterator[Change]:
    """Each leg cut into the cohorts of the lots that it touched, in order. All have the same sign."""
    if sum(leg.amount for leg in legs) != sum(points for _, points in parts):
        raise errors.InvariantError(
            "An entry's postings and its lots do not fit: run `loyaltychain audit`.",
            postings=str(legs),
            lots=str(parts),
        )
    left = list(parts)[::-1]
    for leg in legs:
        assert leg.unit == POINTS, leg
        wanted, cut = leg.amount, Counter[str]()
        while wanted:
            cohort, points = left.pop()
            part = points if abs(points) <= abs(wanted) else wanted
            cut[cohort] += part
            wanted -= part
            if points != part:
                left.append((cohort, points - part))
        for cohort, part in cut.items():
            yield Change(leg.unit, leg.bucket, cohort, leg.figure, part)


def _net(lots: Iterable[tuple[Lot, int]]) -> list[tuple[Lot, int]]:
    """One sum a lot, in the order in which lots are spent; what comes to nothing is left out."""
    sums: Counter[LotId] = Counter()
    by_id: dict[LotId, Lot] = {}
    for lot, points in lots:
        sums[lot.id] += points
        by_id[lot.id] = lot
    return [(lot, sums[lot.id]) for lot in sorted(by_id.values(), key=spend_order) if sums[lot.id]]


def _bucket(account: str) -> Bucket | None:
    return _BUCKET_OF[account.rsplit(":", 1)[1]] if accounts.is_member(account) else None


def _figure(figures: dict[AccountId, str], account: str) -> str:
    found = figures.get(AccountId(account))
    if found is None:
        raise errors.InvariantError("Reports know no figure for this account.", account=account)
    return found
