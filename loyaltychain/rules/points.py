"""The rule kind ``points_per_currency_unit``: points in proportion to money."""

from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.money import RATIOS, in_words
from loyaltychain.events.types import Event
from loyaltychain.program.types import PointsPerCurrencyUnit

ROUNDED = {"down": "rounded down", "up": "rounded up", "half_even": "rounded to the nearest, halves to the even one"}


def award_per_currency_unit(rule: PointsPerCurrencyUnit, event: Event, *, currency: str) -> dict[str, Any]:
    """What the rule grants for the event, as its part of the explanation; ``points`` is the award, 0 for none.

    A negative amount grants nothing and takes nothing: a return is an event of its own type.

    Raises:
        InvalidEvent: the event has no whole amount or no currency.
    """
    amount, paid_in = read_money(event)
    points, arithmetic, result = _decide(rule, amount, paid_in=paid_in, currency=currency)
    inputs = {
        "amount": amount,
        "currency": paid_in,
        "points": rule.points,
        "per": rule.per,
        "rounding": rule.rounding,
        "max_points": rule.max_points,
    }
    return {
        "rule": rule.id,
        "kind": rule.kind,
        "inputs": inputs,
        "arithmetic": arithmetic,
        "points": points,
        "result": result,
    }


def read_money(event: Event) -> tuple[int, str]:
    """The event's amount in minor units and its currency's code. Raises InvalidEvent when it has no such thing."""
    amount, currency = event.payload.get("amount"), event.payload.get("currency")
    if type(amount) is not int or not isinstance(currency, str) or not currency:
        hint = " It has lines: say in the programme's section orders that this type is an order."
        raise errors.InvalidEvent(
            f"The event has no amount of money.{hint if 'lines' in event.payload else ''}",
            event=event.cause,
            fields=sorted(event.payload)[:10],
        )
    return amount, currency


def in_points(amount: int) -> str:
    """``1 point``, ``12 points``."""
    return f"{amount} point" if amount == 1 else f"{amount} points"


def _decide(rule: PointsPerCurrencyUnit, amount: int, *, paid_in: str, currency: str) -> tuple[int, str, str]:
    """Points, the arithmetic that gives them, and the sentence that says why."""
    if paid_in != currency:
        return 0, "", f"Paid in {paid_in}; points are given for {currency} only."
    if amount < 0:
        return 0, "", f"{in_words(amount, currency)} is a negative amount; returns come with their own event type."
    points = RATIOS[rule.rounding](amount, times=rule.points, per=rule.per)
    rest = amount * rule.points % rule.per
    arithmetic = f"{amount} * {rule.points} / {rule.per} = {amount * rule.points // rule.per}"
    rate = f"{in_points(rule.points)} for every {in_words(rule.per, currency)}"
    result = f"{in_words(amount, currency)} at {rate}"
    if rest:
        arithmetic += f" remainder {rest}, {ROUNDED[rule.rounding]}: {points}"
        result += f", {ROUNDED[rule.rounding]}"
    if rule.max_points is not None and points > rule.max_points:
        arithmetic += f", at most {rule.max_points}"
        return (
            rule.max_points,
            arithmetic,
            f"{result}: {in_points(points)}, and at most {rule.max_points} for one event.",
        )
    return points, arithmetic, f"{result}: {in_points(points)}."
