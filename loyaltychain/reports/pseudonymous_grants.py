"""Entries of behaviours' awards in the pseudonymous export: which of their texts may name somebody, and what of the
event's payload their worth was worked out from. Pure.

Words of the programme are nobody's, and numbers of members stand on chain. What a person or a device may be told by is
never opened.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from loyaltychain.core.money import EXACT_MAX

FIELDS: Final = frozenset({"award", "grant", "desired", "awarded", "version", "inputs", "reason"})
#: What an award was worked out from: numbers, and words of the programme or of ours.
_NUMBERS: Final = frozenset(
    {"give", "base", "per", "amount", "items", "weight", "nth", "count", "every", "have", "most", "length", "until",
     "at", "from", "to", "days", "referrer", "referee"}
)  # fmt: skip
_WORDS: Final = frozenset(
    {"of", "rounding", "each", "boosts", "needs", "need", "has", "after", "act", "streak", "side", "common", "signals"}
)
_CAUSES: Final = frozenset({"first", "last", "by", "decided_by", "qualified_by"})  # events: source/id
_CAP: Final = frozenset({"most", "unit", "per", "each", "key", "used", "shared"})
_RULE: Final = re.compile(r"(?:behaviour|achievement|streak|referral):[^:\n]+:")


def is_grant(details: Mapping[str, Any]) -> bool:
    """Whether an entry is of an award of behaviours."""
    return "grant" in details


def texts_of(details: Mapping[str, Any]) -> list[str] | None:
    """What of an award's details may hold an id of somebody; None where they say what may name a person or a device."""
    if not details.keys() <= FIELDS:
        return None
    occurrence, cause = _parts_of(details)
    found = [unquote(occurrence), _named(cause)]
    for name, value in details["inputs"].items():
        if name == "cap":
            key = _key_of(value)
            if key is None:
                return None
            found.append(key)
        elif name in _CAUSES:
            found.append(_named("" if value is None else str(value)))
        elif name == "object" or (name in _NUMBERS and type(value) is not int):
            found.append(str(value))
        elif name not in _NUMBERS | _WORDS:
            return None
    return found


def cause_of(details: Mapping[str, Any]) -> str:
    """The event that an award is for, as its name has it."""
    return _parts_of(details)[1]


def without_rule(id_: str) -> str:
    """An entry's id without the programme's words in it."""
    return _RULE.sub("\n", id_)


def items_of(document: Mapping[str, Any] | None, rule: str, payload: Mapping[str, Any]) -> list[int | None] | None:
    """The numbers of a list whose items are each worth something by the rule; None where it goes through no list."""
    kind, _, id_ = rule.partition(":")
    if document is None or kind != "behaviour":
        return None
    behaviours: list[dict[str, Any]] = document.get("conduct", {}).get("behaviours", [])
    points: dict[str, Any] = next((each.get("points", {}) for each in behaviours if each["id"] == id_), {})
    if "each" not in points:
        return None
    listed = _dig(payload, points["each"])
    number = [_dig(item, points["of"]) if "of" in points else None for item in listed] if type(listed) is list else []
    return [each if type(each) is int and abs(each) <= EXACT_MAX else None for each in number]


def _parts_of(details: Mapping[str, Any]) -> tuple[str, str]:
    """Of an award's name, ``<rule>:<member>:<occurrence>:<cause>``, the last two."""
    _, _, rest = str(details["award"]).removeprefix(f"{details['grant']}:").partition(":")
    occurrence, _, cause = rest.partition(":")
    return occurrence, cause


def _dig(content: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(content, Mapping):
            return None
        content = content.get(name)
    return content


def _named(cause: str) -> str:
    """Of an event's name what is not its source."""
    return cause.partition("/")[2] or cause


def _key_of(cap: Any) -> str | None:
    """By what a cap counted: an object, or a member's number. None for a device, which is somebody's."""
    if not isinstance(cap, Mapping) or not cap.keys() <= _CAP or (cap.get("each") == "device" and cap.get("key")):
        return None
    return "" if cap.get("each") in (None, "counterpart", "actor") else str(cap.get("key", ""))
