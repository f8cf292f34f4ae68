"""parse_program: orders, bonuses, pending and qualifying points, expiry

given the new sections
    it is the Program, complete with its defaults; the document is golden
    when one of their fields differs
        the digest is another
    when a field is spelled out at its default
        the digest is the same
given a file that breaks a rule of theirs
    it raises InvalidProgram naming the field and what to do
given the templates with orders
    they are valid programmes
"""

import json

import pytest

from loyaltychain.core import canonical, errors
from loyaltychain.program.load import parse_program, template
from loyaltychain.program.types import Expiry
from tests.program.builders import (
    ORDERS_TEXT,
    PROGRAM_TEXT,
    make_bonus,
    make_order_program,
    make_orders,
    make_program,
    make_rule,
)

GOLDEN = (
    '{"currency":"GBP","expiry":{"days":null,"end_of":"month","grace_days":30,"months":12},"name":"Corner Shop Points",'
    '"orders":{"cancellations":"cancellation","edits":"order_edit","event":"order","match":"member+item, latest first",'
    '"return_within_days":400,"returns":"return"},"redemption":{"event":"redemption"},"rules":[{"event":"order",'
    '"id":"spend","kind":"points_per_currency_unit","max_points":null,"per":100,"points":1,"qualifying":true,'
    '"rounding":"down"},{"event":"order","id":"big","kind":"bonus_from_amount","points":100,"threshold":5000}],'
    '"timezone":"Europe/London","version":2}'
)


def test_parse_program__orders_and_expiry__complete_with_defaults() -> None:
    program = parse_program(ORDERS_TEXT)

    assert program == make_program(
        make_rule(event="order", qualifying=True),
        make_bonus(),
        version=2,
        orders=make_orders(return_within_days=400),
        expiry=Expiry(12, None, "month", 30),
    )
    assert canonical.encode(program.document).decode() == GOLDEN


def test_document__program_without_them__knows_nothing_of_them() -> None:
    document = parse_program(PROGRAM_TEXT).document

    assert {"orders", "expiry"}.isdisjoint(document)
    assert {"pending_days", "qualifying"}.isdisjoint(document["rules"][0])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("qualifying: true", "qualifying: false"),
        ("qualifying: true", "qualifying: true, pending_days: 14"),
        ("points: 100", "points: 101"),
        ('from: "50.00"', 'from: "50.01"'),
        ("return_within_days: 400", "return_within_days: 30"),
        (', match: "member+item, latest first"', ""),
        ("orders: {", "orders: {returns: sent_back, "),
        ("months: 12", "months: 13"),
        ("months: 12", "days: 12"),
        (", end_of: month", ""),
        ("end_of: month", "end_of: year"),
        ("end_of: month", "end_of: month, grace_days: 0"),
    ],
)
def test_digest__other_meaning__another(old: str, new: str) -> None:
    text = ORDERS_TEXT.replace("{match: ", "{return_within_days: 400, match: ").replace(
        '", return_within_days: 400}', '"}'
    )
    assert parse_program(text).digest == parse_program(ORDERS_TEXT).digest
    assert old in text
    assert parse_program(text.replace(old, new, 1)).digest != parse_program(text).digest


def test_digest__defaults_spelled_out__same() -> None:
    text = ORDERS_TEXT.replace("orders: {", "orders: {event: order, returns: return, edits: order_edit, ")
    text = text.replace("end_of: month", "end_of: month, grace_days: 30").replace("months: 12", "months: 12, days: ~")
    text = text.replace("id: big,", "id: big, pending_days: null, qualifying: false,")

    assert parse_program(text).digest == parse_program(ORDERS_TEXT).digest


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (', per: "1.00"', "", r"rules\[0\].per: Field required \(add it\)"),
        (', from: "50.00"', "", r"rules\[1\].from: Field required \(add it\)"),
        ('from: "50.00"', 'from: "0"', r"rules\[1\].from: This must be more than 0. Found '0'"),
        ('from: "50.00"', 'from: "50.001"', r"rules\[1\].from: The amount has more than 2 fraction digits"),
        ('from: "50.00"', 'from: "50", per: "1"', r"rules\[1\].per: a rule of the kind bonus_from_amount has no such"),
        ('from: "50.00"', 'from: "50", max_points: 5', r"rules\[1\].max_points: a rule of the kind bonus_from_amount"),
        ('per: "1.00"', 'per: "1.00", from: "2"', r"rules\[0\].from: a rule of the kind points_per_currency_unit has"),
        ("from:", "threshold:", r"rules\[1\].threshold: .*correct its spelling"),
        ("qualifying: true", "pending_days: 0", r"rules\[0\].pending_days: .*greater than or equal to 1"),
        ("qualifying: true", "qualifying: 1", r"rules\[0\].qualifying: .*true or false"),
        (
            'match: "member+item, latest first"',
            "match: oldest",
            "orders.match: .*'member.item, latest first' or 'none'",
        ),
        ("orders: {", "orders: {returns: order, ", "orders.returns: 'order' is the type of event already"),
        ("orders: {", "orders: {edits: redemption, ", "orders.edits: 'redemption' is the event that takes points"),
        ("event: order, points: 1,", "event: return, points: 1,", r"rules\[0\].event: .*that brings goods back"),
        ("return_within_days: 400", "return_within_days: 0", "orders.return_within_days: .*greater than or equal to 1"),
        ("{months: 12}", "{}", "expiry.after: say either months or days"),
        ("{months: 12}", "{months: 12, days: 1}", "expiry.after: say either months or days"),
        ("end_of: month", "end_of: week", "expiry.end_of: .*'day', 'month', 'quarter', 'half_year' or 'year'"),
        ("end_of: month", "grace_days: -1", "expiry.grace_days: .*greater than or equal to 0"),
    ],
)
def test_parse_program__breaks_a_rule__says_where(old: str, new: str, problem: str) -> None:
    assert old in ORDERS_TEXT
    with pytest.raises(errors.InvalidProgram, match=problem):
        parse_program(ORDERS_TEXT.replace(old, new, 1))


@pytest.mark.parametrize("name", ["orders", "online_retail"])
def test_template__with_orders__valid(name: str) -> None:
    program = parse_program(template(name))

    assert program.orders is not None
    assert program.orders.match == "member+item, latest first"
    assert json.loads(canonical.encode(program.document)) == program.document


def test_template__online_retail__a_point_a_pound_of_a_line() -> None:
    assert parse_program(template("online_retail")) == make_order_program(name="Online Retail Points")
