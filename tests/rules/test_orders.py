"""evaluate, of orders; recorded_rules and read_terms

given an order in the programme's currency
    each line is rounded by itself, and the award of a rule is their sum (EDGE 72)
    when a rule has a most
        the lines fill it in their order
    when a rule is qualifying
        the same number qualifies, of its lines alone
    when it is worth enough for a bonus
        the bonus is an award of its own
given an order in another currency
    it awards nothing, has no bonus to win later, and says so
given a type that is an order, without lines
    it raises InvalidEvent naming the field
given a programme that does not know of orders
    it raises InvalidEvent saying what to add
given the terms that an order was awarded by
    they are read back as they were, whatever the programme says now
given any lines, rules and roundings
    awards, lines and bonuses add up, and no line depends on another but for the most
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core import canonical, errors
from loyaltychain.core.amounts import POINTS
from loyaltychain.core.money import RATIOS, Rounding
from loyaltychain.events.types import Event
from loyaltychain.program.types import Expiry
from loyaltychain.rules.evaluate import evaluate
from loyaltychain.rules.terms import read_terms, recorded_rules
from loyaltychain.rules.types import Award, BonusAward, LineAward
from tests.events.builders import make_event
from tests.program.builders import make_bonus, make_order_program, make_orders, make_program, make_rule


def order(*amounts: int, currency: str = "GBP") -> Event:
    lines = [
        {"line": str(place), "item": f"item-{place}", "quantity": 1, "amount": amount}
        for place, amount in enumerate(amounts, start=1)
    ]
    return make_event(type="order", payload={"currency": currency, "lines": lines})


def test_evaluate__order__each_line_rounded_by_itself_golden_explanation() -> None:
    evaluation = evaluate(make_order_program(), order(1530, 80, 299))

    assert evaluation.awards == (Award("spend", POINTS, 17),)
    assert evaluation.lines == (LineAward("1", 15, 0), LineAward("2", 0, 0), LineAward("3", 2, 0))
    assert evaluation.bonuses == ()
    result = "3 lines of 19.09 GBP together at 1 point for every 1.00 GBP, each line rounded down: 17 points."
    assert evaluation.explanation == {
        "result": f"17 points. {result}",
        "rules": [
            {
                "rule": "spend",
                "kind": "points_per_currency_unit",
                "inputs": {
                    "amount": 1909,
                    "currency": "GBP",
                    "lines": 3,
                    "points": 1,
                    "per": 100,
                    "rounding": "down",
                    "max_points": None,
                },
                "arithmetic": "for each line: amount * 1 / 100, rounded down",
                "points": 17,
                "lines": [["1", 15], ["3", 2]],
                "result": result,
            }
        ],
    }


def test_evaluate__at_most_a_number__lines_fill_it_in_their_order() -> None:
    program = make_order_program(make_rule(event="order", max_points=20))

    evaluation = evaluate(program, order(1500, 1000, 500))

    assert [line.points for line in evaluation.lines] == [15, 5, 0]
    assert evaluation.awards == (Award("spend", POINTS, 20),)
    assert evaluation.explanation["result"].endswith("20 points, of at most 20 for one order.")


def test_evaluate__qualifying_and_pending__of_that_rule_alone() -> None:
    program = make_order_program(
        make_rule(event="order", qualifying=True, pending_days=14), make_rule(id="double", event="order")
    )

    evaluation = evaluate(program, order(1530, 80))

    assert evaluation.awards == (Award("spend", POINTS, 15, 15, 14), Award("double", POINTS, 15))
    assert evaluation.lines == (LineAward("1", 30, 15), LineAward("2", 0, 0))


@pytest.mark.parametrize(("amount", "reached"), [(4_999, False), (5_000, True)])
def test_evaluate__bonus__from_its_amount_on(amount: int, reached: bool) -> None:
    program = make_order_program(make_rule(event="order"), make_bonus(qualifying=True))

    evaluation = evaluate(program, order(amount - 10, 10))

    bonus = (Award("big", POINTS, 100, 100),) if reached else ()
    assert evaluation.awards == (Award("spend", POINTS, 49), *bonus)
    assert evaluation.bonuses == (BonusAward("big", 5_000, 100, 100, reached),)
    words = "50.00 GBP are enough." if reached else "49.99 GBP are not enough."
    assert evaluation.explanation["rules"][1]["result"] == f"100 points from 50.00 GBP on: {words}"


def test_evaluate__bonus_of_an_event_without_lines__the_same() -> None:
    program = make_program(make_bonus(event="purchase", threshold=1_530))

    assert evaluate(program, make_event()).awards == (Award("big", POINTS, 100),)
    assert evaluate(program, make_event(payload={"amount": 1_529, "currency": "GBP"})).awards == ()


def test_evaluate__order_in_another_currency__nothing_and_why() -> None:
    evaluation = evaluate(make_order_program(make_rule(event="order"), make_bonus()), order(9_000, currency="EUR"))

    assert (evaluation.awards, evaluation.bonuses, evaluation.lines) == ((), (), (LineAward("1", 0, 0),))
    words = "Paid in EUR; points are given for GBP only."
    assert evaluation.explanation["result"] == f"0 points. {words} {words}"


def test_evaluate__order_without_lines__refused() -> None:
    with pytest.raises(errors.InvalidEvent, match="lines is missing"):
        evaluate(make_order_program(), make_event(type="order"))


def test_evaluate__programme_without_orders__says_what_to_add() -> None:
    with pytest.raises(errors.InvalidEvent, match="section orders that this type is an order"):
        evaluate(make_program(make_rule(event="order")), order(100))


def test_read_terms__recorded__as_they_were() -> None:
    rule, bonus = make_rule(event="order", pending_days=3), make_bonus(qualifying=True)
    expiry = Expiry(None, 30, None, 7)
    program = make_order_program(
        rule, make_rule(id="other"), bonus, expiry=expiry, orders=make_orders(return_within_days=9)
    )

    terms = read_terms(recorded_rules(program))

    assert (terms.currency, terms.timezone, terms.rules) == ("GBP", "Europe/London", (rule, bonus))
    assert (terms.expiry, terms.return_within_days, terms.pending_days) == (expiry, 9, (0, 3))


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 10_000), min_size=1, max_size=12),
    st.integers(1, 7),
    st.integers(1, 500),
    st.sampled_from(["down", "up", "half_even"]),
    st.integers(1, 300) | st.none(),
)
def test_evaluate__any_order__adds_up(
    amounts: list[int], points: int, per: int, rounding: Rounding, most: int | None
) -> None:
    rule = make_rule(event="order", points=points, per=per, rounding=rounding, max_points=most, qualifying=True)
    bonus = make_bonus(threshold=9_000)

    evaluation = evaluate(make_order_program(rule, bonus), order(*amounts))

    plain = [RATIOS[rounding](amount, times=points, per=per) for amount in amounts]
    found = [line.points for line in evaluation.lines]
    assert sum(found) == (sum(plain) if most is None else min(sum(plain), most))
    assert all(ours <= theirs for ours, theirs in zip(found, plain, strict=True))
    reached = sum(each.points for each in evaluation.bonuses if each.reached)
    assert sum(award.amount for award in evaluation.awards) == sum(found) + reached
    assert sum(award.qualifying for award in evaluation.awards) == sum(line.qualifying for line in evaluation.lines)
    assert (reached > 0) == (sum(amounts) >= 9_000)
    assert canonical.encode(evaluation.explanation)
