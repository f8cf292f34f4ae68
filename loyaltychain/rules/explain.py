"""A grant in plain words: what was given, by which rule, how it was worked out, why not more, what would change that.

Pure. Reads what the grant itself says (``inputs``) and the programme's words for it; decides nothing anew.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from loyaltychain.core.times import format_instant
from loyaltychain.core.words import counted
from loyaltychain.program.conduct import Conduct, Term
from loyaltychain.program.lifetime import Otherwise
from loyaltychain.program.units import in_unit, unit_words
from loyaltychain.rules.engine.types import Grant
from loyaltychain.rules.points import ROUNDED
from loyaltychain.rules.reasons import listed, why_less

POINTS_OF = "points"  # ends the occurrence of the points that come with a badge


@dataclass(frozen=True, slots=True)
class RuleWords:
    """How a programme speaks of one of its rules. ``version`` is None when that is not known any more."""

    id: str
    kind: str
    title: str
    version: int | None

    def sentence(self) -> str:
        """``Behaviour helpful-reply, version 3: Answer somebody's question.``"""
        version = "" if self.version is None else f", version {self.version}"
        return f"{self.kind.capitalize()} {self.id}{version}: {self.title}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is to be said of a grant, in whole sentences; ``why`` and ``then`` only where it is not given in full."""

    what: str
    rule: str
    arithmetic: tuple[str, ...]
    why: str | None
    then: str | None

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self) | {"arithmetic": list(self.arithmetic)}

    def lines(self) -> list[str]:
        """All of it, a sentence a line."""
        return [self.what, self.rule, *self.arithmetic, *(each for each in (self.why, self.then) if each is not None)]


def explain_grant(grant: Grant, conduct: Conduct | None, *, version: int | None, language: str = "en") -> Explanation:
    """The words for a grant.

    Args:
        conduct: Of the programme that decided it; None when its text is not kept.
        version: The programme's number.
        language: BCP 47, of the programme's unit of points; the sentences are English.
    """
    unit = unit_words(conduct, language)
    why = None if grant.reason is None else why_less(grant.reason, grant.inputs)
    waits = _what_is_missing(grant, _otherwise(grant, conduct)) if grant.state == "pending" else None
    return Explanation(
        what=_what(grant, conduct, unit),
        rule=rule_words(grant.rule, conduct, version=version).sentence(),
        arithmetic=tuple(_arithmetic(grant, unit)),
        why=None if why is None else why.because,
        then=waits if waits is not None else None if why is None else why.then,
    )


def rule_words(rule: str, conduct: Conduct | None, *, version: int | None) -> RuleWords:
    """The programme's words for a rule, "behaviour:<id>" and the like."""
    kind, _, id_ = rule.partition(":")
    title = _titles(conduct).get(rule, "its words are not kept.")
    return RuleWords(id_, kind, title, version)


def _titles(conduct: Conduct | None) -> Mapping[str, str]:
    if conduct is None:
        return {}
    titles = {f"behaviour:{each.id}": each.title for each in conduct.behaviours}
    titles |= {f"achievement:{each.id}": each.title for each in conduct.achievements}
    titles |= {f"streak:{each.id}": each.title for each in conduct.streaks}
    return titles | {f"referral:{each.id}": each.title for each in conduct.referrals}


def _what(grant: Grant, conduct: Conduct | None, unit: Term) -> str:
    occurrence = grant.occurrence.removesuffix(POINTS_OF).removesuffix(":")
    about = f" for {grant.cause}" + (f" ({occurrence})" if occurrence else "")
    if grant.unit == "badge":
        name = _badge_name(grant, conduct)
        verb = "given" if grant.awarded else "given, and revoked," if grant.reason == "revoked" else "not given"
        return f"The badge {name} was {verb}{about}."
    if grant.state == "pending":
        return f"{in_unit(grant.awarded, unit)} are pending{about}." if grant.awarded else f"Nothing yet{about}."
    if grant.state == "held":
        return f"{in_unit(grant.desired, unit)} are held{about}."
    if not grant.awarded:
        wanted = f" of {in_unit(grant.desired, unit)}" if grant.desired else ""
        return f"Nothing{wanted}{about}."
    verb = "taken" if grant.awarded < 0 else "given"
    wanted = f" of {abs(grant.desired):,}" if grant.awarded != grant.desired else ""
    return f"{in_unit(abs(grant.awarded), unit)}{wanted} {verb}{about}."


def _badge_name(grant: Grant, conduct: Conduct | None) -> str:
    id_ = grant.rule.partition(":")[2]
    names = {} if conduct is None else {each.id: each.name for each in conduct.achievements}
    return names.get(id_, id_)


