"""What conditions look at: an event's payload, and what the engine works out beside it.

Worked out: ``is_own`` (the actor acts on what is hers, or for herself), ``object.kind``, ``object.rank``,
``object.parent_is_own``, ``object.days_after_parent`` and, of the member's own objects, ``object.<measure>``.
Of objects by themselves (goals of achievements) the same without the prefix.

A field that an event does not have meets no condition but ``is_not``. Numbers are compared as integers; text, numbers
and truth values never equal each other.
"""

from collections.abc import Callable, Mapping
from typing import Any

from loyaltychain.program.behaviours import Condition, Operator, To
from loyaltychain.rules.engine.days import DAY_SECONDS
from loyaltychain.rules.engine.objects import measures_of
from loyaltychain.rules.engine.protocol import ObjectEntry
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import Fact, ObjectFacts

Holds = Callable[[State, Fact], bool]
Read = Callable[[State, Fact], Any]
_PREFIX = "object."
_OF_OBJECTS = ("kind", "rank", "parent_is_own", "days_after_parent")


def compile_conditions(where: tuple[Condition, ...], kinds: Mapping[str, str]) -> Holds | None:
    """A function that says whether all conditions hold of a fact; None where there are none.

    Args:
        kinds: By kind of object the type of event that makes one.
    """
    tests = tuple((_reader(each.field, kinds), _test(each.operator, each.value)) for each in where)
    if not tests:
        return None
    if len(tests) == 1:
        read, test = tests[0]
        return lambda state, fact: test(read(state, fact))
    return lambda state, fact: all(test(read(state, fact)) for read, test in tests)


def compile_object_conditions(where: tuple[Condition, ...]) -> Callable[[ObjectEntry], bool]:
    """The same of an object. A measure that nobody told of is 0."""
    tests = tuple((_object_reader(each.field), _test(each.operator, each.value)) for each in where)
    return lambda entry: all(test(read(entry)) for read, test in tests)


def is_made(fact: Fact, kinds: Mapping[str, str]) -> bool:
    """Whether the fact makes the object that it names."""
    return fact.object is not None and kinds.get(fact.object.kind) == fact.type


def is_own(fact: Fact, kinds: Mapping[str, str]) -> bool:
    """Whether the actor acts on an object of her own, makes one under such, or does it for herself."""
    actor, about = fact.actor, fact.object
    if not actor:
        return False
    if fact.recipient == actor:
        return True
    if about is None:
        return False
    return (about.parent_owner if kinds.get(about.kind) == fact.type else about.owner) == actor


def is_for_oneself(fact: Fact, to: To, kinds: Mapping[str, str]) -> bool:
    """Whether who would be given something for the fact is who did it, where these are to be two."""
    if is_own(fact, kinds):
        return True
    if to == "parent_owner" and fact.object is not None:
        return bool(fact.actor) and fact.object.parent_owner == fact.actor
    return False


def days_after_parent(about: ObjectFacts) -> int | None:
    """Whole days of 86,400 s from the making of its parent to its own; None without a known parent."""
    if about.parent_made_at is None:
        return None
    return (about.made_at - about.parent_made_at) // DAY_SECONDS


def _reader(field: str, kinds: Mapping[str, str]) -> Read:
    if field == "is_own":
        return lambda _, fact: is_own(fact, kinds)
    if field.startswith(_PREFIX):
        return _reader_of_object(field.removeprefix(_PREFIX))
    if "." not in field:
        return lambda _, fact: fact.payload.get(field)
    names = field.split(".")
    return lambda _, fact: dig(fact.payload, names)


def dig(payload: Mapping[str, Any], names: list[str]) -> Any:
    """What stands at ``a.b`` in a payload; None if nothing does."""
    found: Any = payload
    for name in names:
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def _reader_of_object(name: str) -> Read:
    if name in _OF_OBJECTS:
        read = {
            "kind": lambda about: about.kind,
            "rank": lambda about: about.rank,
            "parent_is_own": lambda about: about.parent_owner == about.owner,
            "days_after_parent": days_after_parent,
        }[name]
        return lambda _, fact: None if fact.object is None else read(fact.object)
    return lambda state, fact: None if fact.object is None else measures_of(state, fact.object.id).get(name, 0)


def _object_reader(field: str) -> Callable[[ObjectEntry], Any]:
    field = field.removeprefix(_PREFIX)
    if field in _OF_OBJECTS:
        return lambda entry: getattr(entry, field)
    return lambda entry: entry.measures.get(field, 0)


def _test(operator: Operator, value: Any) -> Callable[[Any], bool]:
    kind = type(value)
    if operator == "is":
        return lambda found: type(found) is kind and found == value
    if operator == "is_not":
        return lambda found: type(found) is not kind or found != value
    if operator == "at_least":
        return lambda found: type(found) is int and found >= value
    if operator == "at_most":
        return lambda found: type(found) is int and found <= value
    return lambda found: any(type(found) is type(each) and found == each for each in value)
