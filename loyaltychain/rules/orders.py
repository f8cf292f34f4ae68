"""What an order is worth, line by line. Pure.

Each line is rounded by itself, so that what comes back can be taken back line by line and adds up to the award.
"""

from typing import Any

from loyaltychain.core.money import RATIOS, in_words
from loyaltychain.events.orders import Order
from loyaltychain.program.types import BonusFromAmount, PointsPerCurrencyUnit
from loyaltychain.rules.awards import make_award
from loyaltychain.rules.bonus import bonus_from_amount, is_reached
from loyaltychain.rules.points import ROUNDED, in_points
from loyaltychain.rules.terms import Terms
from loyaltychain.rules.types import Award, BonusAward, Evaluation, LineAward


def evaluate_order(terms: Terms, order: Order) -> Evaluation:
    """The awards of an order on these terms, with those of its lines and its bonuses.

    Raises BalanceTooLarge: an award is larger than any balance can be.
    """
    points = [0] * len(order.lines)
    qualifying = [0] * len(order.lines)
    awards: list[Award] = []
    findings: list[dict[str, Any]] = []
    bonuses: list[BonusAward] = []
    for rule in terms.rules:
        if isinstance(rule, BonusFromAmount):
            if order.currency == terms.currency:
                bonuses.append(_bonus(rule, order, terms))
            found = bonus_from_amount(rule, _amount(order), paid_in=order.currency, currency=terms.currency)
        else:
            of_lines = _per_line(rule, order) if order.currency == terms.currency else [0] * len(order.lines)
            points = [before + more for before, more in zip(points, of_lines, strict=True)]
            if rule.qualifying:
                qualifying = [before + more for before, more in zip(qualifying, of_lines, strict=True)]
            found = _explain(rule, order, of_lines, terms)
        if found["points"] > 0:
            awards.append(make_award(rule, found["points"]))
        findings.append(found)
    total = sum(award.amount for award in awards)
    reasons = " ".join(found["result"] for found in findings)
    if not findings:
        reasons = "No rule counts orders."
    lines = tuple(
        LineAward(line.line, gives, qualifies)
        for line, gives, qualifies in zip(order.lines, points, qualifying, strict=True)
    )
    return Evaluation(
        tuple(awards), {"result": f"{in_points(total)}. {reasons}", "rules": findings}, lines, tuple(bonuses)
    )


def _amount(order: Order) -> int:
    return sum(line.amount for line in order.lines)


def _per_line(rule: PointsPerCurrencyUnit, order: Order) -> list[int]:
    """Points of each line; the lines fill the most that one order can earn in their order."""
    ratio = RATIOS[rule.rounding]
    points = [ratio(line.amount, times=rule.points, per=rule.per) for line in order.lines]
    if rule.max_points is None:
        return points
    left = rule.max_points
    for place, wanted in enumerate(points):
        points[place] = min(wanted, left)
        left -= points[place]
    return points


def _bonus(rule: BonusFromAmount, order: Order, terms: Terms) -> BonusAward:
    reached = is_reached(rule, _amount(order), paid_in=order.currency, currency=terms.currency)
    return BonusAward(rule.id, rule.threshold, rule.points, rule.points if rule.qualifying else 0, reached)


def _explain(rule: PointsPerCurrencyUnit, order: Order, of_lines: list[int], terms: Terms) -> dict[str, Any]:
    """The rule's part of the explanation. ``lines`` are [line, points] of those that earn something."""
    total = sum(of_lines)
    inputs = {
        "amount": _amount(order),
        "currency": order.currency,
        "lines": len(order.lines),
        "points": rule.points,
        "per": rule.per,
        "rounding": rule.rounding,
        "max_points": rule.max_points,
    }
    if order.currency != terms.currency:
        arithmetic, result = "", f"Paid in {order.currency}; points are given for {terms.currency} only."
    else:
        arithmetic = f"for each line: amount * {rule.points} / {rule.per}, {ROUNDED[rule.rounding]}"
        lines = "1 line" if len(order.lines) == 1 else f"{len(order.lines)} lines"
        rate = f"{in_points(rule.points)} for every {in_words(rule.per, terms.currency)}"
        result = f"{lines} of {in_words(_amount(order), terms.currency)} together at {rate}, "
        result += f"each line {ROUNDED[rule.rounding]}: {in_points(total)}"
        if rule.max_points is not None:
            arithmetic += f", at most {rule.max_points} together"
            result += f", of at most {rule.max_points} for one order" if total == rule.max_points else ""
        result += "."
    pairs = zip(order.lines, of_lines, strict=True)
    return {
        "rule": rule.id,
        "kind": rule.kind,
        "inputs": inputs,
        "arithmetic": arithmetic,
        "points": total,
        "lines": [[line.line, points] for line, points in pairs if points],
        "result": result,
    }
