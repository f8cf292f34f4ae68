"""parse_map, load_map, packaged_map, check_columns

given a map within the rules
    it is an EventMap; its columns are all that it names
given a map that breaks a rule
    it raises InvalidMap naming the field and the problem
given a map that ships with the package
    it is read by name; another name raises InvalidMap listing them
given a header
    when a column of the map is not in it, or twice
        it raises InvalidMap naming field, column and what is there
"""

from pathlib import Path

import pytest

from loyaltychain.core import errors
from loyaltychain.events.map import check_columns, load_map, packaged_map, parse_map
from tests.events.builders import ORDERS_MAP, SHOP_MAP


def test_parse_map__shop__names_its_columns() -> None:
    event_map = parse_map(SHOP_MAP)

    assert event_map.source == "shop"
    assert event_map.columns == {
        "id.column": "order_id",
        "member.column": "customer",
        "type.column": "kind",
        "time.column": "at",
        "amount.column": "total",
        "skip[0].column": "customer",
    }


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("source: shop", "source: a/b", r"source: .*pattern"),
        ("source: shop", "source: 7", r"source: .*found 7 \(write it in quotes\)"),
        ("source: shop\n", "", r"source: Field required \(add it\)"),
        ("source: shop", "sauce: shop", r"line 2: sauce: there is no such field \(did you mean 'source'\?\)"),
        ("source: shop", "source: shop\nxyz: 1", r"line 3: xyz: .*its spelling; there are: source, id, .*skip\)"),
        ("id: {column: order_id}", "id: row", r"id: .*found 'row'"),
        ("id: {column: order_id}", "id: {}", "id: give exactly one of line, column, columns; given: none"),
        ("id: {column: order_id}", "id: {column: a, columns: [a, b]}", "given: column, columns"),
        ("id: {column: order_id}", "id: {columns: [a]}", r"id.columns: .*at least 2"),
        ("{column: kind, values: {sale: purchase, redeem: redemption}}", "{}", "type: give exactly one of constant"),
        (
            "{column: kind, values: {sale: purchase, redeem: redemption}}",
            "{constant: a, values: {b: c}}",
            "values and prefixes go",
        ),
        ("{column: kind, values: {sale: purchase, redeem: redemption}}", "{column: k, values: {b: c d}}", "pattern"),
        ("zone: Europe/London", "zone: London", "time.zone: 'London' is not an IANA time zone"),
        ("format: iso, zone: Europe/London", "format: '%d/%m/%Y'", "time: times of this format have no offset"),
        ("format: iso, zone: Europe/London", "format: 'dd/mm'", "time: 'dd/mm' .* year, month and day"),
        ("format: iso, zone: Europe/London", "format: unix, zone: UTC", "time: unix seconds have no zone"),
        ("currency: GBP", "currency: GPB", "amount.currency: 'GPB' is not a known ISO 4217 code"),
        ("currency: GBP", "currency: GBP, unit: points", "amount: give exactly one of currency"),
        ("column: total, currency", "currency", "amount: give exactly one of column, product; given: none"),
        ("currency: GBP", "currency: GBP, rounding: near", "amount.rounding: .*'down', 'up' or 'half_even'"),
        ("column: total,", "by_type: {purchase: {column: total, unit: points}},", "by_type stands alone"),
        ("empty: true", "empty: false", r"skip\[0\].empty"),
        ("empty: true", "empty: true, equals: x", r"skip\[0\]: give exactly one"),
        ("skip: [", "skip: [[", "not valid YAML"),
    ],
)
def test_parse_map__breaks_a_rule__says_where(old: str, new: str, problem: str) -> None:
    assert old in SHOP_MAP
    with pytest.raises(errors.InvalidMap, match=problem):
        parse_map(SHOP_MAP.replace(old, new), file="shop.yaml")


