"""Sample programmes."""

from typing import Any

from loyaltychain.core.money import Rounding
from loyaltychain.program.types import BonusFromAmount, Orders, PointsPerCurrencyUnit, Program, Redemption, Rule

PROGRAM_TEXT = """
name: Corner Shop Points
version: 1
timezone: Europe/London
currency: GBP
rules:
  - {id: spend, kind: points_per_currency_unit, points: 1, per: "1.00"}
redemption: {}
"""


def make_rule(**changes: Any) -> PointsPerCurrencyUnit:
    """A point for every whole pound of a purchase."""
    rounding: Rounding = "down"
    fields = {
        "id": "spend",
        "kind": "points_per_currency_unit",
        "event": "purchase",
        "points": 1,
        "per": 100,
        "rounding": rounding,
        "max_points": None,
    }
    return PointsPerCurrencyUnit(**(fields | changes))


def make_program(*rules: Rule, **changes: Any) -> Program:
    """A programme with these rules, by default the one of ``make_rule``, and redemptions."""
    fields = {
        "name": "Corner Shop Points",
        "version": 1,
        "timezone": "Europe/London",
        "currency": "GBP",
        "rules": rules or (make_rule(),),
        "redemption": Redemption("redemption"),
    }
    return Program(**(fields | changes))


ORDERS_TEXT = """
name: Corner Shop Points
version: 2
timezone: Europe/London
currency: GBP
rules:
  - {id: spend, kind: points_per_currency_unit, event: order, points: 1, per: "1.00", qualifying: true}
  - {id: big, kind: bonus_from_amount, event: order, points: 100, from: "50.00"}
orders: {match: "member+item, latest first", return_within_days: 400}
expiry: {after: {months: 12}, end_of: month}
redemption: {}
"""


def make_bonus(**changes: Any) -> BonusFromAmount:
    """100 points for an order from 50 pounds on."""
    fields = {"id": "big", "kind": "bonus_from_amount", "event": "order", "points": 100, "threshold": 5_000}
    return BonusFromAmount(**(fields | changes))


def make_orders(**changes: Any) -> Orders:
    """Orders whose returns are matched by article."""
    fields = {
        "event": "order",
        "returns": "return",
        "cancellations": "cancellation",
        "edits": "order_edit",
        "match": "member+item, latest first",
        "return_within_days": None,
    }
    return Orders(**(fields | changes))


def make_order_program(*rules: Rule, **changes: Any) -> Program:
    """A programme for orders with these rules, by default a point for every whole pound of a line."""
    return make_program(*(rules or (make_rule(event="order"),)), **({"orders": make_orders()} | changes))
