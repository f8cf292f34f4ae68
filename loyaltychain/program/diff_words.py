"""Values of a programme in the words of its file, for people who compare two versions. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.money import in_words
from loyaltychain.core.words import counted
from loyaltychain.program.behaviours import Cap, Condition, Signal
from loyaltychain.program.lifetime import Lifetime

NOTHING = "nothing"
_OPERATORS = {"is": "is", "is_not": "is not", "at_least": "at least", "at_most": "at most", "one_of": "one of"}
_STEPS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))

#: What a field is called in the file, where that differs from the name of its value.
FILE_NAMES: Final = {
    "to": "for", "gate": "pending", "events": "event", "starts": "from", "ends": "to", "threshold": "from",
    "goal": "", "referrer_points": "referrer", "referee_points": "referee", "kinds": "of",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """What values mean depends on the programme's zone and currency."""

    zone: ZoneInfo
    currency: str

    def of(self, value: object, field: str = "") -> str:
        """``value`` of a field of that name, as a person says it."""
        if value is None or value == () or value == "":
            return NOTHING
        if field in _BY_FIELD:
            return _BY_FIELD[field](self, value)
        if isinstance(value, tuple):
            return self._listed(value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int):
            return f"{value:,}"
        return self._whole(value) if is_dataclass(value) else str(value)

    def _listed(self, value: tuple[Any, ...]) -> str:
        separator = "; " if any(is_dataclass(each) for each in value) else ", "
        return separator.join(self.of(each) for each in value)

    def _whole(self, value: Any) -> str:
        if isinstance(value, Cap):
            return _cap(value)
        if isinstance(value, Condition):
            return f"{value.field} {_OPERATORS[value.operator]} {self.of(value.value)}"
        if isinstance(value, Signal):
            who = {"anyone": "", "peer": " by a peer", "role": f" by a {value.role}"}[value.by]
            return f"{value.event}{'' if value.times == 1 else f' {value.times} times'}{who}"
        if isinstance(value, Lifetime) and value.is_endless:
            return "never"
        said = [(each, getattr(value, each.name)) for each in fields(value) if each.name != "kind"]
        kept = [f"{FILE_NAMES.get(each.name, each.name) or each.name} {self.of(held, each.name)}"
                for each, held in said if not is_default(each, held)]  # fmt: skip
        return ", ".join(kept) or "as usual"

    def day(self, when: UnixSeconds) -> str:
        """The day on which a moment lies, in the programme's zone."""
        return f"{datetime.fromtimestamp(when, UTC).astimezone(self.zone):%Y-%m-%d}"


def is_default(field: "Field[Any]", value: object) -> bool:
    """Whether a field holds what it holds when nothing is said."""
    return field.default is not MISSING and value == field.default


def _cap(cap: Cap) -> str:
    amount = counted(cap.most, "point") if cap.unit == "points" else counted(cap.most, "time")
    per = "in all" if cap.per == "ever" else f"a {cap.per}"
    each = "" if cap.each is None else f" for each {cap.each}"
    return f"{amount} {per}{each}{', shared by all members' if cap.shared else ''}"


def _duration(_: Words, seconds: Any) -> str:
    for size, name in _STEPS:
        if seconds % size == 0:
            return counted(seconds // size, name)
    return counted(seconds, "second")


def _ratio(_: Words, ratio: Any) -> str:
    times, per = ratio
    whole, rest = divmod(times, per)
    digits = ""
    while rest:  # it ends: the file says a decimal
        digit, rest = divmod(rest * 10, per)
        digits += str(digit)
    return f"{whole}.{digits} times" if digits else f"{whole} times"


_BY_FIELD: Mapping[str, Callable[[Words, Any], str]] = {
    "starts": lambda words, when: words.day(when),
    "ends": lambda words, when: f"through {words.day(when - 1)}",
    "since": lambda words, when: words.day(when),
    "cooldown": _duration,
    "boost": _ratio,
    "rewards": lambda words, rewards: ", ".join(f"{points:,} at {length:,}" for length, points in rewards),
    "replaced": lambda words, pairs: ", ".join(f"{was} by {is_}" for was, is_ in pairs),
    "day_ends": lambda words, minutes: f"{minutes // 60:02d}:{minutes % 60:02d}",
    "weights": lambda words, weights: ", ".join(f"{each} %" for each in weights),
    "money": lambda words, minor_units: in_words(minor_units, words.currency),
}
