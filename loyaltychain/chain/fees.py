"""What to bid for gas: the first bid, and each replacement's. Pure; reads no chain.

Ceilings bound every bid. At a ceiling nothing is abandoned: the sender keeps sending what it has signed.
"""

from dataclasses import dataclass
from typing import Protocol

from loyaltychain.chain.facts import Fees
from loyaltychain.core.amounts import ratio_up


class FeeLimits(Protocol):
    """The part of a chain profile that bounds bids."""

    @property
    def min_tip(self) -> int: ...  # wei a gas
    @property
    def bump_percent(self) -> int: ...  # at least 10
    @property
    def max_fee_multiple(self) -> int: ...  # of the market's bid
    @property
    def max_wei_per_gas(self) -> int: ...


@dataclass(frozen=True, slots=True)
class FeeBid:
    """What one attempt offers, in wei a gas."""

    max_fee: int
    tip: int


@dataclass(frozen=True, slots=True)
class CeilingReached:
    """The bid that would be needed lies above what may be paid, in wei a gas."""

    wanted: FeeBid
    ceiling: int


def next_fees(previous: FeeBid | None, market: Fees, limits: FeeLimits) -> FeeBid | CeilingReached:
    """The bid of the next attempt on a nonce.

    A first bid is twice the base fee and the tip, so that it holds through six full blocks in a row. A replacement
    raises both parts by at least ``bump_percent`` (and 1 wei), because nodes drop one that raises only one of them.
    No bid is below what the next block asks (base fee and tip), none above the absolute ceiling or
    ``max_fee_multiple`` times the market's bid.

    Source: replacement rules of geth's transaction pool; bounds as in op-service's txmgr.
    """
    assert limits.bump_percent >= 10, "nodes refuse smaller replacements"
    assert limits.max_fee_multiple >= 1, "the market itself must be payable"
    tip = max(market.tip, limits.min_tip)
    floor = market.base_fee + tip
    comfortable = 2 * market.base_fee + tip
    ceiling = min(limits.max_wei_per_gas, limits.max_fee_multiple * comfortable)
    if previous is not None:
        tip = max(tip, _bumped(previous.tip, percent=limits.bump_percent))
        # A tip above the fee would be refused as malformed, so the fee follows it.
        floor = max(floor, _bumped(previous.max_fee, percent=limits.bump_percent), tip)
    if floor > ceiling:
        return CeilingReached(FeeBid(floor, tip), ceiling)
    return FeeBid(max(floor, min(comfortable, ceiling)), tip)


def _bumped(fee: int, *, percent: int) -> int:
    return max(ratio_up(fee, times=100 + percent, per=100), fee + 1)
