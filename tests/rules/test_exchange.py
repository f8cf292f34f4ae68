"""read_exchange, Exchange.convert; evaluate, of purchases in another currency

given a rate
    amounts are converted in integers, rounded as the programme declares, whatever the currencies' minor units
    each line of an order by itself: lines and order always agree (EDGE 72)
given a programme that takes exchange rates
    original amount, rate, source and time stand in the explanation (EDGE 73)
given none, or an event without a rate
    a foreign currency earns nothing
given a rate that is none
    it raises InvalidEvent naming the field
"""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.core import errors
from loyaltychain.core.money import EXPONENTS
from loyaltychain.program.types import Currencies
from loyaltychain.rules.evaluate import evaluate
from loyaltychain.rules.exchange import Exchange, read_exchange
from tests.events.builders import make_event
from tests.program.builders import make_order_program, make_program, make_rule

ECB = {"rate": "0.8571", "source": "ECB", "as_of": "2026-01-05"}
TAKES = Currencies("exchange", "down")


def purchase(amount: int = 2_000, currency: str = "EUR", **exchange: Any) -> Any:
    return make_event(payload={"amount": amount, "currency": currency, "exchange": ECB | exchange})


def test_edge_73__purchase_with_a_rate__converted_and_explained() -> None:
    found = evaluate(make_program(currencies=TAKES), purchase())

    assert [award.amount for award in found.awards] == [17]
    facts = ECB | {"amount": 2_000, "currency": "EUR", "converted": 1_714, "to": "GBP", "rounding": "down"}
    assert found.exchange == found.explanation["exchange"] == facts
    assert found.explanation["result"].endswith("20.00 EUR count as 17.14 GBP at 0.8571 (ECB, 2026-01-05).")
    assert found.explanation["rules"][0]["inputs"]["amount"] == 1_714


def test_edge_73__order_with_a_rate__line_by_line() -> None:
    lines = [{"line": str(n), "item": "cup", "quantity": 1, "amount": 117} for n in range(3)]
    event = make_event(type="order", payload={"currency": "EUR", "lines": lines, "exchange": ECB})

    down, up = (
        evaluate(make_order_program(make_rule(event="order", per=1), currencies=Currencies("exchange", way)), event)
        for way in ("down", "up")  # 100.28 each
    )

    assert [line.points for line in down.lines] == [100, 100, 100]
    assert [line.points for line in up.lines] == [101, 101, 101]
    assert (down.exchange or {})["converted"] == 300
    assert (up.exchange or {})["amount"] == 351


@pytest.mark.parametrize(
    ("program", "event"),
    [
        (make_program(), purchase()),
        (make_program(currencies=TAKES), make_event(payload={"amount": 2_000, "currency": "EUR"})),
        (make_program(currencies=TAKES), purchase(currency="XXX")),
    ],
)
def test_edge_73__no_rate_or_not_asked_for__nothing(program: Any, event: Any) -> None:
    found = evaluate(program, event)

    assert (found.awards, found.exchange) == ((), None)
    assert "points are given for GBP only" in found.explanation["result"]


def test_evaluate__own_currency__its_rate_is_not_looked_at() -> None:
    found = evaluate(make_program(currencies=TAKES), purchase(currency="GBP", rate="no rate"))

    assert ([award.amount for award in found.awards], found.exchange) == ([20], None)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("0.86", "exchange must be an object of rate, source and as_of"),
        (ECB | {"rate": 0.86}, "exchange.rate must be printable text"),
        (ECB | {"rate": "0.000"}, "exchange.rate must be above 0"),
        (ECB | {"rate": "-1"}, "exchange.rate must be above 0"),
        (ECB | {"rate": "1,5"}, "not a decimal number"),
        (ECB | {"source": ""}, "exchange.source must be printable text"),
        ({"rate": "1", "source": "ECB"}, "exchange.as_of must be printable text"),
    ],
)
def test_read_exchange__wrong__refused(said: Any, message: str) -> None:
    with pytest.raises(errors.InvalidEvent, match=message):
        read_exchange({"exchange": said})


def test_convert__too_large__refused() -> None:
    with pytest.raises(errors.InvalidEvent, match="too large"):
        Exchange("9" * 18, "x", "x").convert(2**40, paid_in="EUR", to="GBP", rounding="down")


@given(
    st.integers(0, 10**9),
    st.integers(1, 10**7),
    st.integers(0, 6),
    st.sampled_from(sorted(EXPONENTS)),
    st.sampled_from(sorted(EXPONENTS)),
)
def test_convert__any_currencies__within_one_unit_of_the_exact_product(
    amount: int, digits: int, scale: int, paid_in: str, to: str
) -> None:
    whole, rest = divmod(digits, 10**scale)
    rate = f"{whole}.{rest:0{scale}d}" if scale else str(whole)
    exact = Fraction(amount, 10 ** EXPONENTS[paid_in]) * Fraction(digits, 10**scale) * 10 ** EXPONENTS[to]
    exchange = Exchange(rate, "x", "x")

    down, up, near = (
        exchange.convert(amount, paid_in=paid_in, to=to, rounding=way) for way in ("down", "up", "half_even")
    )

    assert down <= exact <= up and up - down <= 1
    assert near == round(exact)
    assert exchange.convert(-amount, paid_in=paid_in, to=to, rounding="down") == -down
