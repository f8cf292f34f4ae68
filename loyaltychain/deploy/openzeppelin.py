"""OpenZeppelin's upgrade validator as a second opinion, where node and its npm package are at hand.

Our own check needs neither, and is the one that decides. The package is looked for where ``scripts/tools.py`` puts it,
below ``.tools`` of a checkout, and in ``contracts/node_modules``. It compares with the sources of this release, so it
can be asked only while the proxy runs them.
"""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import solcx
from solcx.exceptions import SolcError

from loyaltychain.chain import artifacts
from loyaltychain.core.errors import CompilerUnavailable
from loyaltychain.core.json_text import parse_json
from loyaltychain.deploy.candidate import Candidate, Compilation
from loyaltychain.deploy.compile import CONTRACTS, SHIPPED
from loyaltychain.deploy.compiler import SOLC_BUILD, SOLC_VERSION, find_solc
from loyaltychain.deploy.soljson import find_node

_CLI = Path("node_modules", "@openzeppelin", "upgrades-core", "dist", "cli", "cli.js")
_SECONDS = 120
_WORDS = 2_000  # characters of what it says
#: Ours: it only disables the initialisers.
_ALLOWED = "constructor"


def ask_openzeppelin(candidate: Candidate, *, running: bytes) -> str:
    """Its verdict in words: ``fit``, ``refused: `` and what it says, or ``not asked: `` and why.

    Args:
        running: The hash of the code that runs now.
    """
    cli = find_validator()
    if cli is None:
        return "not asked: @openzeppelin/upgrades-core is not installed (python3 scripts/tools.py)"
    if candidate.compiled_from is None:
        return "not asked: it is code of this release, whose sources it would compare with themselves"
    if running != artifacts.load(candidate.contract).code_hash:
        return "not asked: the proxy does not run this release, and the sources of what it runs are not here"
    try:
        node, solc = find_node(), find_solc(CONTRACTS)
    except CompilerUnavailable as absent:
        return f"not asked: {absent}"
    try:
        info = build_info(candidate.compiled_from, candidate.contract, solc)
    except SolcError as error:
        return f"not asked: {error.message}"
    return _ask(node, cli, candidate.compiled_from, candidate.contract, info)


def find_validator() -> Path | None:
    """The validator's main script; None where it is not installed."""
    homes = [*sorted((CONTRACTS.parent / ".tools").glob("upgrades-core-*")), CONTRACTS]
    return next((home / _CLI for home in homes if (home / _CLI).is_file()), None)


def build_info(code: Compilation, contract: str, solc: Path) -> dict[str, Any]:
    """What Hardhat would have written about a compilation of the candidate and of this release's own sources."""
    whole = artifacts.read_document("input.json")["sources"]
    needed = parse_json(artifacts.read_document(f"{contract}.json")["metadata"])["sources"]
    outputs = {"*": {"": ["ast"], "*": ["storageLayout", "evm.methodIdentifiers"]}}
    document = {
        **code.document,
        "sources": {**{name: whole[name] for name in needed}, **code.document["sources"]},
        "settings": {**code.document["settings"], "outputSelection": outputs},
    }
    output = solcx.compile_standard(document, solc_binary=solc)
    concrete = {(code.source, code.name), (SHIPPED[contract], contract)}
    for source, contracts in output["contracts"].items():
        for name, compiled in contracts.items():
            # It knows a contract by the hash of its code, and takes one without code for abstract. Any code does.
            text = f"{source}:{name}".encode().hex() if (source, name) in concrete else ""
            code_of = {"object": text, "linkReferences": {}}
            compiled["evm"] = {**compiled.get("evm", {}), "bytecode": code_of, "deployedBytecode": code_of}
    return {
        "_format": "hh-sol-build-info-1",
        "id": "loyaltychain",
        "solcVersion": SOLC_VERSION,
        "solcLongVersion": SOLC_BUILD,
        "input": document,
        "output": output,
    }


def _ask(node: Path, cli: Path, code: Compilation, contract: str, info: dict[str, Any]) -> str:
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory) / "build-info"
        place.mkdir()
        (place / "info.json").write_text(json.dumps(info), encoding="utf-8")
        command = [
            *(str(node), str(cli), "validate", str(place), "--unsafeAllow", _ALLOWED),
            *("--contract", f"{code.source}:{code.name}", "--reference", f"{SHIPPED[contract]}:{contract}"),
        ]
        try:
            ended = subprocess.run(  # noqa: S603
                command, cwd=directory, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"not asked: {type(error).__name__}"
    if ended.returncode == 0 and "SUCCESS" in ended.stdout:
        return "fit"
    if "FAILED" in ended.stdout:
        return "refused: " + _one_line(ended.stdout)
    return "not asked: it ended with an error of its own: " + _one_line(ended.stderr)


def _one_line(text: str) -> str:
    return " | ".join(line.strip() for line in text.splitlines() if line.strip())[:_WORDS]
