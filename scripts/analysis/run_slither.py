"""slither over our own sources, by uvx in an environment of its own: its pins are not ours."""

import json
from typing import Any

import project
from findings import Finding, Outcome

TOOL = "slither"
PACKAGE = "slither-analyzer==0.11.6"
#: Notes on style (that there is assembly, that a mask has many digits) are no findings.
QUIET = ("--exclude-informational", "--exclude-optimization", "--filter-paths", "@openzeppelin")
_SECONDS = 540


def run(place: project.Project, *, long: bool) -> Outcome:
    """Every detector but the notes. ``long`` changes nothing."""
    uvx = project.find_uvx()
    if uvx is None:
        return Outcome(TOOL, skipped="uvx is not installed")
    available = project.run_tool([uvx, "--from", PACKAGE, TOOL, "--version"], place.plain, _SECONDS)
    if available.returncode != 0:
        return Outcome(TOOL, skipped=f"uvx could not bring {PACKAGE}: {available.stderr.strip()[-200:]}")
    (place.plain / "slither-input.json").write_text(json.dumps(_input(place.document)), encoding="utf-8")
    report = place.plain / "slither.json"
    report.unlink(missing_ok=True)
    command = [uvx, "--from", PACKAGE, TOOL, "slither-input.json", "--compile-force-framework", "Solc-json",
               "--solc", place.solc, "--json", report, *QUIET]  # fmt: skip
    done = project.run_tool(command, place.plain, _SECONDS)
    if not report.is_file():
        return Outcome(TOOL, findings=[Finding(TOOL, "did-not-run", "", (done.stderr or done.stdout).strip()[-600:])])
    return _outcome(json.loads(report.read_text(encoding="utf-8")))


def _input(document: dict[str, Any]) -> dict[str, Any]:
    outputs = ["abi", "evm.bytecode", "evm.deployedBytecode", "evm.methodIdentifiers", "devdoc", "userdoc"]
    settings = document["settings"] | {"outputSelection": {"*": {"*": outputs, "": ["ast"]}}}
    return document | {"settings": settings}


def _outcome(report: dict[str, Any]) -> Outcome:
    if not report["success"]:
        return Outcome(TOOL, findings=[Finding(TOOL, "did-not-run", "", str(report["error"])[-600:])])
    detected = report["results"].get("detectors", [])
    findings = [
        Finding(TOOL, each["check"], _place(each["elements"][0]), each["description"].strip().splitlines()[0])
        for each in detected
    ]
    return Outcome(TOOL, findings=findings, notes=[f"{len(findings)} findings of more than style"])


def _place(element: dict[str, Any]) -> str:
    """``Contract.function`` or ``Contract.function.variable``."""
    names: list[str] = []
    while element and element["type"] in ("contract", "function", "variable", "struct", "event", "enum"):
        names.append(element["name"])
        element = element.get("type_specific_fields", {}).get("parent", {})
    return ".".join(reversed(names))
