"""award

given any programme and any event
└── the auditor's way and the rules' own come to the same, rule by rule
given facts or a document that lack what a rule reads
└── it says so, and gives nothing
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.audit.award_rules import Given, Unanswerable, award
from loyaltychain.core import canonical
from loyaltychain.core.errors import RequestError
from loyaltychain.core.json_text import parse_json
from loyaltychain.program.types import Currencies, Program, Rule
from loyaltychain.reports.pseudonymous import Reading, facts_of
from loyaltychain.rules.evaluate import evaluate
from tests.events.builders import make_event
from tests.program.builders import make_bonus, make_order_program, make_rule

ROUNDINGS = st.sampled_from(["down", "up", "half_even"])
MONEY = st.integers(-(10**6), 10**7)
RATES = st.sampled_from(["1", "0.5", "+0.8571", "173.25", "0.00001", "2.675", "12345678.000000000000000001"])
CURRENCIES = st.sampled_from(["GBP", "EUR", "JPY", "KWD"])


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """One to three rules for purchases and for orders, with or without exchange."""
    rules: list[Rule] = []
    for number in range(draw(st.integers(1, 3))):
        told: dict[str, Any] = {
            "id": f"rule-{number}",
            "event": draw(st.sampled_from(["purchase", "order"])),
            "points": draw(st.integers(1, 50)),
            "qualifying": draw(st.booleans()),
        }
        if draw(st.booleans()):
            rules.append(make_bonus(threshold=draw(st.integers(1, 5_000)), **told))
        else:
            most = draw(st.none() | st.integers(1, 500))
            rules.append(make_rule(per=draw(st.integers(1, 999)), rounding=draw(ROUNDINGS), max_points=most, **told))
    exchange = Currencies("exchange", draw(ROUNDINGS)) if draw(st.booleans()) else None
    return make_order_program(*rules, currency=draw(CURRENCIES), currencies=exchange)


@st.composite
def payloads(draw: st.DrawFn) -> dict[str, Any]:
    """A purchase and an order in one: which of them it is says its type."""
    amounts = draw(st.lists(st.integers(0, 10**6), min_size=1, max_size=4))
    lines = [{"line": str(n), "item": "x", "quantity": 1, "amount": amount} for n, amount in enumerate(amounts)]
    payload: dict[str, Any] = {"amount": draw(MONEY), "currency": draw(CURRENCIES), "lines": lines}
    if draw(st.booleans()):
        payload["exchange"] = {"rate": draw(RATES), "source": "bank", "as_of": "today"}
    return payload


@settings(max_examples=300, deadline=None)
@given(programs(), payloads(), st.sampled_from(["purchase", "order", "visit"]))
def test_award__any_programme_and_event__is_what_the_rules_give(
    program: Program, payload: dict[str, Any], type_: str
) -> None:
    document = parse_json(canonical.encode_text(program.document))
    reads = Reading(frozenset({"purchase"}), frozenset({"order"}))
    facts = parse_json(facts_of(type_, canonical.encode_text(payload), reads) or "{}")
    try:
        evaluation = evaluate(program, make_event(type=type_, payload=payload))
    except RequestError:
        return  # too large for any balance: refused, and no award

    due = {each.rule: Given(each.amount, each.qualifying) for each in evaluation.awards}
    assert {rule: found for rule, found in award(document, type_, facts).items() if found.points} == due


DOCUMENT: dict[str, Any] = make_order_program(make_rule(), make_rule(id="o", event="order")).document


@pytest.mark.parametrize(
    ("type_", "facts", "lacking"),
    [("purchase", {"currency": "GBP"}, "a whole amount"), ("purchase", {"amount": 1}, "a currency"),
     ("order", {"currency": "GBP", "amount": 5}, "lines of whole amounts"),
     ("order", {"currency": "GBP", "lines": [True]}, "lines of whole amounts")],
)  # fmt: skip
def test_award__facts_that_are_not_there__are_named(type_: str, facts: dict[str, Any], lacking: str) -> None:
    with pytest.raises(Unanswerable, match=lacking):
        award(DOCUMENT, type_, facts)


@pytest.mark.parametrize(
    "changes",
    [{"rules": None}, {"rules": [{}]}, {"rules": [{"event": "purchase", "id": "x", "kind": "lottery"}]},
     {"rules": [DOCUMENT["rules"][0] | {"per": 0}]}, {"rules": [DOCUMENT["rules"][0] | {"rounding": "up and away"}]},
     {"orders": []}, {"currencies": {"accept": "exchange", "rounding": 5}}],
)  # fmt: skip
def test_award__a_document_of_another_form__is_no_answer(changes: dict[str, Any]) -> None:
    facts = {"amount": 100, "currency": "EUR" if "currencies" in changes else "GBP", "rate": "1"}
    if "orders" in changes:
        assert award(DOCUMENT | changes, "purchase", facts)
    else:
        with pytest.raises(Unanswerable):
            award(DOCUMENT | changes, "purchase", facts)
