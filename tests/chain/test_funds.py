"""Funds: given any balance, cost and reserve, its state, how many batches it lasts and what is missing agree"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.chain.funds import Funds

WEI = st.integers(0, 10**24)


@given(balance=WEI, batch=st.integers(1, 10**20), batches=st.integers(1, 1_000))
def test_funds__any__figures_agree(balance: int, batch: int, batches: int) -> None:
    funds = Funds(balance, batch, batches)

    assert funds.lasts * batch <= balance < (funds.lasts + 1) * batch
    assert funds.state == ("short" if funds.lasts == 0 else "low" if funds.lasts < batches else "enough")
    assert (funds.advice == "") == (funds.state == "enough")


@pytest.mark.parametrize(
    ("balance", "state"), [(0, "short"), (99, "short"), (100, "low"), (299, "low"), (300, "enough")]
)
def test_funds__at_each_border__says_so(balance: int, state: str) -> None:
    assert Funds(balance, batch=100, batches=3).state == state


def test_advice__low__names_what_is_missing() -> None:
    assert Funds(250, 100, 3).advice == ("It pays for 2 of the 3 batches that the reserve is for: send it 50 wei.")


def test_funds__a_chain_without_fees__are_enough() -> None:
    assert Funds(0, 0, 5).state == "enough"
    assert Funds(0, 0, 5).lasts == 5
