"""An award of a rule, with what the rule says about it. Pure."""

from loyaltychain.core import errors
from loyaltychain.core.amounts import LANE_MAX, POINTS, Amount
from loyaltychain.program.types import Rule
from loyaltychain.rules.types import Award


def make_award(rule: Rule, points: int) -> Award:
    """What the rule grants when it grants ``points``. Raises BalanceTooLarge when no balance could hold them."""
    if points > LANE_MAX:
        raise errors.BalanceTooLarge("The award is too large.", rule=rule.id, points=points, most=LANE_MAX)
    days = rule.pending_days if rule.pending is None else rule.pending.days
    return Award(
        rule.id, POINTS, Amount(points), points if rule.qualifying else 0, days, rule.pending, rule.expiry
    )  # fmt: skip