def _arithmetic(grant: Grant, unit: Term) -> list[str]:
    """How ``desired`` came about, as far as the inputs tell, and what is left of it."""
    told = grant.inputs
    lines = [*_base(told, unit), *_boosts(told), *_progress(told), *_brought_about(grant)]
    if grant.unit == "points" and type(told.get("base")) is int and grant.desired != told["base"]:
        lines.append(f"Wanted: {in_unit(grant.desired, unit)}.")
    if grant.unit == "points" and grant.awarded != grant.desired and grant.awarded:
        lines.append(f"Given: {in_unit(grant.awarded, unit)}.")
    if grant.qualifying:
        lines.append(f"{in_unit(grant.qualifying, unit)} count towards tiers.")
    return lines


def _base(told: Mapping[str, Any], unit: Term) -> list[str]:
    base, give = told.get("base"), told.get("give")
    if type(give) is not int or type(base) is not int:
        return []
    if told.get("items") is not None and told.get("per") is None:
        return [f"{in_unit(give, unit)} for each of {counted(told['items'], 'item')}: {base:,}."]
    if told.get("per") is None:
        return [f"{in_unit(base, unit)} for each act."]
    each = f" of each of {counted(told['items'], 'item')}" if told.get("items") is not None else ""
    of, amount = told.get("of"), told.get("amount")
    missing = (
        f"The event has no whole number in {of}, so it counts as 0; " if "amount" in told and amount is None else ""
    )
    value = f"{of} is {amount:,}; " if type(amount) is int else missing
    rounded = f", {ROUNDED[told['rounding']]}" if told.get("rounding") in ROUNDED else ""
    return [f"{value}{in_unit(give, unit)} for every {told['per']:,} of {of}{each}{rounded}: {base:,}."]


def _boosts(told: Mapping[str, Any]) -> list[str]:
    lines = []
    for boost in told.get("boosts", ()):
        times, per = boost.get("times"), boost.get("per", 1)
        ratio = f" times {times}" + (f"/{per}" if per != 1 else "") if times is not None else ""
        rounded = f", {ROUNDED[boost['rounding']]}" if boost.get("rounding") in ROUNDED else ""
        lines.append(f"Boost {boost['id']}:{ratio}{rounded}.")
    if type(told.get("weight")) is int and told["weight"] != 100:
        lines.append(f"Weight between the same two members: {told['weight']} percent.")
    return lines


def _progress(told: Mapping[str, Any]) -> list[str]:
    if type(told.get("have")) is int and type(told.get("need")) is int:
        return [f"Reached {told['have']:,} of {told['need']:,}."]
    return [f"The streak is {told['length']:,} long."] if type(told.get("length")) is int else []


def _brought_about(grant: Grant) -> list[str]:
    """Which event opened the gate, qualified a referral, or was the last piece of an achievement."""
    told, lines = grant.inputs, []
    if told.get("qualified_by"):
        lines.append(f"{told['qualified_by']} qualified it.")
    if told.get("decided_by") and grant.state == "given" and grant.reason is None:
        lines.append(f"It was pending until {told['decided_by']} let it through.")
    if grant.unit == "badge" and grant.awarded and told.get("by") not in (None, grant.cause):
        lines.append(f"{told['by']} was the last piece.")
    return lines


def _otherwise(grant: Grant, conduct: Conduct | None) -> Otherwise | None:
    """What becomes of the grant without a word of others; None where the programme's text is not kept."""
    behaviours = () if conduct is None else conduct.behaviours
    gates = [each.gate for each in behaviours if f"behaviour:{each.id}" == grant.rule]
    return gates[0].otherwise if gates and gates[0] is not None else None


def _what_is_missing(grant: Grant, otherwise: Otherwise | None) -> str:
    """Of a pending grant: until when, and for what it waits."""
    if grant.rule.startswith("referral:") and grant.due_at is not None:
        if grant.inputs.get("qualified_by"):
            return f"It is given at {format_instant(grant.due_at)}, unless what it is for is taken back before."
        return f"The referred member has until {format_instant(grant.due_at)} for what it asks of her."
    needs = [_signal_in_words(each) for each in grant.inputs.get("needs", ())]
    waits = f"It is given with {listed(needs)}" if needs else "It waits for the word of others"
    if grant.due_at is None:
        return f"{waits}."
    without = {"give": "then it is given without", "cancel": "without, it is cancelled"}
    ends = "then it is decided without" if otherwise is None else without[otherwise]
    return f"{waits}, before {format_instant(grant.due_at)}; {ends}."


def _signal_in_words(signal: Mapping[str, Any]) -> str:
    """``2 upvote by other members (1 so far)``."""
    by = {"peer": " by other members", "role": f" by a {signal.get('role')}"}.get(str(signal.get("by")), "")
    seen = f" ({signal['seen']:,} so far)" if type(signal.get("seen")) is int else ""
    return f"{signal.get('times', 1)} {signal.get('event')}{by}{seen}"
