"""What an event is worth under a programme. Pure: no clock, no database, no other members."""

from typing import Any

from loyaltychain.events.orders import parse_order
from loyaltychain.events.types import Event
from loyaltychain.program.types import BonusFromAmount, Program, Rule
from loyaltychain.rules.awards import make_award
from loyaltychain.rules.bonus import bonus_from_amount
from loyaltychain.rules.exchange import convert_event, convert_order, explain_exchange, read_exchange_of
from loyaltychain.rules.orders import evaluate_order
from loyaltychain.rules.points import award_per_currency_unit, in_points, read_money
from loyaltychain.rules.terms import read_terms, recorded_rules
from loyaltychain.rules.types import Evaluation

OWN = "loyaltychain."  # how the types begin that mean the same under every programme


def evaluate(program: Program, event: Event) -> Evaluation:
    """The awards of ``event`` and their explanation; no awards is an answer too, and is explained.

    Raises:
        InvalidEvent: a rule wants an amount of money and the event has none that can be read as one, or the event
            is an order by its type and not by its content.
        BalanceTooLarge: an award is larger than any balance can be.
    """
    rules = [rule for rule in program.rules if rule.event == event.type]
    if not rules:
        return Evaluation((), {"result": _nobody_counts(program, event.type), "rules": []})
    if program.orders is not None and event.type == program.orders.event:
        order, exchanged = convert_order(
            parse_order(event), read_exchange_of(program, event), currencies=program.currencies, to=program.currency
        )
        return explain_exchange(evaluate_order(read_terms(recorded_rules(program)), order), exchanged)
    event, exchanged = convert_event(program, event)
    findings = [_find(rule, event, currency=program.currency) for rule in rules]
    pairs = zip(rules, findings, strict=True)
    awards = tuple(make_award(rule, found["points"]) for rule, found in pairs if found["points"] > 0)
    total = sum(award.amount for award in awards)
    reasons = " ".join(found["result"] for found in findings)
    return explain_exchange(
        Evaluation(awards, {"result": f"{in_points(total)}. {reasons}", "rules": findings}), exchanged
    )


def _nobody_counts(program: Program, type_: str) -> str:
    if program.conduct is not None and type_.startswith(OWN):
        return "No rule awards points for it: it speaks of behaviours, badges or streaks."
    if program.conduct is not None and type_ in program.conduct.event_types:
        return "No rule awards points for it: behaviours go by it, and what it brings is told with its awards."
    return f"No rule of {program.name} counts events of the type {type_}."


def _find(rule: Rule, event: Event, *, currency: str) -> dict[str, Any]:
    if isinstance(rule, BonusFromAmount):
        amount, paid_in = read_money(event)
        return bonus_from_amount(rule, amount, paid_in=paid_in, currency=currency)
    return award_per_currency_unit(rule, event, currency=currency)
