"""make_line, make_event of lines, read_type by prefixes

given a row and a map with lines
    it is a line of an order, or of a return without its sign and amount
    when a cell is wrong
        it raises InvalidEvent naming the column or the field
given the rows of one id
    they are one event: lines in the order of their ids, the earliest time
    when a return's rows name lines of one order
        pieces of one line add up
    when they contradict each other
        it raises InvalidEvent
given the rows in any order
    the event is the same to the byte, and its payload is one that parse_order or parse_return accept
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core import errors
from loyaltychain.events.cells import read_type
from loyaltychain.events.lines import LineRow, make_event, make_line
from loyaltychain.events.map import parse_map
from loyaltychain.events.map_parts import TypePart
from loyaltychain.events.orders import OrderLine, ReturnLine, parse_order, parse_return
from loyaltychain.events.rows import Row
from loyaltychain.events.types import encode_event
from tests.events.builders import LATER, NOON, ORDERS_MAP
from tests.events.builders import make_event as sample_event

MAP = parse_map(ORDERS_MAP)
CELLS = {
    "order": "536365", "customer": "ann", "at": "2026-01-01T12:00:00", "no": "2", "item": "85123A",
    "pieces": "6", "price": "2.55", "currency": "GBP", "of_order": "", "of_line": "",
}  # fmt: skip
BACK = {"order": "C7", "pieces": "-6", "price": "", "currency": ""}


def line_of(cells: dict[str, str] | None = None, *, replace: tuple[str, str] = ("", "")) -> LineRow:
    row = Row(7, "raw", CELLS | (cells or {}))
    return make_line(parse_map(ORDERS_MAP.replace(*replace)), row, received_at=LATER)


def test_make_line__order__quantity_and_amount() -> None:
    assert line_of() == LineRow("order", "ann", "GBP", NOON, OrderLine("2", "85123A", 6, 1530))
    assert line_of({"pieces": "1.0", "price": "0.009"}).line == OrderLine("2", "85123A", 1, 0)


def test_make_line__id_by_line__the_rows_number() -> None:
    assert line_of(replace=("id: {column: no}", "id: line")).line.line == "7"


@pytest.mark.parametrize("pieces", ["6", "-6"])
def test_make_line__return__no_sign_and_no_amount(pieces: str) -> None:
    expected = LineRow("return", "ann", None, NOON, ReturnLine("2", "85123A", 6))

    assert line_of(BACK | {"pieces": pieces}) == expected


def test_make_line__return_of_a_named_line__named() -> None:
    named = BACK | {"of_order": "536365", "of_line": "4"}

    assert line_of(named).names == ("536365", "4")
    assert line_of(named | {"item": ""}).line == ReturnLine("2", None, 6)
    assert line_of({"of_order": "536365"}).names is None  # an order names none


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"pieces": ""}, "empty or missing.*pieces"),
        ({"pieces": "1.5"}, "not a whole number.*pieces.*1.5"),
        ({"pieces": "6 "}, None),
        ({"pieces": "six"}, "not a whole number"),
        ({"pieces": "0"}, "quantity must be"),
        ({"pieces": "-1"}, "quantity must be"),
        ({"price": "-0.01"}, "amount must be"),
        ({"price": "1,00"}, "not a decimal number"),
        ({"currency": "GPB"}, "not a known ISO 4217 code"),
        ({"item": ""}, "empty or missing.*item"),
        ({"item": "a\x07"}, "item must be printable"),
        ({"no": ""}, "empty or missing.*no"),
        ({"at": "noon"}, "not a time"),
        ({"at": "2027-01-01T12:00:00"}, "in the future"),
        (BACK | {"pieces": "0"}, "quantity must be"),
        (BACK | {"item": ""}, "empty or missing.*item"),
        (BACK | {"of_order": "A"}, "not both"),
        (BACK | {"of_line": "1"}, "not both"),
    ],
)
def test_make_line__wrong_cell__says_which(cells: dict[str, str], problem: str | None) -> None:
    if problem is None:
        assert line_of(cells) == line_of()
        return
    with pytest.raises(errors.InvalidEvent, match=problem):
        line_of(cells)


def test_make_event__order__lines_by_id_and_earliest_time() -> None:
    rows = [line_of({"no": no, "at": f"2026-01-01T12:0{minute}:00"}) for no, minute in (("10", 1), ("9", 0), ("b", 2))]

    line = {"amount": 1530, "item": "85123A", "quantity": 6}
    assert make_event(MAP, "536365", rows) == sample_event(
        source="till",
        id="536365",
        type="order",
        payload={"currency": "GBP", "lines": [line | {"line": no} for no in ("9", "b", "10")]},
    )


def test_make_event__return__by_item_or_by_name() -> None:
    plain = [line_of(BACK | {"no": no}) for no in ("2", "1")]
    named = [
        line_of(BACK | {"no": no, "of_order": "A", "of_line": of}) for no, of in (("1", "4"), ("2", "3"), ("3", "4"))
    ]

    assert make_event(MAP, "C7", plain).payload == {
        "lines": [{"item": "85123A", "line": no, "quantity": 6} for no in ("1", "2")]
    }
    assert make_event(MAP, "C7", named).payload == {
        "order": "A",
        "lines": [{"line": "3", "quantity": 6}, {"line": "4", "quantity": 12}],
    }


@pytest.mark.parametrize(
    ("one", "other", "problem"),
    [
        ({}, {"customer": "bob"}, r"differ in member.*ann, bob"),
        ({}, {"currency": "EUR"}, r"differ in currency.*EUR, GBP"),
        ({}, BACK, r"differ in type.*order, return"),
        (BACK | {"of_order": "A", "of_line": "1"}, BACK | {"of_order": "B", "of_line": "1"}, "one and the same order"),
        (BACK | {"of_order": "A", "of_line": "1"}, BACK, "or all none"),
        ({"price": "15000000000000.00"}, {"price": "20000000000.00"}, "together are too large"),
    ],
)
def test_make_event__rows_contradict__refused(one: dict[str, str], other: dict[str, str], problem: str) -> None:
    rows = [line_of({**one, "no": "1"}), line_of({**other, "no": "2"})]
    with pytest.raises(errors.InvalidEvent, match=problem):
        make_event(MAP, "X", rows)


def test_make_event__id_of_the_event_or_order_out_of_bounds__refused() -> None:
    with pytest.raises(errors.InvalidEvent, match="id must be printable"):
        make_event(MAP, "x" * 201, [line_of()])
    with pytest.raises(errors.InvalidEvent, match="order must be printable"):
        make_event(MAP, "C7", [line_of(BACK | {"of_order": "x" * 201, "of_line": "1"})])


@pytest.mark.parametrize(("word", "found"), [("C1", "return"), ("CX1", "exchange"), ("1C", "order"), ("c1", "order")])
def test_read_type__prefixes__longest_wins(word: str, found: str) -> None:
    part = TypePart(column="a", prefixes={"C": "return", "CX": "exchange"}, otherwise="order")

    assert read_type(part, Row(2, "", {"a": word})) == found


order_cells = st.fixed_dictionaries({
    "item": st.sampled_from(["a", "b"]), "pieces": st.integers(1, 9).map(str), "price": st.sampled_from(["0", "1.999"]),
    "at": st.integers(10, 23).map(lambda hour: f"2026-01-01T{hour}:00:00Z"),
})  # fmt: skip


@settings(deadline=None)
@given(st.data(), st.lists(order_cells, min_size=1, max_size=12), st.sampled_from(["plain", "back", "named"]))
def test_make_event__any_order_of_rows__same_bytes(data: Any, cells: list[dict[str, str]], kind: str) -> None:
    change = {"plain": {}, "back": BACK, "named": BACK | {"of_order": "A", "of_line": "x"}}[kind]
    rows = [line_of(change | each | {"no": str(no)}) for no, each in enumerate(cells)]

    event = make_event(MAP, "1", rows)
    again = make_event(MAP, "1", data.draw(st.permutations(rows)))

    assert encode_event(again)[0] == encode_event(event)[0]
    assert again.digest == event.digest
    parsed = parse_order(event) if kind == "plain" else parse_return(event)
    assert sum(line.quantity for line in parsed.lines) == sum(int(each["pieces"]) for each in cells)
