"""Why behaviours make nothing of an event: it is no act of any, it is for nobody, or a condition fails. Pure.

Of acts that count and give nothing the grants themselves say why.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.words import counted
from loyaltychain.program.behaviours import Behaviour, Condition, Operator, To
from loyaltychain.program.conduct import Conduct
from loyaltychain.rules.engine.fields import compile_conditions, dig, is_own
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import Fact, Reason
from loyaltychain.rules.engine.validity import make_checks
from loyaltychain.rules.reasons import after_words, listed

_NEEDED: dict[Operator, str] = {
    "is": "{} is needed", "is_not": "anything but {} is needed", "at_least": "at least {} is needed",
    "at_most": "at most {} is needed", "one_of": "{} is needed",
}  # fmt: skip
_WHOM: dict[To, str] = {
    "actor": "its doer is nobody who is known",
    "owner": "nobody who is known owns an object that it is about",
    "parent_owner": "nobody who is known owns what the object belongs to that it is about",
    "recipient": "it names no member as its recipient",
    "referrer": "nobody sent its member",
}  # fmt: skip
_FAULTS: dict[Reason, str] = {
    "effective-dates": "it lies outside its dates",
    "self-dealing": "it is an act for oneself, or on something of one's own",
    "proof-missing": "it came without a good proof",
}


def why_uncounted(
    conduct: Conduct,
    version: int,
    type_: str,
    facts: Mapping[MemberNumber, tuple[Fact, State]],
    *,
    counted: Iterable[str],
) -> list[str]:
    """A sentence for each behaviour that an event of this type could have been an act of, and was not.

    Args:
        facts: What the event is to each member whom it concerns, with her state (as it is now).
        counted: Rules that granted something for it, zero included: "behaviour:<id>".
    """
    known = set(counted)
    possible = [each for each in conduct.behaviours if type_ in each.events]
    speaks_to = [each.id for each in conduct.behaviours if _is_signal(each, type_)]
    lines = [_why_not(each, conduct, facts) for each in possible if f"behaviour:{each.id}" not in known]
    if speaks_to:
        lines.append(f"It speaks of acts that wait or may be taken back: {listed(speaks_to, last='and')}.")
    measured = [each.id for each in conduct.measures if type_ in each.events]
    if measured:
        lines.append(f"It counts for what is told of the object: {listed(measured, last='and')}.")
    if type_ in {each.made_by for each in conduct.objects} and not possible:
        lines.append("It makes an object, and nothing else.")
    if not lines and not known and not type_.startswith("loyaltychain."):
        lines.append(f"No behaviour of version {version} goes by events of the type {type_}.")
    return lines


def _is_signal(behaviour: Behaviour, type_: str) -> bool:
    gate = behaviour.gate
    signals = () if gate is None else (*(each.event for each in gate.until), *gate.reject)
    return type_ in signals or type_ in behaviour.retracted_by


def _why_not(behaviour: Behaviour, conduct: Conduct, facts: Mapping[MemberNumber, tuple[Fact, State]]) -> str:
    """Why it is no act of this behaviour; that it counts, where nothing is to be given for it."""
    kinds = {each.id: each.made_by for each in conduct.objects}
    concerned = [(fact, state) for fact, state in facts.values() if behaviour.to in fact.roles]
    if not concerned:
        return f"It is no act of {behaviour.id}: {_WHOM[behaviour.to]}."
    for fact, state in concerned:
        failed = [each for each in behaviour.where if not _holds(each, kinds)(state, fact)]
        if failed:
            return f"It is no act of {behaviour.id}: {'; '.join(_in_words(each, fact, kinds) for each in failed)}."
    if behaviour.points is None:
        return _without_points(behaviour, kinds, concerned)
    return f"It was no act of {behaviour.id} when it was decided; by what is known now its conditions hold."


def _without_points(behaviour: Behaviour, kinds: Mapping[str, str], concerned: Iterable[tuple[Fact, State]]) -> str:
    """Whether it counts as one that gives nothing by itself; "may", where that depends on how its member stood then."""
    by_fact = replace(behaviour, after=None, tiers=(), segments=())
    for check in make_checks(by_fact, kinds, segments={}, tier_at=None):
        for fact, state in concerned:
            fault = check(state, fact)
            if fault is not None:
                return f"It does not count as {behaviour.id}: {_FAULTS[fault[0]]}."
    after = behaviour.after
    began = None if after is None else after_words({"after": after.behaviour, "act": after.act, "each": after.each})
    standing = [
        *([f"only within {counted(after.days, 'day')} of {began}"] if after is not None else []),
        *([f"only for members in the tier {listed(behaviour.tiers)}"] if behaviour.tiers else []),
        *([f"only for members in the segment {listed(behaviour.segments)}"] if behaviour.segments else []),
    ]
    if standing:
        return f"It may count as {behaviour.id}, which gives no points by itself: {', '.join(standing)}, at that time."
    return f"It counts as {behaviour.id}, which gives no points by itself: {behaviour.title}"


def _holds(condition: Condition, kinds: Mapping[str, str]) -> Callable[[State, Fact], bool]:
    found = compile_conditions((condition,), kinds)
    assert found is not None, condition
    return found


def _in_words(condition: Condition, fact: Fact, kinds: Mapping[str, str]) -> str:
    needed = _NEEDED[condition.operator].format(listed(_as_written(condition.value)))
    field = condition.field
    if field == "is_own":
        return f"it is {'' if is_own(fact, kinds) else 'not '}on something of the doer's own"
    if field.startswith("object."):
        return f"{field}: {needed}"
    found = dig(fact.payload, field.split("."))
    return f"{field} is {'not there' if found is None else _as_written(found)}, and {needed}"


def _as_written(value: object) -> object:
    """Truth as files and payloads write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return [_as_written(each) for each in value] if isinstance(value, list | tuple) else value
