"""next_fees
├── given no attempt yet
│   ├── when the market is calm: it bids twice the base fee and the tip
│   ├── when the node knows of no tip: it bids the profile's least tip
│   ├── when only the comfort lies above the ceiling: it bids the ceiling
│   └── when the next block's price lies above the ceiling: it says so
├── given an attempt
│   ├── when the market is calm: it raises both parts by the bump, rounded up
│   ├── when the tip was 0: it raises it by 1 wei
│   ├── when the market has risen: it bids the market
│   ├── when the bump lies above the absolute ceiling: it says so
│   └── when the bump lies above the multiple of the market: it says so
├── given any market, previous bid and limits: a bid keeps every bound, and nothing else is refused
└── given a bump below what nodes accept: it is a programmer's error
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.chain.fees import CeilingReached, FeeBid, next_fees
from loyaltychain.chain.rpc import Fees
from tests.chain.intent_builders import Limits


def test_next_fees__first_calm_market__doubles_the_base_fee() -> None:
    assert next_fees(None, Fees(base_fee=100, tip=3), Limits()) == FeeBid(max_fee=203, tip=3)


def test_next_fees__first_without_tip__bids_the_least_tip() -> None:
    assert next_fees(None, Fees(base_fee=100, tip=0), Limits(min_tip=7)) == FeeBid(max_fee=207, tip=7)


def test_next_fees__first_comfort_above_ceiling__bids_the_ceiling() -> None:
    assert next_fees(None, Fees(base_fee=100, tip=3), Limits(max_wei_per_gas=150)) == FeeBid(max_fee=150, tip=3)


def test_next_fees__first_price_above_ceiling__says_so() -> None:
    bid = next_fees(None, Fees(base_fee=100, tip=3), Limits(max_wei_per_gas=102))

    assert bid == CeilingReached(wanted=FeeBid(max_fee=103, tip=3), ceiling=102)


def test_next_fees__bump_calm_market__raises_both_rounded_up() -> None:
    bid = next_fees(FeeBid(max_fee=201, tip=11), Fees(base_fee=100, tip=1), Limits())

    assert bid == FeeBid(max_fee=222, tip=13)  # ceil(221.1), ceil(12.1)


def test_next_fees__bump_of_no_tip__raises_it_by_one() -> None:
    bid = next_fees(FeeBid(max_fee=200, tip=0), Fees(base_fee=100, tip=0), Limits(min_tip=0))

    assert bid == FeeBid(max_fee=220, tip=1)


def test_next_fees__bump_market_risen__bids_the_market() -> None:
    bid = next_fees(FeeBid(max_fee=200, tip=2), Fees(base_fee=1_000, tip=50), Limits())

    assert bid == FeeBid(max_fee=2_050, tip=50)


def test_next_fees__bump_above_absolute_ceiling__says_so() -> None:
    bid = next_fees(FeeBid(max_fee=200, tip=2), Fees(base_fee=100, tip=2), Limits(max_wei_per_gas=219))

    assert bid == CeilingReached(wanted=FeeBid(max_fee=220, tip=3), ceiling=219)


def test_next_fees__bump_above_multiple_of_market__says_so() -> None:
    bid = next_fees(FeeBid(max_fee=1_000, tip=2), Fees(base_fee=100, tip=2), Limits(max_fee_multiple=5))

    assert bid == CeilingReached(wanted=FeeBid(max_fee=1_100, tip=3), ceiling=1_010)


fees = st.integers(min_value=0, max_value=10**12)
markets = st.builds(Fees, base_fee=fees, tip=fees)
previous_bids = st.none() | st.tuples(fees, fees).map(lambda pair: FeeBid(max_fee=max(pair), tip=min(pair)))
limits = st.builds(
    Limits,
    min_tip=fees,
    bump_percent=st.integers(10, 100),
    max_fee_multiple=st.integers(1, 10),
    max_wei_per_gas=st.integers(1, 10**13),
)


@settings(deadline=None, max_examples=300)
@given(previous=previous_bids, market=markets, bounds=limits)
def test_next_fees__any_market__keeps_every_bound(previous: FeeBid | None, market: Fees, bounds: Limits) -> None:
    bid = next_fees(previous, market, bounds)

    tip = max(market.tip, bounds.min_tip)
    ceiling = min(bounds.max_wei_per_gas, bounds.max_fee_multiple * (2 * market.base_fee + tip))
    if isinstance(bid, CeilingReached):
        assert bid.ceiling == ceiling
        assert bid.wanted.max_fee > ceiling
        bid = bid.wanted
    else:
        assert bid.max_fee <= ceiling
    assert bid.max_fee >= market.base_fee + tip
    assert bid.max_fee >= bid.tip >= tip
    if previous is not None:
        assert bid.max_fee * 100 >= previous.max_fee * (100 + bounds.bump_percent)
        assert bid.tip * 100 >= previous.tip * (100 + bounds.bump_percent)
        assert bid.max_fee > previous.max_fee
        assert bid.tip > previous.tip


def test_next_fees__bump_too_small__programmer_error() -> None:
    with pytest.raises(AssertionError, match="smaller replacements"):
        next_fees(None, Fees(base_fee=1, tip=1), Limits(bump_percent=9))
