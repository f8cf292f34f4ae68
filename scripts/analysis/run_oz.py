"""OpenZeppelin's upgrade validator over the contracts that stand behind proxies."""

import json
import re
import shutil
import subprocess
from typing import Any

import project
from findings import Finding, Outcome
from tools import upgrades_file

from loyaltychain.chain import artifacts
from loyaltychain.deploy.compile import SHIPPED
from loyaltychain.deploy.compiler import SOLC_BUILD, SOLC_VERSION
from loyaltychain.deploy.plan import PROXIED

TOOL = "oz"
_SECONDS = 120
_FAULT = re.compile(r"^\s+(?P<file>\S+?):\d+: (?P<text>.+)$")
_KIND = re.compile(r"zpl\.in/upgrades/(?P<kind>\S+)")


def run(place: project.Project, *, long: bool) -> Outcome:
    """Each proxied contract on its own. ``long`` changes nothing."""
    node = shutil.which("node")
    if node is None:
        return Outcome(TOOL, skipped="node is not installed")
    if not upgrades_file().is_file():
        return Outcome(TOOL, skipped="python3 scripts/tools.py installs the validator")
    folder = place.directory / "build-info"
    folder.mkdir(exist_ok=True)
    (folder / "build-info.json").write_text(json.dumps(_build_info(place)), encoding="utf-8")
    outcome = Outcome(TOOL, notes=[f"{len(PROXIED)} contracts validated"])
    for name in PROXIED:
        command = [node, upgrades_file(), "validate", folder, "--contract", f"{SHIPPED[name]}:{name}"]
        done = project.run_tool(command, place.directory, _SECONDS)
        found = _findings(name, done.stdout + done.stderr)
        if done.returncode != 0 and not found:
            found = [Finding(TOOL, "did-not-run", name, (done.stderr or done.stdout).strip()[-600:])]
        outcome.findings += found
    return outcome


def _build_info(place: project.Project) -> dict[str, Any]:
    """What Hardhat would have written: the compiler's input and output. Syntax and layout are compiled here; the code,
    which tells the validator no more than a version, is the shipped one."""
    selection = {"*": {"*": ["abi", "evm.methodIdentifiers", "storageLayout"], "": ["ast"]}}
    document = place.document | {"settings": place.document["settings"] | {"outputSelection": selection}}
    done = subprocess.run(
        [str(place.solc), "--standard-json"], input=json.dumps(document), check=True, capture_output=True, text=True
    )
    output = json.loads(done.stdout)
    codes = {name: artifacts.read_document(f"{name}.json")["bytecode"].removeprefix("0x") for name in SHIPPED}
    for contracts in output["contracts"].values():
        for name, contract in contracts.items():
            contract.setdefault("evm", {})["bytecode"] = {"object": codes.get(name, ""), "linkReferences": {}}
    return {
        "_format": "hh-sol-build-info-1",
        "id": "analysis",
        "solcVersion": SOLC_VERSION,
        "solcLongVersion": SOLC_BUILD,
        "input": document,
        "output": output,
    }


def _findings(contract: str, text: str) -> list[Finding]:
    """The validator writes for people: a line with file and fault, then advice, then an address that names its kind."""
    found: list[Finding] = []
    fault = None
    for line in text.splitlines():
        if match := _FAULT.match(line):
            fault = match["text"]
        elif (match := _KIND.search(line)) and fault is not None:
            found.append(Finding(TOOL, match["kind"], contract, fault))
            fault = None
    return found
