"""Reads where a contract keeps what: the compiler's own storage layout, completed by what it leaves out.

The compiler prints a contract's own variables. Structs in namespaces of their own (ERC-7201) it prints only as
variables of some contract: so a second run compiles a probe that has them. A layout is JSON:

    {"namespaces": {"erc7201:<id>": {"base": "0x…", "members": [{"label", "slot", "offset", "type"}, …]}, …},
     "places": {"Library.CONSTANT": "0x…"}, "reinitializers": {"<selector>": version},
     "restricted": ["<selector>", …]}

``slot`` counts from ``base``; a type is spelt out to its end (``deploy/layout_types.py``). Compares nothing.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import solcx
from solcx.exceptions import SolcError

from loyaltychain.chain.abi import Abi, signature_of
from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.hashing import keccak256, to_hex
from loyaltychain.deploy.layout_ast import Json, Namespaced, Trees, base_namespace
from loyaltychain.deploy.layout_types import Members, members_of

#: The namespace of variables of a contract that names none.
PLAIN = "slot 0"

_PROBE_SOURCE, _PROBE = "layout-probe.sol", "LayoutProbe"


def read_layouts(document: Mapping[str, Any], solc: Path, wanted: Mapping[str, str]) -> dict[str, Json]:
    """The layouts of some contracts of one compilation.

    Args:
        document: The compiler's standard-JSON input; its outputs are not looked at.
        wanted: Name of each contract -> its source in ``document``.

    Raises InvalidSettings when the compiler refuses the sources or one has no such contract.
    """
    outputs: dict[str, dict[str, list[str]]] = {"*": {"": ["ast"]}}
    for name, source in wanted.items():
        outputs.setdefault(source, {})[name] = ["storageLayout"]
    compiled = _compile(document, document["sources"], outputs, solc)
    trees = Trees(compiled["sources"])
    contracts = {name: _find(trees, source, name) for name, source in wanted.items()}
    structs = {name: trees.namespaced(contract) for name, contract in contracts.items()}
    probed = _probe(document, solc, sorted({struct for found in structs.values() for struct in found}, key=repr))
    return {
        name: {
            "namespaces": _own(compiled["contracts"][wanted[name]][name]["storageLayout"], contracts[name], trees)
            | {struct.namespace: probed[struct] for struct in structs[name]},
            "places": trees.places(contracts[name]),
            "reinitializers": trees.reinitializers(contracts[name]),
            "restricted": trees.restricted(contracts[name]),
        }
        for name in wanted
    }


def functions_of(abi: Abi) -> dict[str, str]:
    """Every external function of a contract: its signature, and its state mutability."""
    return {signature_of(item): item["stateMutability"] for item in abi if item["type"] == "function"}


def erc7201(namespace: str) -> int:
    """The slot at which the namespace ``erc7201:<id>`` begins."""
    inner = int.from_bytes(keccak256(namespace.removeprefix("erc7201:").encode()), "big") - 1
    return int.from_bytes(keccak256(inner.to_bytes(32, "big")), "big") & ~0xFF


def _own(printed: Json, contract: Json, trees: Trees) -> Json:
    """The contract's own variables; nothing where it has none."""
    if not printed["storage"]:
        return {}
    base = int(printed["storage"][0]["slot"])
    named = base_namespace(contract) or (PLAIN if base == 0 else f"slot {hex(base)}")
    return {named: _namespace(base, members_of(printed["storage"], printed["types"], trees, base=base))}


def _probe(document: Mapping[str, Any], solc: Path, structs: Sequence[Namespaced]) -> dict[Namespaced, Json]:
    if not structs:
        return {}
    imports = [
        f"import {{{struct.scope} as S{number}}} from {json.dumps(struct.source)};"
        for number, struct in enumerate(structs)
    ]
    variables = [f"  S{number}.{struct.struct} internal s{number};" for number, struct in enumerate(structs)]
    text = "\n".join(("pragma solidity >=0.8.20;", *imports, f"contract {_PROBE} {{", *variables, "}"))
    sources = {**document["sources"], _PROBE_SOURCE: {"content": text}}
    outputs = {"*": {"": ["ast"]}, _PROBE_SOURCE: {_PROBE: ["storageLayout"]}}
    compiled = _compile(document, sources, outputs, solc)
    printed = compiled["contracts"][_PROBE_SOURCE][_PROBE]["storageLayout"]
    trees = Trees(compiled["sources"])
    found = {}
    for struct, variable in zip(structs, printed["storage"], strict=True):
        members = members_of(printed["types"][variable["type"]]["members"], printed["types"], trees)
        found[struct] = _namespace(erc7201(struct.namespace), members)
    return found


def _namespace(base: int, members: Members) -> Json:
    return {"base": to_hex(base.to_bytes(32, "big")), "members": members}


def _compile(
    document: Mapping[str, Any], sources: Mapping[str, Any], outputs: Mapping[str, Any], solc: Path
) -> dict[str, Any]:
    settings = {**document["settings"], "outputSelection": outputs}
    try:
        compiled: dict[str, Any] = solcx.compile_standard(
            {"language": "Solidity", "sources": dict(sources), "settings": settings}, solc_binary=solc
        )
    except SolcError as error:
        raise InvalidSettings("These sources do not compile.", reason=error.message) from error
    return compiled


def _find(trees: Trees, source: str, name: str) -> Json:
    contract = trees.contract(source, name)
    if contract is None:
        raise InvalidSettings("This source has no contract of that name.", source=source, contract=name)
    return contract
