"""Whether something that looks like an act is one: not for oneself, proven, in its time, of a member who may."""

from collections.abc import Callable, Mapping
from typing import Any

from loyaltychain.program.behaviours import Behaviour
from loyaltychain.rules.engine.days import DAY_SECONDS
from loyaltychain.rules.engine.earlier_acts import time_before
from loyaltychain.rules.engine.fields import is_for_oneself
from loyaltychain.rules.engine.points import InSegment, TierAt
from loyaltychain.rules.engine.proof import has_proof, proof_words
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import Fact, Reason

Fault = tuple[Reason, dict[str, Any]]
Check = Callable[[State, Fact], Fault | None]


def make_checks(
    behaviour: Behaviour,
    kinds: Mapping[str, str],
    *,
    segments: Mapping[str, InSegment],
    tier_at: TierAt | None,
    is_alone: bool = False,
) -> tuple[Check, ...]:
    """What must hold of an act of the behaviour, in the order in which it is asked.

    Args:
        kinds: By kind of object the type of event that makes one.
        is_alone: Of facts that are about no object and nobody else, so that nothing can be for oneself.
    """
    found: list[Check] = []
    if behaviour.starts is not None or behaviour.ends is not None:
        found.append(_in_time(behaviour))
    if behaviour.self_dealing == "refuse" and not is_alone:
        found.append(_not_for_oneself(behaviour, kinds))
    if behaviour.proof:
        found.append(_proven(behaviour))
    if behaviour.after is not None:
        found.append(_after(behaviour))
    if behaviour.tiers and tier_at is not None:
        found.append(_in_tier(behaviour, tier_at))
    if behaviour.segments:
        found.append(_in_segment(behaviour, segments))
    return tuple(found)


def _in_time(behaviour: Behaviour) -> Check:
    starts, ends = behaviour.starts, behaviour.ends

    def check(_: State, fact: Fact) -> Fault | None:
        if (starts is None or fact.at >= starts) and (ends is None or fact.at < ends):
            return None
        return "effective-dates", {"from": starts, "to": ends}

    return check


def _not_for_oneself(behaviour: Behaviour, kinds: Mapping[str, str]) -> Check:
    def check(_: State, fact: Fact) -> Fault | None:
        return ("self-dealing", {}) if is_for_oneself(fact, behaviour.to, kinds) else None

    return check


def _proven(behaviour: Behaviour) -> Check:
    return lambda _, fact: None if has_proof(behaviour, fact) else ("proof-missing", proof_words(behaviour, fact))


def _after(behaviour: Behaviour) -> Check:
    assert behaviour.after is not None
    after = behaviour.after
    said: dict[str, Any] = {"after": after.behaviour, "days": after.days}
    said |= {} if after.act == "first" else {"act": after.act}
    said |= {} if after.each is None else {"each": after.each}

    def check(state: State, fact: Fact) -> Fault | None:
        began = time_before(state, after, fact.payload.get("object"))
        if began is None:
            return "not-yet", said
        return ("outside-window", said) if fact.at - began > after.days * DAY_SECONDS else None

    return check


def _in_tier(behaviour: Behaviour, tier_at: TierAt) -> Check:
    def check(state: State, fact: Fact) -> Fault | None:
        tier = tier_at(state, fact.at)
        return None if tier in behaviour.tiers else ("tier", {"need": list(behaviour.tiers), "has": tier})

    return check


def _in_segment(behaviour: Behaviour, segments: Mapping[str, InSegment]) -> Check:
    tests = tuple(segments[name] for name in behaviour.segments)

    def check(state: State, fact: Fact) -> Fault | None:
        if any(holds(state, fact.at) for holds in tests):
            return None
        return "segment", {"need": list(behaviour.segments), "has": None}

    return check
