"""make_event, is_left_out

given a row and a map
    it is the event that they tell of: id from a column, several columns or the line; type constant or by word;
    amount from a column, a product, a currency column, points, or by type
    when a cell is wrong
        it raises InvalidEvent naming the column and what stands there
    when the time is more than five minutes ahead of us
        it raises InvalidEvent
given a row for which a skip condition holds
    it is left out
"""

import pytest

from loyaltychain.core import errors
from loyaltychain.events.cells import is_left_out
from loyaltychain.events.map import parse_map
from loyaltychain.events.rows import Row
from loyaltychain.events.shape import make_event
from loyaltychain.events.types import Event
from tests.events.builders import LATER, NOON, SHOP_MAP
from tests.events.builders import make_event as sample_event

CELLS = {"order_id": "INV-1", "kind": "sale", "customer": "ann", "at": "2026-01-01T12:00:00Z", "total": "15.30"}


def shaped(*, cells: dict[str, str | None] | None = None, replace: tuple[str, str] = ("", "")) -> Event:
    row = Row(7, "raw", CELLS | (cells or {}))
    return make_event(parse_map(SHOP_MAP.replace(*replace)), row, file_id="0123456789abcdef", received_at=LATER)


def test_make_event__plain_row__the_event() -> None:
    assert shaped() == sample_event()


def test_make_event__cells_with_spaces_around__stripped() -> None:
    assert shaped(cells={"customer": " ann ", "total": " 15.30", "order_id": "INV-1 "}) == sample_event()


@pytest.mark.parametrize(
    ("part", "event_id"),
    [
        ("id: line", "0123456789abcdef:7"),
        ("id: {columns: [order_id, customer]}", "INV-1:ann"),
    ],
)
def test_make_event__id_by_line_or_columns__named_so(part: str, event_id: str) -> None:
    assert shaped(replace=("id: {column: order_id}", part)).id == event_id


def test_make_event__id_of_columns__no_two_rows_share_one() -> None:
    change = ("id: {column: order_id}", "id: {columns: [order_id, customer]}")

    one = shaped(cells={"order_id": "a:b", "customer": "c"}, replace=change)
    other = shaped(cells={"order_id": "a", "customer": "b:c"}, replace=change)
    third = shaped(cells={"order_id": "a%3Ab", "customer": "c"}, replace=change)

    assert [one.id, other.id, third.id] == ["a%3Ab:c", "a:b%3Ac", "a%253Ab:c"]


@pytest.mark.parametrize(
    ("part", "cells", "payload"),
    [
        ("{column: total, currency: JPY}", {"total": "980"}, {"amount": 980, "currency": "JPY"}),
        ("{column: total, currency: GBP}", {"total": "-0.50"}, {"amount": -50, "currency": "GBP"}),
        ("{product: [q, p], currency: GBP}", {"q": "6", "p": "2.55"}, {"amount": 1530, "currency": "GBP"}),
        (
            "{product: [q, p], currency: GBP, rounding: down}",
            {"q": "-3", "p": "0.333"},
            {"amount": -99, "currency": "GBP"},
        ),
        ("{column: total, currency_column: c}", {"c": "KWD"}, {"amount": 15300, "currency": "KWD"}),
        ("{column: total, unit: points}", {"total": "12"}, {"amount": 12, "unit": "points"}),
        ("{by_type: {purchase: {column: total, unit: points}}}", {"total": "12"}, {"amount": 12, "unit": "points"}),
        ("{by_type: {redemption: {column: total, unit: points}}}", {}, {}),
    ],
)
def test_make_event__amounts__exact_payload(part: str, cells: dict[str, str], payload: dict[str, object]) -> None:
    event = shaped(cells=dict(cells), replace=("{column: total, currency: GBP}", part))

    assert event.payload == payload


@pytest.mark.parametrize("word", ["purchase", "redemption"])
def test_make_event__type_without_words__is_the_cell(word: str) -> None:
    change = (", values: {sale: purchase, redeem: redemption}", "")

    assert shaped(cells={"kind": word}, replace=change).type == word
    assert shaped(replace=("{column: kind, values: {sale: purchase, redeem: redemption}}", "{constant: x}")).type == "x"


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"total": "15.301"}, "more than 2 fraction digits"),
        ({"total": "1,530"}, r"not a decimal number.*\[amount: total 1,530\]"),
        ({"total": ""}, "empty or missing.*column: total"),
        ({"total": None}, "list or an object.*column: total"),
        ({"kind": "return"}, "column: kind; found: return"),
        ({"customer": "a\x00b"}, "The member must be printable"),
        ({"order_id": "x" * 201}, "The id must be printable"),
        ({"at": "noon"}, "found: noon"),
        ({"at": "1969-12-31T23:59:59Z"}, "before 1970"),
    ],
)
def test_make_event__wrong_cell__says_which(cells: dict[str, str | None], problem: str) -> None:
    with pytest.raises(errors.InvalidEvent, match=problem):
        shaped(cells=cells)


@pytest.mark.parametrize("points", ["0", "-5", "1.5", "0.5", "many"])
def test_make_event__points_that_are_none__refused(points: str) -> None:
    with pytest.raises(errors.InvalidEvent, match=rf"whole number above 0.*total {points}"):
        shaped(cells={"total": points}, replace=("{column: total, currency: GBP}", "{column: total, unit: points}"))


def test_make_event__unknown_currency_in_a_column__refused() -> None:
    with pytest.raises(errors.InvalidEvent, match=r"ISO 4217.*column: c; found: XYZ"):
        shaped(cells={"c": "XYZ"}, replace=("currency: GBP", "currency_column: c"))


def test_make_event__ahead_of_us__five_minutes_and_no_more() -> None:
    change = ("format: iso, zone: Europe/London", "format: unix")

    assert shaped(cells={"at": str(LATER + 300)}, replace=change).occurred_at == LATER + 300
    with pytest.raises(errors.InvalidEvent, match="lies in the future"):
        shaped(cells={"at": str(LATER + 301)}, replace=change)
    assert LATER > NOON


@pytest.mark.parametrize(
    ("part", "cells", "is_out"),
    [
        ("empty: true", {"customer": "  "}, True),
        ("empty: true", {"customer": "ann"}, False),
        ("equals: cash", {"customer": "cash"}, True),
        ("equals: cash", {"customer": "cashier"}, False),
    ],
)
def test_is_left_out__condition__holds(part: str, cells: dict[str, str], is_out: bool) -> None:
    event_map = parse_map(SHOP_MAP.replace("empty: true", part))

    assert is_left_out(event_map, Row(7, "raw", CELLS | cells)) is is_out


def test_is_left_out__column_missing_in_the_row__counts_as_empty() -> None:
    assert is_left_out(parse_map(SHOP_MAP), Row(7, "raw", {}))
