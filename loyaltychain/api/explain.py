"""Why an event brought the points that it did, or none: rule by rule, with what was held back. Pure.

``desired`` is what the rules alone give: without their caps, and though the award was refused. It is worked out anew
from what the explanation says of each rule, which is kept for ever.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyaltychain.api import answers
from loyaltychain.core import errors
from loyaltychain.core.money import RATIOS
from loyaltychain.events.orders import parse_order
from loyaltychain.events.types import Event
from loyaltychain.reports.awards import Award, total


@dataclass(frozen=True, slots=True)
class Explained:
    """Points that an event brought and that its rules wanted, and the reasons of each."""

    awarded: int
    desired: int
    rules: list[answers.RuleSays]
    suppressed: list[answers.Suppressed]


def explain(event: Event, outcome: str, explanation: Mapping[str, Any], *, version: int | None) -> Explained:
    """What became of the event, in the terms of its rules.

    Args:
        outcome: posted, nothing or refused.
        version: of the programme whose rules looked at it; None when it is not known any more.
    """
    findings: Sequence[Mapping[str, Any]] = explanation.get("rules", ())
    rules, suppressed, desired = [], [], 0
    for found in findings:
        wanted = _wanted(event, found)
        desired += wanted
        said = answers.RuleSays(id=found["rule"], version=version, points=found["points"], reason=found["result"])
        rules.append(said)
        if found["points"] < wanted or not found["points"]:
            suppressed.append(answers.Suppressed(rule=found["rule"], reason=found["result"]))
    if outcome == "refused":
        suppressed.append(answers.Suppressed(rule=None, reason=str(explanation["result"])))
        facts = explanation.get("facts", {})
        if explanation["reason"] in _TOO_MUCH:
            desired = max([desired, *(facts[name] for name in _AMOUNTS if type(facts.get(name)) is int)])
    awarded = int(explanation.get("issued", 0)) if outcome == "posted" else 0
    return Explained(awarded, desired, rules, suppressed)


def with_awards(explained: Explained | None, awards: Sequence[Award]) -> Explained | None:
    """The same with what behaviours made of the event. None while it waits for both."""
    if not awards:
        return explained
    first = explained or Explained(0, 0, [], [])
    given, desired = total(awards)
    rules, suppressed = list(first.rules), list(first.suppressed)
    for award in awards:
        grant, words = award.granted.grant, award.words
        points = grant.awarded if grant.unit == "points" else 0
        said = answers.RuleSays(id=grant.rule, version=award.version, points=points, reason=words.why or words.what)
        rules.append(said)
        if grant.awarded != grant.desired:
            suppressed.append(answers.Suppressed(rule=grant.rule, reason=words.why or words.what))
    return Explained(first.awarded + given, first.desired + desired, rules, suppressed)


_TOO_MUCH = ("over-cap", "balance-too-large")
_AMOUNTS = ("amount", "award", "points")  # facts of these refusals


def _wanted(event: Event, found: Mapping[str, Any]) -> int:
    """What the rule gives when nothing caps it."""
    inputs = found.get("inputs", {})
    points = int(found["points"])
    cap = inputs.get("max_points")
    if cap is None or points < cap:
        return points
    ratio = RATIOS[inputs["rounding"]]
    amounts = [inputs["amount"]]
    if "lines" in found:
        try:
            amounts = [line.amount for line in parse_order(event).lines]
        except errors.InvalidEvent:  # a correction or a signal: its own payload has no lines
            return points
    return max(points, sum(ratio(amount, times=inputs["points"], per=inputs["per"]) for amount in amounts))
