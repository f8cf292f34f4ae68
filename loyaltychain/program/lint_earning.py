"""The linter's rules about what earns points, and how that is abused. Pure."""

from collections.abc import Iterator

from loyaltychain.program.achievements import CountGoal, SumGoal
from loyaltychain.program.behaviours import Behaviour
from loyaltychain.program.lint_facts import Facts
from loyaltychain.program.lint_rules import Finding


def lint_earning(facts: Facts) -> Iterator[Finding]:
    """What speaks against what is rewarded, and against how it is bounded."""
    conduct = facts.conduct
    if not conduct.referrals and all(facts.is_purchase(each) for each in conduct.behaviours):
        yield Finding("only-purchases", (), "Nothing but purchases earns points.",
                      "Add `behaviours` that tell your best members from the others, such as referrals, "
                      "reviews, a second category, help for others; `loyaltychain init --template commerce` has "
                      "each.")  # fmt: skip
    for each in conduct.behaviours:
        yield from _bounds(facts, each)
    for referral in conduct.referrals:
        if not referral.hold_on or not (referral.caps or referral.velocity):
            yield Finding("referral-open", ("referrals", referral.id),
                          "Nothing holds a referral that looks like the member herself.",
                          "Add `hold_on: [device, payment]`, and `velocity: {times: 5, per: day}` or "
                          "`caps`.")  # fmt: skip
    yield from _announced(facts)


def _bounds(facts: Facts, each: Behaviour) -> Iterator[Finding]:
    if each.points is None or each.points.give <= 0:
        return
    place = ("behaviours", each.id)
    is_bounded = bool(each.caps or each.cooldown or facts.conduct.caps) or each.once == "ever"
    if facts.is_free(each) and not is_bounded:
        yield Finding("uncapped", place, "A member who sends this act again and again is paid each time.",
                      "Add `caps: [{times: 3, per: day}]`, `cooldown` or `once: ever`; or ask for a `proof`, or "
                      "`pending` until somebody confirms it.")  # fmt: skip
    is_given = each.to in ("owner", "parent_owner", "recipient")
    by_pair = each.pairs is not None or any(cap.each in ("counterpart", "actor") for cap in each.caps)
    if is_given and not by_pair and each.gate is None:
        yield Finding("collusion", place, "Two members can give each other these points without a limit.",
                      "Add `pairs: {weights: [100, 50, 25, 0], per: month, reciprocal_days: 7}`, or "
                      "`caps: [{times: 1, per: month, each: counterpart}]`.")  # fmt: skip


def _announced(facts: Facts) -> Iterator[Finding]:
    advice = (
        "Let a `proof` (codes in small batches) or `pending` with `by: peer` stand before the points, or give none: "
        "a badge alone draws nobody."
    )
    for each in facts.conduct.behaviours:
        gives = each.points is not None and each.points.give > 0
        if gives and (each.starts is not None or each.ends is not None) and facts.is_free(each):
            yield Finding("announced-without-gate", ("behaviours", each.id),
                          "It is open for a set time, free, and pays on a member's own word.", advice)  # fmt: skip
    for achievement in facts.achievements:
        is_scarce = achievement.supply is not None or achievement.repeat == "season"
        if is_scarce and achievement.points > 0 and _is_free(facts, achievement.goal):
            yield Finding("announced-without-gate", ("achievements", achievement.id),
                          "It is scarce or of a season, and its points are paid on a member's own word.",
                          advice)  # fmt: skip


def _is_free(facts: Facts, goal: object) -> bool:
    of = goal.of if isinstance(goal, CountGoal | SumGoal) else ()
    return any(facts.is_free(facts.behaviours[id_]) for id_ in of if id_ in facts.behaviours)
