"""Types of storage variables, spelt out to their end, so that two of different compilations can be compared.

A type is JSON: ``{"kind", "name", "bytes"}`` and, by its kind, ``members`` (of a struct: as variables; of an enum:
names), ``key`` and ``value`` (of a mapping), ``base`` (of an array). What two compilations may name differently without
any change in storage is levelled: contracts are addresses, and a named value type is what it stands for.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from loyaltychain.deploy.layout_ast import Json, Trees

Members = list[dict[str, Any]]  # {"label", "slot", "offset", "type"}

_NUMBER = re.compile(r"\)(\d+)(?:_storage)?$")


def members_of(
    printed: Sequence[Json], types: Mapping[str, Json], trees: Trees, *, base: int = 0, within: tuple[str, ...] = ()
) -> Members:
    """Variables or a struct's members as the compiler prints them, with their types spelt out.

    Args:
        base: Subtracted from each slot.
        within: The structs around them: a struct may hold itself, by a mapping or an array.
    """
    labels = [item["label"] for item in printed]
    return [
        {
            # Private variables of two contracts may have one name.
            "label": item["label"] if labels.count(item["label"]) == 1 else f"{_owner(item)}.{item['label']}",
            "slot": int(item["slot"]) - base,
            "offset": item["offset"],
            "type": spell_out(item["type"], types, trees, within=within),
        }
        for item in printed
    ]


def spell_out(key: str, types: Mapping[str, Json], trees: Trees, *, within: tuple[str, ...] = ()) -> Json:
    """The type of that key in the compiler's table."""
    printed = types[key]
    plain = {"name": _plain_name(printed["label"]), "bytes": int(printed["numberOfBytes"])}
    if key in within:
        return {"kind": "again", **plain}
    if "members" in printed:
        inner = (*within, key)
        return {"kind": "struct", **plain, "members": members_of(printed["members"], types, trees, within=inner)}
    if printed["encoding"] == "mapping":
        sides = {side: spell_out(printed[side], types, trees, within=within) for side in ("key", "value")}
        return {"kind": "mapping", **plain, "name": "mapping", **sides}
    if "base" in printed:
        length = printed["label"][printed["label"].rindex("[") :]
        return {
            "kind": "array",
            **plain,
            "name": length,
            "base": spell_out(printed["base"], types, trees, within=within),
        }
    declared = _declaration(key, trees)
    if key.startswith("t_enum"):
        return {"kind": "enum", **plain, "members": [member["name"] for member in declared["members"]]}
    if key.startswith("t_contract"):
        return {"kind": "value", **plain, "name": "address"}
    if key.startswith("t_userDefinedValueType"):
        return {"kind": "value", **plain, "name": declared["underlyingType"]["typeDescriptions"]["typeString"]}
    return {"kind": "value", **plain}


def in_words(type_: Json) -> str:
    """A type on one line: ``mapping(uint32 => struct {bytes32 root; uint64 end})``."""
    match type_["kind"]:
        case "struct":
            inner = "; ".join(f"{in_words(member['type'])} {member['label']}" for member in type_["members"])
            return f"struct {{{inner}}}"
        case "enum":
            return f"enum {{{', '.join(type_['members'])}}}"
        case "mapping":
            return f"mapping({in_words(type_['key'])} => {in_words(type_['value'])})"
        case "array":
            return f"{in_words(type_['base'])}{type_['name']}"
    return str(type_["name"])


def _declaration(key: str, trees: Trees) -> Json:
    match = _NUMBER.search(key)
    return {} if match is None else trees.node(int(match.group(1)))


def _plain_name(label: str) -> str:
    return label.removeprefix("struct ").removeprefix("enum ").removeprefix("contract ")


def _owner(item: Json) -> str:
    return str(item["contract"]).rpartition(":")[2]
