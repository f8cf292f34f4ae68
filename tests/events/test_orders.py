"""parse_order, parse_return, parse_cancellation, redemption_order

given a payload of the shape
    it is a value; keys of the app's own are passed over
given a payload with a known key that is missing, of a wrong type or out of bounds
    it raises InvalidEvent naming the field
given any JSON object whatever
    it is a value that says what the payload says, or InvalidEvent
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core import errors
from loyaltychain.core.money import EXACT_MAX
from loyaltychain.events.orders import (
    LINES_MAX,
    QUANTITY_MAX,
    Order,
    OrderLine,
    Return,
    ReturnLine,
    parse_cancellation,
    parse_order,
    parse_return,
    redemption_order,
)
from tests.events.builders import make_event

LINE: dict[str, Any] = {"line": "2", "item": "85123A", "quantity": 6, "amount": 1530}
ORDER: dict[str, Any] = {"currency": "GBP", "order": "536365", "lines": [LINE]}
BACK: dict[str, Any] = {"order": "536365", "lines": [{"line": "2", "quantity": 1}], "points": 40}
BY_ITEM: dict[str, Any] = {"lines": [{"line": "237", "item": "22556", "quantity": 12}]}


def order_of(payload: dict[str, Any]) -> Order:
    return parse_order(make_event(id="INV-1", payload=payload))


def return_of(payload: dict[str, Any]) -> Return:
    return parse_return(make_event(payload=payload))


def test_parse_order__full__as_written() -> None:
    free = {"line": "3", "item": "gift", "quantity": QUANTITY_MAX, "amount": 0, "colour": None}

    assert order_of(ORDER | {"lines": [LINE, free], "till": {"no": 7}}) == Order(
        "536365", "GBP", (OrderLine("2", "85123A", 6, 1530), OrderLine("3", "gift", QUANTITY_MAX, 0))
    )


def test_parse_order__without_an_id__the_events() -> None:
    assert order_of({"currency": "GBP", "lines": [LINE]}).order == "INV-1"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"currency": None}, "^currency is missing"),
        ({"currency": "GPB"}, "^currency must be a known"),
        ({"currency": ["GBP"]}, "^currency must be"),
        ({"order": None}, "^order is missing"),
        ({"order": 536365}, "^order must be printable text"),
        ({"order": "x" * 201}, "^order must be"),
        ({"lines": None}, "^lines is missing"),
        ({"lines": []}, "^lines must be a list of 1 to 10000"),
        ({"lines": {"0": LINE}}, "^lines must be a list"),
        ({"lines": [{**LINE, "line": str(n)} for n in range(LINES_MAX + 1)]}, "^lines must be a list of 1 to 10000"),
        ({"lines": [LINE, "3"]}, r"^lines\[1\] must be an object"),
        ({"lines": [LINE, LINE | {"item": "x"}]}, "two lines have the same id.*2"),
        ({"lines": [LINE | {"amount": EXACT_MAX}, LINE | {"line": "3", "amount": 1}]}, "together are too large"),
    ],
)
def test_parse_order__wrong_field__named(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(errors.InvalidEvent, match=problem):
        order_of(ORDER | change)


@pytest.mark.parametrize(
    ("field", "found"),
    [
        *[("line", each) for each in (None, 2, "", "a\nb", "x" * 201)],
        *[("item", each) for each in (None, 85123, "\x00")],
        *[("quantity", each) for each in (None, 0, -1, True, 1.0, "1", QUANTITY_MAX + 1)],
        *[("amount", each) for each in (None, -1, False, 15.3, "1530", EXACT_MAX + 1)],
    ],
)
def test_parse_order__wrong_line__its_field_named(field: str, found: object) -> None:
    good = LINE | {"line": "1"}
    without = {key: held for key, held in LINE.items() if key != field}
    for bad in [LINE | {field: found}] + [without] * (found is None):
        with pytest.raises(errors.InvalidEvent, match=rf"^lines\[1\]\.{field} (must be|is missing)"):
            order_of(ORDER | {"lines": [good, bad]})


def test_parse_return__of_an_order__lines_of_it() -> None:
    assert return_of(BACK) == Return("536365", 40, (ReturnLine("2", None, 1),))
    assert return_of({"order": "A", "lines": [LINE]}) == Return("A", None, (ReturnLine("2", "85123A", 6),))


def test_parse_return__by_items__its_own_lines() -> None:
    assert return_of(BY_ITEM | {"till": 1}) == Return(None, None, (ReturnLine("237", "22556", 12),))


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (BACK | {"order": None}, "^order is missing"),
        (BACK | {"points": 0}, "^points must be a whole number"),
        (BACK | {"points": True}, "^points must be"),
        (BACK | {"points": None}, "^points is missing"),
        (BY_ITEM | {"points": 4}, "points come back for an order that is named"),
        (BACK | {"lines": []}, "^lines must be"),
        (BACK | {"lines": [{"line": "2", "quantity": 0}]}, r"^lines\[0\]\.quantity must be"),
        (BACK | {"lines": [{"line": "2", "quantity": 1, "item": 7}]}, r"^lines\[0\]\.item must be"),
        (BACK | {"lines": [{"line": "2", "quantity": 1}] * 2}, "two lines have the same id"),
        ({"lines": [{"line": "2", "quantity": 1}]}, r"^lines\[0\]\.item is missing"),
    ],
)
def test_parse_return__wrong_field__named(payload: dict[str, Any], problem: str) -> None:
    with pytest.raises(errors.InvalidEvent, match=problem):
        return_of(payload)


def test_parse_cancellation__order__its_id() -> None:
    assert parse_cancellation(make_event(payload={"order": "536365", "why": 1})) == "536365"
    for payload in ({}, {"order": 536365}):
        with pytest.raises(errors.InvalidEvent, match=r"^order "):
            parse_cancellation(make_event(payload=payload))


def test_redemption_order__named_or_not__id_or_none() -> None:
    assert redemption_order(make_event(payload={"amount": 40, "unit": "points", "order": "A"})) == "A"
    assert redemption_order(make_event(payload={"amount": 40, "unit": "points"})) is None
    with pytest.raises(errors.InvalidEvent, match=r"^order must be"):
        redemption_order(make_event(payload={"order": 1}))


odd = st.none() | st.booleans() | st.floats() | st.sampled_from(["", "\n", -1, 0, []])
text, whole = st.sampled_from(["a", "b", "c"]), st.integers(1, 3)
right = st.fixed_dictionaries(
    {"line": text, "quantity": whole}, optional={"item": text, "amount": whole | st.just(0), "more": odd}
)
wrong = st.dictionaries(st.sampled_from([*LINE, "more"]), odd) | odd
a_payload = st.fixed_dictionaries(
    {"lines": st.lists(right, max_size=3) | st.lists(right | wrong, max_size=3) | odd},
    optional={"currency": st.just("GBP") | odd, "order": text | odd, "points": whole | odd, "more": odd},
)


@settings(deadline=None)
@given(a_payload)
def test_parse__any_object__what_it_says_or_refused(payload: dict[str, Any]) -> None:
    try:
        order = order_of(payload)
    except errors.InvalidEvent:
        pass
    else:
        assert [line.amount for line in order.lines] == [line["amount"] for line in payload["lines"]]
        assert order.order == payload.get("order", "INV-1")
    try:
        back = return_of(payload)
    except errors.InvalidEvent:
        return
    assert [(line.line, line.quantity) for line in back.lines] == [
        (line["line"], line["quantity"]) for line in payload["lines"]
    ]
    assert (back.order, back.points) == (payload.get("order"), payload.get("points"))
