"""earn_step, of events that need no purse beside others that do
├── for any run: entries, lots, volumes and outcomes are those that the desk alone would have made
└── however many events a run takes: likewise
"""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.events.types import Event
from loyaltychain.operations.earn import earn_step
from loyaltychain.program.types import BonusFromAmount, Expiry, PointsPerCurrencyUnit, Program, Redemption
from tests.operations.builders import bare_database, everything, take
from tests.operations.member_world import NOW

SPEND = PointsPerCurrencyUnit("spend", "points_per_currency_unit", "purchase", 1, 100, "down", None)
BONUS = BonusFromAmount("big", "bonus_from_amount", "purchase", 50, 5_000, qualifying=True)
LATER = PointsPerCurrencyUnit("später", "points_per_currency_unit", "visit", 3, 100, "half_even", 90, 14, True)
PROGRAMS = [
    Program("a", 1, "Europe/London", "GBP", (SPEND, BONUS, LATER), Redemption("redemption")),
    Program("b", 1, "Europe/London", "GBP", (SPEND, LATER), Redemption("redemption"), None, Expiry(1, None, None, 30)),
]


@st.composite
def events(draw) -> list[Event]:
    """Purchases, visits and redemptions of few members, in any order of time, some of which will be refused."""
    found = []
    for number in range(draw(st.integers(1, 14))):
        kind = draw(st.sampled_from(["purchase", "purchase", "visit", "redemption", "hello"]))
        amount: Any = draw(st.integers(-200, 9_000) | st.just(2**52))
        payload = {"amount": amount, "currency": draw(st.sampled_from(["GBP", "GBP", "EUR"]))}
        if kind == "redemption":
            payload = {"amount": draw(st.integers(0, 60)), "unit": "points"}
        elif draw(st.integers(0, 9)) == 0:
            payload = draw(st.sampled_from([{}, {"amount": "12"}, {"amount": 5}]))
        at = NOW - draw(st.integers(0, 90 * 86_400)) if draw(st.integers(0, 19)) else 2**40
        id_ = f'{number}"\\ü' if draw(st.booleans()) else str(number)
        found.append(Event("shop", id_, kind, draw(st.sampled_from(["ann", "bob", "cat"])), at, payload))
    return found


def run(history: Sequence[Event], program: Program, **how: Any) -> dict[str, Any]:
    engine = bare_database()
    take(engine, *history)
    while earn_step(engine, program, now=NOW, **how).events:
        pass
    rows = everything(engine)
    engine.dispose()
    return rows


@pytest.mark.parametrize("program", PROGRAMS, ids=["never expires", "expires"])
@settings(max_examples=30, deadline=None)
@given(history=events())
def test_earn_step__any_run__as_the_desk_alone(program: Program, history: list[Event]) -> None:
    expected = run(history, program, plain=False)
    assert run(history, program) == expected
    assert run(history, program, limit=3) == expected
