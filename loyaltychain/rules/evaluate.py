"""What an event is worth under a programme. Pure: no clock, no database, no other members."""

from loyaltychain.core import errors
from loyaltychain.core.amounts import LANE_MAX, POINTS
from loyaltychain.events.types import Event
from loyaltychain.program.types import Program
from loyaltychain.rules.points import award_per_currency_unit, in_points
from loyaltychain.rules.types import Award, Evaluation


def evaluate(program: Program, event: Event) -> Evaluation:
    """The awards of ``event`` and their explanation; no awards is an answer too, and is explained.

    Raises:
        InvalidEvent: a rule wants an amount of money and the event has none that can be read as one.
        BalanceTooLarge: an award is larger than any balance can be.
    """
    rules = [rule for rule in program.rules if rule.event == event.type]
    findings = [award_per_currency_unit(rule, event, currency=program.currency) for rule in rules]
    if not findings:
        result = f"No rule of {program.name} counts events of the type {event.type}."
        return Evaluation((), {"result": result, "rules": []})
    awards = tuple(Award(found["rule"], POINTS, found["points"]) for found in findings if found["points"] > 0)
    for award in awards:
        if award.amount > LANE_MAX:
            raise errors.BalanceTooLarge("The award is too large.", rule=award.rule, points=award.amount, most=LANE_MAX)
    total = sum(award.amount for award in awards)
    reasons = " ".join(found["result"] for found in findings)
    return Evaluation(awards, {"result": f"{in_points(total)}. {reasons}", "rules": findings})
