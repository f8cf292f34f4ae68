"""judge
├── given no calm price: at once, at any price
├── given a price up to the calm one: at once
├── given a dearer one: later, until the oldest entry has waited long enough
└── given any history of prices: an entry waits at most as long as the policy says
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.settlement.gas_policy import GasPolicy, judge

PATIENT = GasPolicy(calm_wei_per_gas=100, patience_seconds=3_600)


@given(price=st.integers(0, 10**15), age=st.integers(0, 10**9))
def test_judge__no_calm_price__now(price: int, age: int) -> None:
    assert judge(GasPolicy(), wei_per_gas=price, oldest_age=age) == "now"


@pytest.mark.parametrize(
    ("price", "age", "verdict"),
    [(100, 0, "now"), (101, 0, "dear"), (101, 3_599, "dear"), (101, 3_600, "now"), (10**12, 3_600, "now")],
)
def test_judge__at_each_border__says_so(price: int, age: int, verdict: str) -> None:
    assert judge(PATIENT, wei_per_gas=price, oldest_age=age) == verdict


@given(prices=st.lists(st.integers(0, 200), min_size=1, max_size=50), step=st.integers(1, 900))
def test_judge__any_prices__waits_at_most_its_patience(prices: list[int], step: int) -> None:
    waited = [
        place * step
        for place, price in enumerate(prices)
        if judge(PATIENT, wei_per_gas=price, oldest_age=place * step) == "dear"
    ]
    assert all(age < PATIENT.patience_seconds for age in waited)
