"""Builds the compiler's one input, compiles it, and keeps the shipped artifacts equal to both.

Same input and same build of the compiler give the same bytes everywhere, metadata hash included; so whoever has the
shipped ``input.json`` can compile and compare. Finding a compiler is ``deploy/compiler.py``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import solcx
from solcx.exceptions import SolcError

import loyaltychain
from loyaltychain.chain import artifacts
from loyaltychain.core.errors import ArtifactsStale, CompilerUnavailable
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.deploy.compiler import find_solc
from loyaltychain.deploy.layout_read import functions_of, read_layouts
from loyaltychain.deploy.plan import PROXIED
from loyaltychain.deploy.sources import complete, read_own

Json = dict[str, Any]  # the compiler's documents

PACKAGE = Path(loyaltychain.__file__).parent
ARTIFACTS = PACKAGE / "artifacts"
CONTRACTS = PACKAGE.parent / "contracts"  # there in a checkout, not beside an installed wheel
SHIPPED = {
    "AccessManager": "@openzeppelin/contracts/access/manager/AccessManager.sol",
    "MemberRegistry": "src/MemberRegistry.sol",
    "BatchProofs": "src/BatchProofs.sol",
    "BenchToken": "src/bench/BenchToken.sol",
    "BenchVotes": "src/bench/BenchVotes.sol",
    "PointsLedger": "src/PointsLedger.sol",
    "PointsProxy": "src/PointsProxy.sol",
    "ProgramRegistry": "src/ProgramRegistry.sol",
    "DataReference": "src/reference/DataReference.sol",
}
SETTINGS: Json = {
    # Every L2 runs cancun; the compiler's own default is ahead of most.
    "evmVersion": "cancun",
    "optimizer": {"enabled": True, "runs": 200},
    "viaIR": True,
    "metadata": {"bytecodeHash": "ipfs"},
}
OUTPUTS = ["abi", "metadata", "evm.bytecode.object", "evm.deployedBytecode"]
#: "at" becomes a keyword one day: the pinned compiler is not of that day, and the name is part of the registry's ABI.
TOLERATED = ("6335",)
EQUAL = "equal"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What ``check`` compared: ``equal``, or ``skipped: `` and why, for each of the two."""

    sources: str
    compiled: str


def make_input(contracts: Path | None = None) -> Json:
    """The standard-JSON input: literal sources under fixed names, our settings, the outputs that are shipped.

    Args:
        contracts: Directory of the sources; None for the one of this checkout.

    Raises:
        ArtifactsStale: a library source is neither installed nor shipped, or there are no sources at all.
    """
    place = contracts or CONTRACTS
    # AccessManager is deployed as it is: no source of ours imports it.
    texts = complete(read_own(place), roots=[SHIPPED["AccessManager"]], contracts=place, shipped=_shipped_sources())
    selection: dict[str, dict[str, list[str]]] = {}
    for name, source in SHIPPED.items():
        selection.setdefault(source, {})[name] = OUTPUTS
    return {
        "language": "Solidity",
        "settings": SETTINGS | {"outputSelection": selection},
        "sources": {name: {"content": text} for name, text in texts.items()},
    }


def compile_input(document: Json, solc: Path) -> dict[str, Json]:
    """The artifact of every shipped contract, by its name.

    Raises ArtifactsStale when the compiler refuses the input or warns about a source of ours.
    """
    try:
        output = solcx.compile_standard(document, solc_binary=solc)
    except SolcError as error:
        raise ArtifactsStale("the sources do not compile", reason=error.message) from error
    complaints = [
        message["formattedMessage"]
        for message in output.get("errors", [])
        if message["sourceLocation"]["file"].startswith("src/") and message["errorCode"] not in TOLERATED
    ]
    if complaints:
        raise ArtifactsStale("the compiler warns", warnings=complaints)
    return {name: _artifact(output["contracts"][source][name]) for name, source in SHIPPED.items()}


