"""What the compiler's syntax trees say about storage: namespaces, enums, and places that assembly writes to.

Pure: reads the JSON of the trees. Where each variable lies is the compiler's own answer (``deploy/layout_read.py``).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]  # the compiler's documents

_ANNOTATION = re.compile(r"@custom:storage-location\s+(erc7201:\S+)")
_STORAGE_CALLS = ("sload", "sstore")


@dataclass(frozen=True, slots=True)
class Namespaced:
    """One struct with a storage location of its own, as a contract or library declares it."""

    namespace: str  # "erc7201:<id>"
    source: str
    scope: str  # the contract or library
    struct: str


class Trees:
    """The trees of one compilation, by node id."""

    def __init__(self, sources: Mapping[str, Json]) -> None:
        """``sources`` as in the compiler's output: name to ``{"ast": …}``."""
        self._roots = {name: source["ast"] for name, source in sources.items()}
        self._nodes: dict[int, Json] = {}
        self._source_of: dict[int, str] = {}
        for name, root in self._roots.items():
            for node in walk(root):
                if isinstance(node.get("id"), int):
                    self._nodes[node["id"]] = node
                    self._source_of[node["id"]] = name

    def node(self, number: int) -> Json:
        """The node of that id."""
        return self._nodes[number]

    def contract(self, source: str, name: str) -> Json | None:
        """The definition of a contract; None when the source has none of that name."""
        return next((node for node in self.contracts(source) if node["name"] == name), None)

    def contracts(self, source: str) -> list[Json]:
        """The contracts, interfaces and libraries that a source defines."""
        return [node for node in self._roots[source]["nodes"] if node["nodeType"] == "ContractDefinition"]

    def namespaced(self, contract: Json) -> list[Namespaced]:
        """The annotated structs of a contract's bases and of the libraries that it can reach."""
        found = []
        for scope in self._reached(contract):
            for node in scope["nodes"]:
                namespace = annotation(node) if node["nodeType"] == "StructDefinition" else None
                if namespace is not None:
                    source = self._source_of[scope["id"]]
                    found.append(Namespaced(namespace, source, scope["name"], node["name"]))
        return found

    def reinitializers(self, contract: Json) -> dict[str, int | None]:
        """Functions with the modifier ``reinitializer``: selectors (8 hex digits) and versions, None if computed."""
        found: dict[str, int | None] = {}
        for code, modifier in self._modifiers(contract):
            if modifier["modifierName"]["name"] == "reinitializer":
                version = modifier["arguments"][0].get("value")
                found[code] = None if version is None else int(version, 0)
        return found

    def restricted(self, contract: Json) -> list[str]:
        """Selectors of the functions with the modifier ``restricted``, which asks the access manager."""
        return sorted({
            code for code, modifier in self._modifiers(contract) if modifier["modifierName"]["name"] == "restricted"
        })  # fmt: skip

    def _modifiers(self, contract: Json) -> Iterator[tuple[str, Json]]:
        """Of every external function, in the version of it that runs: the most derived one."""
        seen: set[str] = set()
        for base in contract["linearizedBaseContracts"]:
            for function in (node for node in self._nodes[base]["nodes"] if "functionSelector" in node):
                if function["nodeType"] == "FunctionDefinition" and function["functionSelector"] not in seen:
                    seen.add(function["functionSelector"])
                    yield from ((function["functionSelector"], modifier) for modifier in function["modifiers"])

    def places(self, contract: Json) -> dict[str, str]:
        """Constants that assembly uses as storage slots: ``Library.NAME`` to 0x and 64 hex digits."""
        found: dict[str, str] = {}
        for scope in self._reached(contract):
            for block in (node for node in walk(scope) if node.get("nodeType") == "InlineAssembly"):
                for name, number in _slot_names(block):
                    value = self._constant(number)
                    if value is not None:
                        found[f"{scope['name']}.{name}"] = value
        return dict(sorted(found.items()))

    def _constant(self, number: int) -> str | None:
        declared = self._nodes.get(number, {})
        value = (declared.get("value") or {}).get("value") if declared.get("constant") else None
        return None if value is None else "0x" + int(value, 0).to_bytes(32, "big").hex()

    def _reached(self, contract: Json) -> list[Json]:
        """The contract's bases, and every library of the sources that its own source imports, one behind the other."""
        bases = [self._nodes[number] for number in contract["linearizedBaseContracts"]]
        sources = self._closure(self._source_of[contract["id"]])
        libraries = [node for name in sources for node in self.contracts(name) if node["contractKind"] == "library"]
        return bases + libraries

    def _closure(self, source: str) -> list[str]:
        found: list[str] = []
        waiting = [source]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.append(name)
                imports = (node for node in self._roots[name]["nodes"] if node["nodeType"] == "ImportDirective")
                waiting += [node["absolutePath"] for node in imports]
        return sorted(found)


def annotation(node: Json) -> str | None:
    """The storage location that a contract's or struct's documentation names; None where it names none."""
    documentation = node.get("documentation") or {}
    text = documentation if isinstance(documentation, str) else documentation.get("text", "")
    match = _ANNOTATION.search(text)
    return None if match is None else match.group(1)


def base_namespace(contract: Json) -> str | None:
    """The namespace at whose slot the contract's own variables begin, as its ``layout at`` or its annotation says."""
    expression = (contract.get("storageLayout") or {}).get("baseSlotExpression") or {}
    arguments = expression.get("arguments", [])
    if expression.get("expression", {}).get("name") == "erc7201" and arguments and "value" in arguments[0]:
        return f"erc7201:{arguments[0]['value']}"
    return annotation(contract)


def walk(tree: object) -> Iterator[Json]:
    """Every object of a JSON tree, parents first."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting += list(node.values())
        elif isinstance(node, list):
            waiting += node


def _slot_names(block: Json) -> Iterator[tuple[str, int]]:
    """Names within the slot of an ``sload`` or ``sstore``, or assigned to a ``.slot``, with what they refer to."""
    declarations = {reference["src"]: reference["declaration"] for reference in block.get("externalReferences", ())}
    for part in _slot_expressions(block["AST"]):
        for node in walk(part):
            if node.get("nodeType") == "YulIdentifier" and node["src"] in declarations:
                yield node["name"], declarations[node["src"]]


def _slot_expressions(tree: Json) -> Iterator[object]:
    for node in walk(tree):
        if node.get("nodeType") == "YulFunctionCall" and node["functionName"]["name"] in _STORAGE_CALLS:
            yield node["arguments"][0]
        elif node.get("nodeType") == "YulAssignment" and _sets_slot(node):
            yield node["value"]


def _sets_slot(assignment: Json) -> bool:
    return any(name["name"].endswith(".slot") for name in assignment["variableNames"])
