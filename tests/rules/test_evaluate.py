"""evaluate

given a purchase in the programme's currency
    it awards in proportion, rounded as the rule says, at most what the rule allows
    when that is nothing
        it awards nothing, and explains the arithmetic
    when the amount is negative
        it awards nothing and says how returns come
given a purchase in another currency, or an event that no rule counts
    it awards nothing, and says why
given several rules for one type of event
    it awards by each, in their order
given an event without an amount of money
    it raises InvalidEvent
given an award that is larger than any balance
    it raises BalanceTooLarge
given the same event again
    it is the same evaluation, whatever else was evaluated
"""

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core import canonical, errors
from loyaltychain.core.amounts import LANE_MAX, POINTS
from loyaltychain.rules.evaluate import evaluate
from loyaltychain.rules.types import Award, Evaluation
from tests.events.builders import make_event
from tests.program.builders import make_program, make_rule

PROGRAM = make_program()


def purchase(amount: int, currency: str = "GBP") -> object:
    return make_event(payload={"amount": amount, "currency": currency})


def test_evaluate__purchase__award_and_golden_explanation() -> None:
    evaluation = evaluate(PROGRAM, make_event())

    assert evaluation == Evaluation(
        (Award("spend", POINTS, 15),),
        {
            "result": "15 points. 15.30 GBP at 1 point for every 1.00 GBP, rounded down: 15 points.",
            "rules": [
                {
                    "rule": "spend",
                    "kind": "points_per_currency_unit",
                    "inputs": {
                        "amount": 1530,
                        "currency": "GBP",
                        "points": 1,
                        "per": 100,
                        "rounding": "down",
                        "max_points": None,
                    },
                    "arithmetic": "1530 * 1 / 100 = 15 remainder 30, rounded down: 15",
                    "points": 15,
                    "result": "15.30 GBP at 1 point for every 1.00 GBP, rounded down: 15 points.",
                }
            ],
        },
    )


@pytest.mark.parametrize(
    ("amount", "rule", "points", "arithmetic"),
    [
        (1500, {}, 15, "1500 * 1 / 100 = 15"),
        (100, {}, 1, "100 * 1 / 100 = 1"),
        (1501, {"rounding": "up"}, 16, "1501 * 1 / 100 = 15 remainder 1, rounded up: 16"),
        (
            1550,
            {"rounding": "half_even"},
            16,
            "1550 * 1 / 100 = 15 remainder 50, rounded to the nearest, halves to the even one: 16",
        ),
        (
            1450,
            {"rounding": "half_even"},
            14,
            "1450 * 1 / 100 = 14 remainder 50, rounded to the nearest, halves to the even one: 14",
        ),
        (999, {"points": 3, "per": 250}, 11, "999 * 3 / 250 = 11 remainder 247, rounded down: 11"),
        (99_900, {"max_points": 500}, 500, "99900 * 1 / 100 = 999, at most 500"),
        (50_000, {"max_points": 500}, 500, "50000 * 1 / 100 = 500"),
    ],
)
def test_evaluate__rates_and_caps__exact_points(
    amount: int, rule: dict[str, object], points: int, arithmetic: str
) -> None:
    evaluation = evaluate(make_program(make_rule(**rule)), purchase(amount))  # type: ignore[arg-type]

    assert evaluation.awards == (Award("spend", POINTS, points),)
    assert evaluation.explanation["rules"][0]["arithmetic"] == arithmetic


@pytest.mark.parametrize(
    ("amount", "currency", "result"),
    [
        (99, "GBP", "0 points. 0.99 GBP at 1 point for every 1.00 GBP, rounded down: 0 points."),
        (0, "GBP", "0 points. 0.00 GBP at 1 point for every 1.00 GBP: 0 points."),
        (-1530, "GBP", "0 points. -15.30 GBP is a negative amount; returns come with their own event type."),
        (1530, "EUR", "0 points. Paid in EUR; points are given for GBP only."),
    ],
)
def test_evaluate__nothing_earned__says_why(amount: int, currency: str, result: str) -> None:
    evaluation = evaluate(PROGRAM, purchase(amount, currency))  # type: ignore[arg-type]

    assert evaluation.awards == ()
    assert evaluation.explanation["result"] == result


def test_evaluate__type_that_no_rule_counts__says_so() -> None:
    assert evaluate(PROGRAM, make_event(type="visit", payload={})) == Evaluation(
        (), {"result": "No rule of Corner Shop Points counts events of the type visit.", "rules": []}
    )


def test_evaluate__several_rules__each_in_order() -> None:
    rules = make_rule(), make_rule(id="bonus", points=2), make_rule(id="big", per=10_000), make_rule(event="visit")

    evaluation = evaluate(make_program(*rules), make_event())

    assert evaluation.awards == (Award("spend", POINTS, 15), Award("bonus", POINTS, 30))
    assert [rule["rule"] for rule in evaluation.explanation["rules"]] == ["spend", "bonus", "big"]
    assert evaluation.explanation["result"].startswith("45 points. ")


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"amount": 1530},
        {"amount": "1530", "currency": "GBP"},
        {"amount": True, "currency": "GBP"},
        {"amount": 15.3, "currency": "GBP"},
        {"amount": 1530, "currency": ""},
        {"amount": 1530, "unit": "points"},
    ],
)
def test_evaluate__no_amount_of_money__refused(payload: dict[str, object]) -> None:
    with pytest.raises(errors.InvalidEvent, match="no amount of money"):
        evaluate(PROGRAM, make_event(payload=payload))


def test_evaluate__award_beyond_any_balance__refused() -> None:
    assert evaluate(PROGRAM, purchase(LANE_MAX * 100)).awards == (Award("spend", POINTS, LANE_MAX),)  # type: ignore[arg-type]
    with pytest.raises(errors.BalanceTooLarge, match="points: 4294967296"):
        evaluate(PROGRAM, purchase((LANE_MAX + 1) * 100))  # type: ignore[arg-type]


@settings(deadline=None, max_examples=200)
@given(
    st.integers(0, 10**11),
    st.integers(1, 50),
    st.integers(1, 10_000),
    st.sampled_from([("down", floor), ("up", ceil), ("half_even", round)]),
)
def test_evaluate__any_rate__as_exact_fractions(amount: int, points: int, per: int, rounding: object) -> None:
    ours, theirs = rounding  # type: ignore[misc]
    expected = theirs(Fraction(amount * points, per))
    program = make_program(make_rule(points=points, per=per, rounding=ours, max_points=LANE_MAX))

    first, again = (evaluate(program, purchase(amount)) for _ in range(2))  # type: ignore[arg-type]

    assert sum(award.amount for award in first.awards) == min(expected, LANE_MAX)
    assert first == again
    assert canonical.encode(first.explanation) == canonical.encode(again.explanation)
