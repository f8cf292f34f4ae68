"""What a published programme gives for an event, worked out from its document (PROTOCOL §7): the second way.

Shares no code with the rules that made the award. Exact fractions; no clock, no state. Knows the two kinds of rule,
orders with lines, the most that a rule gives, and purchases in another currency.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any, Final

from loyaltychain.core.money import EXPONENTS

_RATE: Final = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?")
_ROUND: Final[dict[str, Callable[[Fraction], int]]] = {"down": floor, "up": ceil, "half_even": round}


@dataclass(frozen=True, slots=True)
class Given:
    """What one rule gives: points, and how many of them also count towards a tier."""

    points: int
    qualifying: int


class Unanswerable(ValueError):
    """The document or the facts lack what a rule reads; says what."""


def award(document: Mapping[str, Any], type_: str, facts: Mapping[str, Any]) -> dict[str, Given]:
    """What each rule of the programme gives for an event of this type, by the rule's id; zeros among them.

    Args:
        facts: ``currency``, and ``amount`` or, of an order, ``lines``, in minor units; ``rate`` as decimal text.

    Raises:
        Unanswerable: a fact that a rule reads is not there, or a rule is of a kind that is not known here.
    """
    try:
        return _award(document, type_, facts)
    except Unanswerable:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, ZeroDivisionError) as error:
        raise Unanswerable(f"a programme of the known form: {error!r:.100}") from error


def is_order(document: Mapping[str, Any], type_: str) -> bool:
    """Whether the programme reads events of this type as orders, line by line."""
    orders = document.get("orders")
    return isinstance(orders, dict) and orders.get("event") == type_


def _award(document: Mapping[str, Any], type_: str, facts: Mapping[str, Any]) -> dict[str, Given]:
    rules = [rule for rule in document["rules"] if rule["event"] == type_]
    if not rules:
        return {}
    amounts, currency = _amounts(facts, by_line=is_order(document, type_))
    amounts, currency = _convert(document, amounts, currency, facts.get("rate"))
    is_ours = currency == document["currency"]
    return {rule["id"]: _given(rule, amounts if is_ours else None) for rule in rules}


def _amounts(facts: Mapping[str, Any], *, by_line: bool) -> tuple[list[int], str]:
    amounts = facts.get("lines") if by_line else [facts.get("amount")]
    currency = facts.get("currency")
    if not isinstance(amounts, list) or not all(type(amount) is int for amount in amounts):
        raise Unanswerable("lines of whole amounts" if by_line else "a whole amount")
    if not isinstance(currency, str):
        raise Unanswerable("a currency")
    return amounts, currency


def _convert(document: Mapping[str, Any], amounts: list[int], currency: str, rate: object) -> tuple[list[int], str]:
    """The amounts in the programme's currency, each rounded by itself; as they are where nothing is to be converted."""
    currencies, ours = document.get("currencies"), document["currency"]
    if currencies is None or rate is None or currency == ours or currency not in EXPONENTS:
        return amounts, currency
    read = _RATE.fullmatch(rate) if isinstance(rate, str) else None
    if read is None:
        raise Unanswerable("a rate in decimals")
    whole, decimals = read[1], read[2] or ""
    factor = Fraction(int(whole + decimals), 10 ** len(decimals)) * Fraction(10) ** (
        EXPONENTS[ours] - EXPONENTS[currency]
    )
    to_whole = _ROUND[currencies["rounding"]]
    return [to_whole(abs(amount) * factor) * (-1 if amount < 0 else 1) for amount in amounts], ours


def _given(rule: Mapping[str, Any], amounts: list[int] | None) -> Given:
    """What a rule gives for these amounts; None: they are in a currency that does not count."""
    points = 0 if amounts is None else _points(rule, amounts)
    return Given(points, points if rule.get("qualifying", False) else 0)


def _points(rule: Mapping[str, Any], amounts: list[int]) -> int:
    if rule["kind"] == "bonus_from_amount":
        return int(rule["points"]) if sum(amounts) >= rule["threshold"] else 0
    if rule["kind"] != "points_per_currency_unit":
        raise Unanswerable(f"a known kind of rule, not {rule['kind']!r:.60}")
    to_whole, rate = _ROUND[rule["rounding"]], Fraction(rule["points"], rule["per"])
    points = sum(to_whole(amount * rate) for amount in amounts if amount > 0)
    most = rule["max_points"]
    return points if most is None else min(points, int(most))
