"""Sample programmes."""

from typing import Any

from loyaltychain.core.money import Rounding
from loyaltychain.program.types import PointsPerCurrencyUnit, Program, Redemption

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


def make_program(*rules: PointsPerCurrencyUnit, **changes: Any) -> Program:
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
