"""What a new version of a programme changes, section by section. Pure; ``diff_warnings.py`` says what surprises."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from loyaltychain.core.times import parse_zone
from loyaltychain.program.conduct import Conduct
from loyaltychain.program.diff_words import FILE_NAMES, NOTHING, Words, is_default
from loyaltychain.program.types import BonusFromAmount, PointsPerCurrencyUnit, Program

Kind = Literal["added", "removed", "changed", "moved"]
_OF_THE_FILE = ("name", "version", "timezone", "currency", "redemption", "orders", "expiry", "currencies")
_LISTS = ("behaviours", "objects", "measures", "boosts", "achievements", "streaks", "referrals", "seasons", "segments",
          "rewards")  # fmt: skip
_KEYS = {"units": "language", "nudges": "about"}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that says something else; words of the file on both sides."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one thing that the programme declares.

    Args:
        section: Of the file.
        id: The thing's own; empty for what a section says as a whole.
        fields: Of something that was changed; of what was added or removed, all that it says.
    """

    section: str
    id: str
    kind: Kind
    fields: tuple[FieldChange, ...] = ()

    @property
    def place(self) -> str:
        """``achievements.mentor``, or the section alone."""
        return f"{self.section}.{self.id}" if self.id else self.section


def diff(old: Program, new: Program) -> list[Change]:
    """All differences, in the order of the file's sections; none between two that mean the same."""
    words = Words(parse_zone(old.timezone), old.currency), Words(parse_zone(new.timezone), new.currency)
    found = list(_whole(old, new, words))
    found += _section("rules", _by_id(old.rules), _by_id(new.rules), words)
    before, after = old.conduct or Conduct(), new.conduct or Conduct()
    for name in ("nobody", "caps", "jurisdictions"):
        found += _single(name, getattr(before, name), getattr(after, name), words)
    for name in (*_LISTS, *_KEYS):
        key = _KEYS.get(name, "id")
        found += _section(name, _by_id(getattr(before, name), key), _by_id(getattr(after, name), key), words)
    found += _tiers(before, after, words)
    return found


_Both = tuple[Words, Words]


def _by_id(items: Sequence[Any], key: str = "id") -> dict[str, Any]:
    return {getattr(each, key): each for each in items}


def _whole(old: Program, new: Program, words: _Both) -> Iterator[Change]:
    for name in _OF_THE_FILE:
        yield from _single(name, getattr(old, name), getattr(new, name), words)


def _single(section: str, old: Any, new: Any, words: _Both) -> Iterator[Change]:
    """A section that is one value."""
    if old == new:
        return
    if is_dataclass(old) and type(old) is type(new):
        yield Change(section, "", "changed", tuple(_fields(old, new, words)))
        return
    kind: Kind = "added" if old in (None, ()) else "removed" if new in (None, ()) else "changed"
    yield Change(section, "", kind, (FieldChange("", words[0].of(old, section), words[1].of(new, section)),))


def _section(section: str, old: Mapping[str, Any], new: Mapping[str, Any], words: _Both) -> Iterator[Change]:
    """A section of things with ids. Their order counts: it decides which of two rules goes first."""
    for id_ in old:
        if id_ not in new:
            yield Change(section, id_, "removed", tuple(_said(old[id_], words[0])))
    for id_, item in new.items():
        if id_ not in old:
            told = [FieldChange(each.field, NOTHING, each.old) for each in _said(item, words[1])]
            yield Change(section, id_, "added", tuple(told))
        elif item != old[id_]:
            yield Change(section, id_, "changed", tuple(_fields(old[id_], item, words)))
    stay = [id_ for id_ in new if id_ in old]
    before = [id_ for id_ in old if id_ in new]
    if stay != before:
        yield Change(section, "", "moved", (FieldChange("order", ", ".join(before), ", ".join(stay)),))


def _tiers(old: Conduct, new: Conduct, words: _Both) -> Iterator[Change]:
    before, after = old.tiers, new.tiers
    if before is not None and after is not None:
        if told := tuple(each for each in _fields(before, after, words) if each.field != "levels"):
            yield Change("tiers", "", "changed", told)
    elif before is not after:
        present, side = (before, words[0]) if before is not None else (after, words[1])
        assert present is not None
        said = [each for each in _said(present, side) if each.field != "levels"]
        gone = after is None
        told = tuple(FieldChange(each.field, *((each.old, NOTHING) if gone else (NOTHING, each.old))) for each in said)
        yield Change("tiers", "", "removed" if gone else "added", told)
    levels = [_by_id(each.levels) if each is not None else {} for each in (before, after)]
    yield from _section("tiers.levels", levels[0], levels[1], words)


def _fields(old: Any, new: Any, words: _Both, prefix: str = "") -> Iterator[FieldChange]:
    """The fields in which two values of one kind differ, down to the parts of those that have some."""
    for each in fields(old):
        before, after = getattr(old, each.name), getattr(new, each.name)
        if before == after:
            continue
        name = prefix + _name(old, each.name, before)
        if is_dataclass(before) and type(before) is type(after):
            yield from _fields(before, after, words, f"{name}.")
        else:
            yield FieldChange(name, *(side.of(value, _kind(old, each.name)) for side, value in
                                      zip(words, (before, after), strict=True)))  # fmt: skip


def _said(item: Any, words: Words) -> Iterator[FieldChange]:
    """All that a thing says beside its id and its defaults."""
    for each in fields(item):
        value = getattr(item, each.name)
        if each.name not in ("id", *_KEYS.values()) and not is_default(each, value) and value not in (None, ()):
            name = _name(item, each.name, value)
            yield FieldChange(name, words.of(value, _kind(item, each.name)), NOTHING)


def _name(item: object, field: str, value: object) -> str:
    if field == "goal":
        return str(getattr(value, "kind", field))
    return FILE_NAMES.get(field, field)


def _kind(item: object, field: str) -> str:
    """How a field's value is worded; money is known by where it stands."""
    is_money = (isinstance(item, PointsPerCurrencyUnit) and field == "per") or (
        isinstance(item, BonusFromAmount) and field == "threshold"
    )
    return "money" if is_money else field
