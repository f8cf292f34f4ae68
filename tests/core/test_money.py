"""parse_decimal, make_minor_units, in_words

given text that writes a plain decimal
    it is the exact number
given anything else
    it raises InvalidEvent
given an exact number and a currency's exponent
    when it fits the minor unit
        it is that many, of either sign
    when it does not fit
        it is refused, or rounded as declared: down towards zero, up away from it, half to even
    when it is too large for JSON
        it is refused
given minor units
    it says them with their currency, and reading that back gives the same
"""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core import errors
from loyaltychain.core.money import Exact, in_words, make_minor_units, parse_decimal


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("15.30", Exact(1530, 2)),
        ("-12.5", Exact(-125, 1)),
        ("+7", Exact(7, 0)),
        ("0", Exact(0, 0)),
        ("-0.00", Exact(0, 2)),
        ("007", Exact(7, 0)),
    ],
)
def test_parse_decimal__plain__exact(text: str, exact: Exact) -> None:
    assert parse_decimal(text) == exact


@pytest.mark.parametrize(
    "text", ["", "1,234.50", "12,5", "1e3", ".5", "5.", "£5", "NaN", "1_000", "٣", "1" * 19, "1 2", "--1", "1\n"]
)
def test_parse_decimal__anything_else__refused(text: str) -> None:
    with pytest.raises(errors.InvalidEvent, match="not a decimal number"):
        parse_decimal(text)


@pytest.mark.parametrize(
    ("text", "exponent", "rounding", "units"),
    [
        ("15.3", 2, None, 1530),
        ("15.300", 2, None, 1530),
        ("-15.30", 2, None, -1530),
        ("980", 0, None, 980),
        ("1.234", 3, None, 1234),
        ("0.019", 2, "down", 1),
        ("-0.019", 2, "down", -1),
        ("0.011", 2, "up", 2),
        ("-0.011", 2, "up", -2),
        ("0.025", 2, "half_even", 2),
        ("0.035", 2, "half_even", 4),
        ("-0.035", 2, "half_even", -4),
    ],
)
def test_make_minor_units__rounding__exact_units(text: str, exponent: int, rounding: object, units: int) -> None:
    assert make_minor_units(parse_decimal(text), exponent=exponent, rounding=rounding) == units  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "exponent"), [("15.301", 2), ("1.5", 0), ("-0.001", 2)])
def test_make_minor_units__fraction_without_rounding__refused(text: str, exponent: int) -> None:
    with pytest.raises(errors.InvalidEvent, match=f"more than {exponent} fraction digits"):
        make_minor_units(parse_decimal(text), exponent=exponent, rounding=None)


def test_make_minor_units__beyond_json__refused() -> None:
    assert make_minor_units(Exact(2**53 - 1, 2), exponent=2, rounding=None) == 2**53 - 1
    with pytest.raises(errors.InvalidEvent, match="too large"):
        make_minor_units(Exact(-(2**53), 2), exponent=2, rounding=None)


@settings(deadline=None, max_examples=200)
@given(
    st.decimals(min_value=-(10**9), max_value=10**9, places=5),
    st.integers(min_value=-500, max_value=500),
    st.sampled_from([("down", ROUND_DOWN), ("up", ROUND_UP), ("half_even", ROUND_HALF_EVEN)]),
)
def test_make_minor_units__product__as_decimal_arithmetic(price: Decimal, quantity: int, rounding: object) -> None:
    ours, theirs = rounding  # type: ignore[misc]
    exact = parse_decimal(f"{price:f}").times(parse_decimal(str(quantity)))

    units = make_minor_units(exact, exponent=2, rounding=ours)

    assert units == int((price * quantity * 100).quantize(Decimal(1), rounding=theirs))


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (1530, "GBP", "15.30 GBP"),
        (-5, "GBP", "-0.05 GBP"),
        (980, "JPY", "980 JPY"),
        (-980, "JPY", "-980 JPY"),
        (1234, "KWD", "1.234 KWD"),
    ],
)
def test_in_words__currency__decimal_text(amount: int, currency: str, words: str) -> None:
    assert in_words(amount, currency) == words


@settings(deadline=None, max_examples=100)
@given(st.integers(min_value=-(10**15), max_value=10**15), st.sampled_from(["GBP", "JPY", "KWD"]))
def test_in_words__read_back__same_amount(amount: int, currency: str) -> None:
    text, code = in_words(amount, currency).split(" ")
    exponent = {"GBP": 2, "JPY": 0, "KWD": 3}[code]
    assert make_minor_units(parse_decimal(text), exponent=exponent, rounding=None) == amount