def test_parse_map__orders__names_its_columns() -> None:
    assert parse_map(ORDERS_MAP).columns == {
        "id.column": "order",
        "member.column": "customer",
        "type.column": "order",
        "time.column": "at",
        "lines.id.column": "no",
        "lines.item.column": "item",
        "lines.quantity.column": "pieces",
        "lines.amount.product[0]": "pieces",
        "lines.amount.product[1]": "price",
        "lines.amount.currency_column": "currency",
        "lines.names.order.column": "of_order",
        "lines.names.line.column": "of_line",
        "skip[0].column": "customer",
    }


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("id: {column: order}", "id: line", "the file: with lines, the id must be a column"),
        ("skip:", "amount: {column: price, unit: points}\nskip:", "the file: give exactly one of amount, lines"),
        ("id: {column: no}", "id: {columns: [no, item]}", "lines: the id of a line is one column"),
        ("currency_column: currency", "unit: points", "lines.amount: the amount of a line is money"),
        ("currency_column: currency, ", "", "lines.amount: give exactly one of currency"),
        (
            "{order: {column: of_order}, line: {column: of_line}}",
            "{order: {column: of_order}}",
            "lines.names.line: Fie",
        ),
        ("  item: {column: item}\n", "", "lines.item: Field required"),
        ("  otherwise: order\n", "", "type: prefixes and otherwise go together"),
        ("  prefixes: {C: return}\n", "", "type: prefixes and otherwise go together"),
        ("  prefixes: {C: return}\n", "  prefixes: {C: return}\n  values: {a: b}\n", "type: give values or prefixes"),
        ("{C: return}", "{'': return}", "type.prefixes.*at least 1 character"),
        ("{C: return}", "{C: a b}", "type.prefixes.C: .*pattern"),
    ],
)
def test_parse_map__orders_break_a_rule__says_where(old: str, new: str, problem: str) -> None:
    assert old in ORDERS_MAP
    with pytest.raises(errors.InvalidMap, match=problem):
        parse_map(ORDERS_MAP.replace(old, new))


def test_parse_map__empty__refused() -> None:
    with pytest.raises(errors.InvalidMap, match=r"the map is empty"):
        parse_map("# later")


@pytest.mark.parametrize("text", ["- a", "text"])
def test_parse_map__no_mapping__refused(text: str) -> None:
    with pytest.raises(errors.InvalidMap, match="the file: this is a section"):
        parse_map(text)


def test_parse_map__several_mistakes__all_named() -> None:
    with pytest.raises(errors.InvalidMap, match=r"2 problems:\n  line 1: source: .*\n  line 6: currency: "):
        parse_map("source: a/b\nid: line\nmember: {column: m}\ntype: {constant: t}\ntime: {column: t}\ncurrency: GBP")


def test_packaged_map__each__is_valid() -> None:
    retail, shop = packaged_map("online_retail"), packaged_map("simulated_shop")

    assert set(retail.columns.values()) == {
        *("InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"),
    }
    assert shop.columns["amount.by_type.redemption.column"] == "points"
    assert shop.columns["amount.by_type.purchase.column"] == "total"


@pytest.mark.parametrize("name", ["none", "../maps/online_retail", ""])
def test_packaged_map__unknown__lists_them(name: str) -> None:
    with pytest.raises(errors.InvalidMap, match=r"there_are: online_retail, simulated_shop"):
        packaged_map(name)


@pytest.mark.parametrize("raw", [None, b"\xff\xfe"])
def test_load_map__unreadable__refused(tmp_path: Path, raw: bytes | None) -> None:
    path = tmp_path / "map.yaml"
    if raw is not None:
        path.write_bytes(raw)
    with pytest.raises(errors.InvalidMap, match="cannot be read"):
        load_map(path)


def test_load_map__with_byte_order_mark__read(tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(SHOP_MAP, encoding="utf-8-sig")

    assert load_map(path) == parse_map(SHOP_MAP)


def test_check_columns__missing_or_twice__refused() -> None:
    event_map = parse_map(SHOP_MAP)
    header = ["order_id", "kind", "customer", "at", "total", "more"]

    check_columns(event_map, header)
    with pytest.raises(errors.InvalidMap, match=r"time.column: the column 'at' is not in .*when"):
        check_columns(event_map, ["order_id", "kind", "customer", "when", "total"])
    with pytest.raises(errors.InvalidMap, match=r"amount.column: the column 'total' stands more than once"):
        check_columns(event_map, [*header, "total"])
