"""The code that a proxy shall run next, and what is known of the code that it runs now.

Code comes from this release, from a Solidity file, or from a compiler's standard-JSON input; or it is on chain already,
and known by its hash. Deploys nothing.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import solcx
from eth_typing import ABI
from solcx.exceptions import SolcError

from loyaltychain.chain import artifacts
from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.hashing import from_hex, keccak256, to_hex
from loyaltychain.core.json_text import parse_json
from loyaltychain.deploy.compile import CONTRACTS, OUTPUTS, SETTINGS
from loyaltychain.deploy.compiler import find_solc
from loyaltychain.deploy.layout_read import functions_of, read_layouts
from loyaltychain.deploy.sources import complete

Json = dict[str, Any]

#: ``--to`` for the code that this release ships.
SHIPPED_HERE = "release"

_CONTRACT = re.compile(r"^contract\s+(\w+)", re.MULTILINE)
_FOLDER = "upgrade"  # under which a Solidity file stands among the sources: it imports "src/…" or "../src/…"


@dataclass(frozen=True, slots=True)
class Compilation:
    """The compiler's input in which a contract stands, and where."""

    document: Json
    source: str
    name: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """Compiled code for one proxy. ``layout`` is as ``artifacts/layouts.json`` has it, functions included."""

    contract: str  # whose proxy it is for
    origin: str  # where it came from, in words
    abi: ABI
    creation_code: bytes
    runtime_code: bytes  # zeros where immutables go
    immutable_references: list[tuple[int, int]]
    layout: Json
    compiled_from: Compilation | None = None  # None: it came without sources

    @property
    def code_hash(self) -> bytes:
        """Of the runtime code, immutables zero."""
        return keccak256(self.runtime_code)

    @property
    def document(self) -> Json:
        """What has to be kept of it as JSON: all but the code."""
        return {
            "contract": self.contract,
            "origin": self.origin,
            "abi": self.abi,
            "code_hash": to_hex(self.code_hash),
            "immutable_references": [list(place) for place in self.immutable_references],
            "layout": self.layout,
        }

    @classmethod
    def shipped(cls, contract: str) -> Self:
        """The one of this release."""
        artifact = artifacts.load(contract)
        layout = _release_layouts()[artifact.code_hash]
        return cls(contract, "this release", artifact.abi, artifact.creation_code, artifact.runtime_code,
                   artifact.immutable_references, layout)  # fmt: skip


def find_candidate(contract: str, to: str, *, contracts: Path = CONTRACTS) -> Candidate:
    """The code that ``to`` names for the proxy of ``contract``.

    Args:
        to: ``release``; ``FILE.sol`` or ``FILE.sol:Name``; ``FILE.json``, a standard-JSON input, or
            ``FILE.json:Name``. Without a name: the source's only contract; of an input the one called ``contract``.

    Raises:
        InvalidSettings: no such file or contract, or it does not compile.
        CompilerUnavailable: none of the pinned build is at hand.
    """
    if to == SHIPPED_HERE:
        return Candidate.shipped(contract)
    path, _, name = to.partition(":")
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"{file} cannot be read as a source of contracts.", reason=str(error)) from error
    if file.suffix == ".json":
        return compile_candidate(contract, read_input(text, file=file.name), None, name or contract, origin=to)
    source = f"{_FOLDER}/{file.name}"
    return compile_candidate(contract, source_input({source: text}, contracts=contracts), source, name, origin=to)


def source_input(texts: Mapping[str, str], *, contracts: Path = CONTRACTS) -> Json:
    """The compiler's input for some sources beside those of this release, with our settings."""
    whole = artifacts.read_document("input.json")["sources"]
    shipped = {name: source["content"] for name, source in whole.items()}
    sources = complete(dict(texts), roots=[], contracts=contracts, shipped=shipped)
    return {
        "language": "Solidity",
        "settings": SETTINGS,
        "sources": {name: {"content": text} for name, text in sources.items()},
    }


