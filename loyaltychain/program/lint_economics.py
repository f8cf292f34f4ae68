"""The linter's rules about cost: what a behaviour's reward takes of what the behaviour is worth. Pure, and exact.

Counted are the points of the acts and of achievements that so many of these acts alone reach; boosts, caps, streaks
and points that are never redeemed are not.
"""

from collections.abc import Iterator
from fractions import Fraction

from loyaltychain.core import errors
from loyaltychain.core.money import in_words
from loyaltychain.program.achievements import CountGoal
from loyaltychain.program.behaviours import Behaviour
from loyaltychain.program.economics import Economics, Worth
from loyaltychain.program.lint_facts import Facts
from loyaltychain.program.lint_rules import RATE_LEAST, RATE_MOST, Finding
from loyaltychain.program.types import PointsPerCurrencyUnit

_REFERRALS, _BEHAVIOURS = "referrals", "behaviours"


def lint_economics(facts: Facts, economics: Economics) -> Iterator[Finding]:
    """Rewards that cost more than their share, and purchases that give back little or much.

    Raises InvalidSettings naming what ``economics`` says of behaviours that there are not.
    """
    referrals = {each.id: each.referrer_points + each.referee_points for each in facts.conduct.referrals}
    if unknown := sorted(set(economics.worth) - set(facts.behaviours) - set(referrals)):
        known = sorted({*facts.behaviours, *referrals})
        raise errors.InvalidSettings(
            "The economics speak of what is not in the programme.", unknown=unknown, known=known
        )
    for id_, worth in economics.worth.items():
        if id_ in facts.behaviours:
            yield from _share(facts, (_BEHAVIOURS, id_), _points(facts, facts.behaviours[id_], worth), worth, economics)
        else:
            yield from _share(facts, (_REFERRALS, id_), referrals[id_] * worth.acts, worth, economics)
    yield from _rates(facts, economics)


def _points(facts: Facts, behaviour: Behaviour, worth: Worth) -> int:
    """Points that so many acts give; of proportional ones, for the smallest amount that gives any."""
    acts = 1 if behaviour.once == "ever" else worth.acts // behaviour.every
    by_acts = behaviour.points.give * acts if behaviour.points is not None else 0
    reached = [each for each in facts.achievements if isinstance(each.goal, CountGoal)
               and each.goal.of == (behaviour.id,) and each.goal.times <= worth.acts]  # fmt: skip
    return by_acts + sum(each.points for each in reached)


def _share(facts: Facts, place: tuple[str, str], points: int, worth: Worth, economics: Economics) -> Iterator[Finding]:
    cost = points * economics.point_cost
    most = Fraction(worth.minor_units * economics.share_percent, 100)
    if cost <= most:
        return
    fits = int(most / economics.point_cost)
    yield Finding(
        "reward-over-share",
        place,
        f"{points:,} points cost {_money(facts, cost)}, more than {economics.share_percent} % of the "
        f"{_money(facts, Fraction(worth.minor_units))} that it is said to be worth.",
        f"Give at most {fits:,} points for {worth.acts:,} of it, its badges included; or measure its worth again.",
    )


def _rates(facts: Facts, economics: Economics) -> Iterator[Finding]:
    for at, rule in enumerate(facts.program.rules):
        if not isinstance(rule, PointsPerCurrencyUnit):
            continue
        percent = Fraction(rule.points * 100, rule.per) * economics.point_cost
        if not RATE_LEAST <= percent <= RATE_MOST:
            side = "less" if percent < RATE_LEAST else "more"
            yield Finding("reward-rate", ("rules", at), f"{rule.id!r} gives back {_percent(percent)} % of a purchase, "
                          f"{side} than the {RATE_LEAST} to {RATE_MOST} % that are usual.",
                          "Change `points` or `per`; or leave it, if your margin says so.")  # fmt: skip


def _money(facts: Facts, minor_units: Fraction) -> str:
    return in_words(-(-minor_units.numerator // minor_units.denominator), facts.program.currency)


def _percent(percent: Fraction) -> str:
    hundredths = int(percent * 100)
    return f"{hundredths // 100}.{hundredths % 100:02d}"
