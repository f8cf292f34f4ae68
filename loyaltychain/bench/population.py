"""A SIMULATED programme: who of its members is active between two batches, and for how many points.

Members are numbered in joining order. How often somebody shops varies widely (gamma of shape 0.7), and newer members
shop more; N distinct ones are drawn by that weight. An active member has 1 + Poisson(4) events: three of five a fixed
reward of 5 to 100 points, the others a purchase of about 45 points (log-normal, sigma 1). Their sum, held within 10 to
5,000, is some 217 points on average.
"""

import math
import random

_SHAPE, _LEAST_WEIGHT = 0.7, 0.01
_OLDEST, _NEWEST = 0.35, 1.0  # how active the first and the last member are, other things equal
_EVENTS_MORE = 4
_FIXED_SHARE = 0.6
_FIXED, _FIXED_WEIGHTS = (5, 10, 20, 25, 50, 100), (3, 5, 5, 3, 2, 1)
_PURCHASE_MEDIAN, _PURCHASE_SIGMA = 45, 1.0
_LEAST, _MOST = 10, 5_000


def draw_credits(active: int, *, percent: int, seed: int = 1) -> dict[int, int]:
    """What a batch credits: member number to points, of ``active`` members among the programme's.

    Args:
        active: how many members have points to come.
        percent: which part of all members they are; all members are ``active * 100 // percent``.
        seed: the same seed, the same credits, on every machine and Python.
    """
    dice = random.Random(f"{seed}/{active}/{percent}")  # noqa: S311 - a simulation, not a secret
    members = active * 100 // percent
    drawn = range(1, members + 1) if members == active else _draw_members(dice, active, members)
    return {member: _draw_points(dice) for member in drawn}


def _draw_members(dice: random.Random, active: int, members: int) -> list[int]:
    """Who comes first of all, if each waits for a time that is the shorter the more active she is."""
    waits = sorted((dice.expovariate(_weigh(dice, member / members)), member) for member in range(1, members + 1))
    return sorted(member for _, member in waits[:active])


def _weigh(dice: random.Random, joined: float) -> float:
    """How active a member is. ``joined`` is 0 for the first one, 1 for the last."""
    propensity = dice.gammavariate(_SHAPE, 1) + _LEAST_WEIGHT
    return propensity * (_OLDEST + (_NEWEST - _OLDEST) * joined**2)


def _draw_points(dice: random.Random) -> int:
    points = sum(_draw_event(dice) for _ in range(1 + _draw_poisson(dice, _EVENTS_MORE)))
    return min(max(points, _LEAST), _MOST)


def _draw_event(dice: random.Random) -> int:
    if dice.random() < _FIXED_SHARE:
        return dice.choices(_FIXED, _FIXED_WEIGHTS)[0]
    return max(1, round(dice.lognormvariate(math.log(_PURCHASE_MEDIAN), _PURCHASE_SIGMA)))


def _draw_poisson(dice: random.Random, mean: float) -> int:
    """By Knuth: how many random factors it takes to fall below e^-mean, less one."""
    floor, product, count = math.exp(-mean), dice.random(), 0
    while product > floor:
        product *= dice.random()
        count += 1
    return count