def read_input(text: str, *, file: str) -> Json:
    """A standard-JSON input in a file. Raises InvalidSettings where it is none."""
    try:
        document = parse_json(text)
        if document["language"] != "Solidity" or "evmVersion" not in document["settings"]:
            raise ValueError("no settings")
        for source in document["sources"].values():
            str(source["content"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidSettings(
            f"{file} is no standard-JSON input of the Solidity compiler.", reason=repr(error)
        ) from error
    return dict(document)


def compile_candidate(contract: str, document: Json, source: str | None, name: str, *, origin: str) -> Candidate:
    """Compile one contract of ``document``.

    Args:
        source: The source that has it; None looks for ``name`` in all of them.
        name: The contract's; empty for the only one of ``source``.

    Raises InvalidSettings, CompilerUnavailable.
    """
    where, what = _find_contract(document, source, name)
    return replace(compile_candidates(document, {what: (contract, where)})[what], origin=origin)


def compile_candidates(document: Json, wanted: Mapping[str, tuple[str, str]]) -> dict[str, Candidate]:
    """Compile some contracts of one input.

    Args:
        wanted: Name of each -> whose proxy it is for, and its source.

    Raises InvalidSettings, CompilerUnavailable.
    """
    solc = find_solc(CONTRACTS)
    outputs: Json = {}
    for name, (_, source) in wanted.items():
        outputs.setdefault(source, {})[name] = OUTPUTS
    compiled = _compile(document, solc, outputs)["contracts"]
    layouts = read_layouts(document, solc, {name: source for name, (_, source) in wanted.items()})
    return {
        name: _candidate(contract, compiled[source][name], layouts[name], Compilation(document, source, name))
        for name, (contract, source) in wanted.items()
    }


def _find_contract(document: Json, source: str | None, name: str) -> tuple[str, str]:
    """Source and name of the one contract that is meant; abstract ones, interfaces and libraries are none."""
    found = [
        (where, what)
        for where, content in document["sources"].items()
        for what in _CONTRACT.findall(content["content"])
        if source in (None, where) and name in ("", what)
    ]
    if len(found) != 1:
        raise InvalidSettings(
            "Which contract is meant? Name one that can be deployed, as FILE:Name.",
            found=[f"{where}:{what}" for where, what in found],
        )
    return found[0]


def known_layout(code_hash: bytes, *, kept: Path) -> Json | None:
    """Layout and functions of code that has run: of a release, or of a candidate that was kept. None: unknown.

    Args:
        kept: The folder of ``keep_candidate``.
    """
    released = _release_layouts().get(code_hash)
    if released is not None:
        return released
    file = kept / f"{code_hash.hex()}.json"
    return json.loads(file.read_text(encoding="utf-8"))["layout"] if file.is_file() else None


def keep_candidate(candidate: Candidate, kept: Path) -> None:
    """Remember what is known of this code, for the upgrade after this one. Writes it whole or not at all."""
    kept.mkdir(parents=True, exist_ok=True)
    file = kept / f"{candidate.code_hash.hex()}.json"
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(candidate.document, indent=1) + "\n", encoding="utf-8")
    fresh.replace(file)


def _release_layouts() -> dict[bytes, Json]:
    """By code hash, of every release that was shipped with layouts."""
    layouts, releases = artifacts.read_document("layouts.json"), artifacts.read_releases()
    return {
        releases[release][contract]: layout
        for release, contracts in layouts.items()
        for contract, layout in contracts.items()
    }


def _candidate(contract: str, compiled: Json, layout: Json, compiled_from: Compilation) -> Candidate:
    runtime = compiled["evm"]["deployedBytecode"]
    places = [
        (place["start"], place["length"])
        for places in runtime.get("immutableReferences", {}).values()
        for place in places
    ]
    return Candidate(
        contract=contract,
        origin=f"{compiled_from.source}:{compiled_from.name}",
        abi=compiled["abi"],
        creation_code=from_hex("0x" + compiled["evm"]["bytecode"]["object"]),
        runtime_code=from_hex("0x" + runtime["object"]),
        immutable_references=sorted(places),
        layout=layout | {"functions": functions_of(compiled["abi"])},
        compiled_from=compiled_from,
    )


def _compile(document: Json, solc: Path, outputs: Json) -> Json:
    asked = {**document, "settings": {**document["settings"], "outputSelection": outputs}}
    try:
        compiled: Json = solcx.compile_standard(asked, solc_binary=solc)
    except SolcError as error:
        raise InvalidSettings("These sources do not compile.", reason=error.message) from error
    return compiled