def write(contracts: Path | None = None) -> list[str]:
    """Compile the sources and write what is shipped. Returns the names of the files.

    Raises CompilerUnavailable, ArtifactsStale.
    """
    document, solc = make_input(contracts), find_solc(contracts or CONTRACTS)
    compiled = compile_input(document, solc)
    releases = _read_shipped("releases.json") | {loyaltychain.__version__: _code_hashes(compiled)}
    layouts = _read_shipped("layouts.json") | {loyaltychain.__version__: _layouts(document, compiled, solc)}
    files = {"input": document, "releases": releases, "layouts": layouts} | compiled
    ARTIFACTS.mkdir(exist_ok=True)
    for name, content in files.items():
        # Whole or not at all: somebody may be reading them.
        fresh = ARTIFACTS / f"{name}.json.new"
        fresh.write_bytes(_text(content).encode())
        fresh.replace(ARTIFACTS / f"{name}.json")
    return sorted(f"{name}.json" for name in files)


def check(contracts: Path | None = None) -> CheckReport:
    """Prove that the shipped artifacts are what the sources compile to, as far as this machine can.

    Returns:
        What was compared, and what was skipped: the sources when there is no checkout, the compilation when there is
        no compiler.

    Raises:
        ArtifactsStale: something differs; ``scripts/compile.py`` writes it anew.
    """
    return CheckReport(sources=_check_sources(contracts or CONTRACTS), compiled=_check_compiled(contracts or CONTRACTS))


def _check_sources(contracts: Path) -> str:
    if not (contracts / "src").is_dir():
        return "skipped: no contracts/src here, this is an installed package"
    own = read_own(contracts)
    shipped = {name: text for name, text in _shipped_sources().items() if name.startswith("src/")}
    differing = sorted(name for name in own.keys() | shipped.keys() if own.get(name) != shipped.get(name))
    if differing:
        raise ArtifactsStale("sources differ from the shipped input", sources=differing)
    if make_input(contracts) != artifacts.read_document("input.json"):
        raise ArtifactsStale("library sources or settings differ from the shipped input")
    return EQUAL


def _check_compiled(contracts: Path) -> str:
    try:
        solc = find_solc(contracts)
    except CompilerUnavailable as absent:
        return f"skipped: {absent}"
    if artifacts.names() != sorted(SHIPPED):
        raise ArtifactsStale("other contracts are shipped than are compiled", shipped=artifacts.names())
    compiled = compile_input(artifacts.read_document("input.json"), solc)
    differing = sorted(name for name, content in compiled.items() if content != artifacts.read_document(f"{name}.json"))
    if differing:
        raise ArtifactsStale(contracts=differing)
    if _read_shipped("releases.json").get(loyaltychain.__version__) != _code_hashes(compiled):
        raise ArtifactsStale("releases.json does not hold this release's hashes", release=loyaltychain.__version__)
    layouts = _layouts(artifacts.read_document("input.json"), compiled, solc)
    if _read_shipped("layouts.json").get(loyaltychain.__version__) != layouts:
        raise ArtifactsStale("layouts.json does not hold this release's layouts", release=loyaltychain.__version__)
    return EQUAL


def _artifact(compiled: Json) -> Json:
    runtime = compiled["evm"]["deployedBytecode"]
    references = [
        [place["start"], place["length"]]
        for places in runtime.get("immutableReferences", {}).values()
        for place in places
    ]
    return {
        "abi": compiled["abi"],
        "bytecode": "0x" + compiled["evm"]["bytecode"]["object"],
        "deployedBytecode": "0x" + runtime["object"],
        "immutableReferences": sorted(references),
        "metadata": compiled["metadata"],
    }


def _code_hashes(compiled: Mapping[str, Json]) -> dict[str, str]:
    """By contract, of those that a deployment puts on chain; the compiler leaves zeros where immutables go."""
    return {
        name: to_hex(artifacts.masked_code_hash(from_hex(compiled[name]["deployedBytecode"]), []))
        for name in artifacts.CONTRACTS
    }


def _shipped_sources() -> dict[str, str]:
    if not (ARTIFACTS / "input.json").is_file():
        return {}
    sources = artifacts.read_document("input.json")["sources"]
    return {name: source["content"] for name, source in sources.items()}


def _layouts(document: Json, compiled: Mapping[str, Json], solc: Path) -> dict[str, Json]:
    """What an upgrade of each proxied contract has to know of the code before it: its storage and its functions."""
    layouts = read_layouts(document, solc, {name: SHIPPED[name] for name in PROXIED})
    return {name: layout | {"functions": functions_of(compiled[name]["abi"])} for name, layout in layouts.items()}


def _read_shipped(file_name: str) -> dict[str, Json]:
    return artifacts.read_document(file_name) if (ARTIFACTS / file_name).is_file() else {}


def _text(content: Json) -> str:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
