"""The rule kind ``bonus_from_amount``: points once, for an event that is worth enough. Pure."""

from typing import Any

from loyaltychain.core.money import in_words
from loyaltychain.program.types import BonusFromAmount
from loyaltychain.rules.points import in_points


def bonus_from_amount(rule: BonusFromAmount, amount: int, *, paid_in: str, currency: str) -> dict[str, Any]:
    """What the rule grants for ``amount`` minor units, as its part of the explanation; ``points`` is 0 for none."""
    points = rule.points if is_reached(rule, amount, paid_in=paid_in, currency=currency) else 0
    if paid_in != currency:
        arithmetic, result = "", f"Paid in {paid_in}; points are given for {currency} only."
    else:
        compared = ">=" if points else "<"
        arithmetic = f"{amount} {compared} {rule.threshold}"
        result = f"{in_points(rule.points)} from {in_words(rule.threshold, currency)} on"
        result += f": {in_words(amount, currency)} are " + ("enough." if points else "not enough.")
    return {
        "rule": rule.id,
        "kind": rule.kind,
        "inputs": {"amount": amount, "currency": paid_in, "points": rule.points, "from": rule.threshold},
        "arithmetic": arithmetic,
        "points": points,
        "result": result,
    }


def is_reached(rule: BonusFromAmount, amount: int, *, paid_in: str, currency: str) -> bool:
    """Whether ``amount`` is enough, in the currency that counts."""
    return paid_in == currency and amount >= rule.threshold
