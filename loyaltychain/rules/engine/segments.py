"""Segments: whether a member is one of those for whom conditions hold at a moment."""

from collections.abc import Callable, Mapping
from typing import Any

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.behaviours import Condition
from loyaltychain.program.types import Program
from loyaltychain.rules.engine.badges import holds_badge
from loyaltychain.rules.engine.days import DAY_SECONDS
from loyaltychain.rules.engine.protocol import TierComponent
from loyaltychain.rules.engine.state import State

InSegment = Callable[[State, UnixSeconds], bool]
_Read = Callable[[State, UnixSeconds], Any]


def make_segments(program: Program, tiers: TierComponent | None) -> Mapping[str, InSegment]:
    """By segment, whether a member is in it at a moment that is not before what her state has seen.

    Days are whole ones of 86,400 s. What is not known, such as the days since the latest act of somebody who never
    acted, meets no condition but ``is_not``.
    """
    if program.conduct is None:
        return {}
    return {each.id: _all([_compile(where, tiers) for where in each.where]) for each in program.conduct.segments}


def _all(tests: list[InSegment]) -> InSegment:
    return lambda state, at: all(test(state, at) for test in tests)


def _compile(where: Condition, tiers: TierComponent | None) -> InSegment:
    read, operator = _reader(where.field, tiers), where.operator
    value: Any = where.value
    if operator == "is":
        return lambda state, at: _same(read(state, at), value)
    if operator == "is_not":
        return lambda state, at: not _same(read(state, at), value)
    if operator == "one_of":
        return lambda state, at: any(_same(read(state, at), each) for each in value)
    if operator == "at_least":
        return lambda state, at: type(found := read(state, at)) is int and found >= value
    return lambda state, at: type(found := read(state, at)) is int and found <= value


def _reader(field: str, tiers: TierComponent | None) -> _Read:
    name, _, rest = field.partition(".")
    if name == "tier" and tiers is not None:
        return tiers.tier_at
    if name == "badge":
        return lambda state, _: holds_badge(state, rest)
    if name == "acts":
        return lambda state, _: state.acts.get(rest, (0,))[0]
    if name == "days_since_joined":
        return lambda state, at: _days_since(state.joined_at, at)
    if name == "days_since_last_act":
        return lambda state, at: _days_since(state.last_act, at)
    return lambda state, at: None


def _days_since(then: UnixSeconds | None, at: UnixSeconds) -> int | None:
    return None if then is None else (at - then) // DAY_SECONDS


def _same(found: Any, value: Any) -> bool:
    return type(found) is type(value) and found == value
