"""Which fields conditions can look at, and with what, as problems with their places.

Of an event's payload nothing is known beforehand; of what is worked out beside it, everything.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loyaltychain.core.model_checks import Problem
from loyaltychain.core.strict_yaml import Path
from loyaltychain.core.words import nearest
from loyaltychain.program.behaviours import Condition
from loyaltychain.program.checks_names import Names, unknown
from loyaltychain.program.schema_words import ConditionPart

WORKED_OUT = {"kind": str, "rank": int, "parent_is_own": bool, "days_after_parent": int}  # of an object
OF_SEGMENTS = ("tier", "days_since_joined", "days_since_last_act")
_PREFIX = "object."
_EXAMPLES: dict[type, str] = {int: "a whole number", bool: "true or false", str: "a text"}
_Where = Mapping[str, ConditionPart] | None


def act_field_problems(path: Path, where: _Where, names: Names) -> Iterator[Problem]:
    """Of a behaviour's conditions: payload fields, ``is_own``, and the act's object as ``object.<field>``."""
    for field, part in (where or {}).items():
        if field == "is_own":
            yield from _value_problems((*path, field), part, bool)
        elif field.startswith(_PREFIX):
            yield from _object_field_problems((*path, field), field.removeprefix(_PREFIX), part, names, prefix=_PREFIX)


def object_field_problems(path: Path, where: _Where, names: Names) -> Iterator[Problem]:
    """Of a goal's conditions on objects: measures, and what is worked out of them."""
    for field, part in (where or {}).items():
        yield from _object_field_problems((*path, field), field, part, names, prefix="")


def _object_field_problems(
    path: Path, field: str, part: ConditionPart, names: Names, *, prefix: str
) -> Iterator[Problem]:
    known = [*names.measures, *WORKED_OUT]
    if field not in known:
        near = nearest(field, known, prefix=prefix)
        listed = f" (there are: {', '.join(prefix + each for each in known)})"
        yield Problem(path, f"{prefix + field!r} is neither a measure nor worked out of an object{near or listed}")
        return
    yield from _value_problems(path, part, WORKED_OUT.get(field, int))
    if field == "kind":
        for word in _values(part):
            if isinstance(word, str):
                yield from unknown(path, word, names.objects, "a kind of object", "objects")


def segment_field_problems(path: Path, where: _Where, names: Names) -> Iterator[Problem]:
    """Of a segment's conditions."""
    if not where:
        yield Problem(path, "say who is in it, such as {days_since_joined: {at_most: 30}}")
    for field, part in (where or {}).items():
        at = (*path, field)
        word, dot, id_ = field.partition(".")
        if field == "tier":
            yield from _value_problems(at, part, str)
            for tier in _values(part):
                if isinstance(tier, str):
                    yield from unknown(at, tier, names.tiers, "a tier", "tiers.levels")
        elif word == "badge" and dot:
            yield from unknown(at, id_, names.achievements, "an achievement", "achievements")
            yield from _value_problems(at, part, bool)
        elif word == "acts" and dot:
            yield from unknown(at, id_, names.behaviours, "a behaviour", "behaviours")
            yield from _value_problems(at, part, int)
        elif field in OF_SEGMENTS:
            yield from _value_problems(at, part, int)
        else:
            yield from _unknown_of_segment(at, field, names)


def _unknown_of_segment(path: Path, field: str, names: Names) -> Iterator[Problem]:
    known = [*OF_SEGMENTS, *(f"badge.{each}" for each in names.achievements), *(f"acts.{b}" for b in names.behaviours)]
    there_are = f" (there are: {', '.join(OF_SEGMENTS)}, badge.<achievement>, acts.<behaviour>)"
    yield Problem(path, f"{field!r} is nothing that is known of a member{nearest(field, known) or there_are}")


def _value_problems(path: Path, part: ConditionPart, kind: type) -> Iterator[Problem]:
    if any(type(value) is not kind for value in _values(part)):
        yield Problem(path, f"it is compared with {_EXAMPLES[kind]} (correct the value)")


def _values(part: ConditionPart) -> Sequence[Any]:
    conditions: tuple[Condition, ...] = part.conditions("")
    return [value for each in conditions for value in (each.value if isinstance(each.value, tuple) else (each.value,))]
