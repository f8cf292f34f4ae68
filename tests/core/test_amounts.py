"""ratio_down, ratio_up, ratio_half_even
├── they round as their names say
├── for any amount: they agree with exact fractions
└── when a quantity is negative, or the divisor is below 1: they refuse
"""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core.amounts import LANE_MAX, MEMBER_MAX, ratio_down, ratio_half_even, ratio_up

RATIOS = (ratio_down, ratio_up, ratio_half_even)
quantities = st.integers(0, 2**70)


@pytest.mark.parametrize(
    ("amount", "down", "up", "half_even"), [(0, 0, 0, 0), (1, 0, 1, 0), (2, 1, 1, 1), (3, 1, 2, 2), (5, 2, 3, 2)]
)
def test_ratio__halves__round_as_named(amount, down, up, half_even) -> None:
    assert tuple(ratio(amount, times=1, per=2) for ratio in RATIOS) == (down, up, half_even)


@settings(deadline=None)
@given(amount=quantities, times=quantities, per=st.integers(1, 2**70))
def test_ratio__any_amount__agrees_with_fractions(amount, times, per) -> None:
    exact = Fraction(amount * times, per)
    assert tuple(ratio(amount, times=times, per=per) for ratio in RATIOS) == (
        math.floor(exact), math.ceil(exact), round(exact),
    )  # fmt: skip


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("values", [(-1, 1, 1), (1, -1, 1), (1, 1, 0), (1, 1, -1)])
def test_ratio__negative_or_no_divisor__refuses(ratio, values) -> None:
    amount, times, per = values
    with pytest.raises(AssertionError):
        ratio(amount, times=times, per=per)


def test_limits__lanes_and_members__are_the_protocols() -> None:
    assert (LANE_MAX, MEMBER_MAX) == (4_294_967_295, 134_217_727)
