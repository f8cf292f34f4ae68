"""Compares two storage layouts: whether code with the second finds everything where code with the first has put it.

Appending is all that is allowed: behind the last variable, in slack, or in a gap. Everything else is a difference that
names the variable and shows both sides. Pure; what a layout is says ``deploy/layout_read.py``. What only assembly
knows is seen as far as it names its slots by constants.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from loyaltychain.deploy.layout_types import Members, in_words

Layout = Mapping[str, Any]  # JSON, as ``read_layouts`` makes it

Code = Literal[
    "namespace-gone", "base-moved", "removed", "inserted", "reordered", "retyped", "gap-misused", "place-moved",
    "renamed",
]  # fmt: skip

_SLOT = 32


@dataclass(frozen=True, slots=True)
class Difference:
    """One variable that the two layouts disagree about; ``before`` and ``after`` are its line in each, "" for none."""

    code: Code
    subject: str  # "<namespace>.<variable>", or "<Library>.<CONSTANT>"
    before: str
    after: str

    @property
    def is_warning(self) -> bool:
        """A rename is no danger if it is one: another meaning at the same place and type looks the same."""
        return self.code == "renamed"


def check_layout(before: Layout, after: Layout) -> list[Difference]:
    """What speaks against running code with the layout ``after`` on storage of ``before``; nothing, if all is well."""
    return [*_namespaces(before["namespaces"], after["namespaces"]), *_places(before["places"], after["places"])]


def layout_lines(layout: Layout) -> list[str]:
    """The whole layout for people: a line each namespace and each variable."""
    lines = []
    for name, namespace in layout["namespaces"].items():
        lines.append(f"{name} at {namespace['base']}")
        lines += [f"  {_line(member)}" for member in namespace["members"]]
    return lines + [f"{name} = {value}" for name, value in layout["places"].items()]


def _namespaces(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for name, old in before.items():
        new = after.get(name)
        if new is None:
            there = [
                other for other in after if after[other]["members"][:1] == old["members"][:1] and other not in before
            ]
            yield Difference("namespace-gone", name, f"{name} at {old['base']}", " or ".join(there))
        elif new["base"] != old["base"]:
            yield Difference("base-moved", name, old["base"], new["base"])
        else:
            yield from _members(name, old["members"], new["members"])


def _places(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    """A constant may get another name or home, as long as its value is still one that assembly uses."""
    for name, value in before.items():
        now = after.get(name, "")
        if now != value and (now or value not in after.values()):
            yield Difference("place-moved", name, value, now)


def _members(scope: str, before: Members, after: Members) -> Iterator[Difference]:
    named = {member["label"]: member for member in after}
    old_names = {member["label"] for member in before}
    at = {_place(member): member for member in after}
    for old in before:
        if _is_gap(old):
            yield from _gap(scope, old, named.get(old["label"]), before)
            continue
        subject = f"{scope}.{old['label']}"
        new, there = named.get(old["label"]), at.get(_place(old))
        if new is not None and _place(new) == _place(old):
            yield from _types(subject, old, new)
        elif new is not None:
            yield Difference(_way_moved(old["label"], before, after), subject, _line(old), _line(new))
        elif there is not None and there["label"] not in old_names and not list(_types(subject, old, there)):
            yield Difference("renamed", subject, _line(old), _line(there))
        else:
            yield Difference("removed", subject, _line(old), "" if there is None else _line(there))


def _way_moved(label: str, before: Members, after: Members) -> Code:
    """Whether the variables that both have come in another order, or something pushed this one away."""
    both = {member["label"] for member in before} & {member["label"] for member in after}
    orders = [[member["label"] for member in members if member["label"] in both] for members in (before, after)]
    return "inserted" if orders[0].index(label) == orders[1].index(label) else "reordered"


def _types(subject: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    """Differences of the types of one variable at one place."""
    was, is_now = old["type"], new["type"]
    if was["kind"] == is_now["kind"] == "struct":
        # What follows it has been found at its place, so it may grow at its end.
        yield from _members(subject, was["members"], is_now["members"])
    elif was["kind"] == is_now["kind"] == "enum" and was["bytes"] == is_now["bytes"]:
        yield from _enums(subject, old, new)
    elif not _is_same(was, is_now):
        yield Difference("retyped", subject, _line(old), _line(new))


def _enums(subject: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    was, is_now = old["type"]["members"], new["type"]["members"]
    kept = is_now[: len(was)]
    if kept == was:
        return
    is_renamed = len(kept) == len(was) and all(
        a == b or (a not in is_now and b not in was) for a, b in zip(was, kept, strict=True)
    )
    yield Difference("renamed" if is_renamed else "reordered", subject, _line(old), _line(new))


def _is_same(was: Mapping[str, Any], is_now: Mapping[str, Any]) -> bool:
    """Within a mapping or an array nothing may change at all but names: what it holds is all over the storage."""
    return _shape(was) == _shape(is_now)


def _shape(type_: Mapping[str, Any]) -> object:
    match type_["kind"]:
        case "struct":
            members = type_["members"]
            return ["struct", [(member["label"], *_place(member), _shape(member["type"])) for member in members]]
        case "enum":
            return ["enum", type_["members"]]
        case "mapping":
            return ["mapping", _shape(type_["key"]), _shape(type_["value"])]
        case "array":
            return ["array", type_["name"], type_["bytes"], _shape(type_["base"])]
        case "again":
            return ["again"]
    return ["value", type_["name"], type_["bytes"]]


def _is_gap(member: Mapping[str, Any]) -> bool:
    return "__gap" in member["label"] and member["type"]["kind"] == "array"


def _gap(
    scope: str, old: Mapping[str, Any], new: Mapping[str, Any] | None, before: Sequence[Mapping[str, Any]]
) -> Iterator[Difference]:
    """A gap may be used up from its beginning. Where it ended it still ends, unless nothing comes behind it."""
    is_last = old["label"] == before[-1]["label"]
    if new is None or (is_last and _end(new) <= _end(old)):
        return
    if not _is_gap(new) or _end(new) != _end(old) or new["slot"] < old["slot"]:
        yield Difference("gap-misused", f"{scope}.{old['label']}", _line(old), _line(new))


def _end(member: Mapping[str, Any]) -> int:
    return int(member["slot"]) + -(-int(member["type"]["bytes"]) // _SLOT)


def _place(member: Mapping[str, Any]) -> tuple[int, int]:
    return member["slot"], member["offset"]


def _line(member: Mapping[str, Any]) -> str:
    return f"{member['slot']}:{member['offset']} {in_words(member['type'])} {member['label']}"
