"""Quantities. Every one is an ``int`` of some unit; rounding happens here and nowhere else."""

from typing import NewType

Unit = NewType("Unit", str)  # "points" or "badge:<achievement>"
Amount = NewType("Amount", int)  # whole units; the token has 0 decimals, so 1 here is 1 on chain
MemberNumber = NewType("MemberNumber", int)  # 1 .. MEMBER_MAX; the member's name on chain

POINTS = Unit("points")
QUALIFYING = Unit("qualifying")  # counts towards a tier; cannot be spent, and does not stand on chain
LANE_MAX = 2**32 - 1  # the largest balance that one lane of a packed word can hold
MEMBER_MAX = 2**27 - 1  # 2**24 words of 8 lanes; number 0 stands for nobody


def ratio_down(amount: int, *, times: int, per: int) -> int:
    """``amount * times / per`` rounded towards zero: a fraction favours the programme.

    Raises AssertionError for a negative amount or rate, or ``per`` below 1.
    """
    assert amount >= 0 and times >= 0 and per >= 1, (amount, times, per)
    return amount * times // per


def ratio_up(amount: int, *, times: int, per: int) -> int:
    """``amount * times / per`` rounded away from zero: a fraction favours the member."""
    assert amount >= 0 and times >= 0 and per >= 1, (amount, times, per)
    return -(-amount * times // per)


def ratio_half_even(amount: int, *, times: int, per: int) -> int:
    """``amount * times / per`` to the nearest, ties to the even one: favours nobody in the long run."""
    assert amount >= 0 and times >= 0 and per >= 1, (amount, times, per)
    whole, rest = divmod(amount * times, per)
    return whole + (2 * rest > per or (2 * rest == per and whole % 2 == 1))
