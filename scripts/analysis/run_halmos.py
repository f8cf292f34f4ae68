"""halmos's symbolic checks of contracts/analysis, by uvx in an environment of its own: its pins are not ours."""

import json
import os
from typing import Any

import project
import run_forge
from findings import Finding, Outcome
from tools import foundry_file

TOOL = "halmos"
PACKAGE = "halmos==0.3.3"
_SECONDS = {False: 540, True: 3_600}


def run(place: project.Project, *, long: bool) -> Outcome:
    """Every ``check``; ``long`` gives the solver more time for each question."""
    uvx = project.find_uvx()
    if uvx is None:
        return Outcome(TOOL, skipped="uvx is not installed")
    if not foundry_file("forge").is_file():
        return Outcome(TOOL, skipped="python3 scripts/tools.py installs forge, which compiles for it")
    available = project.run_tool([uvx, "--from", PACKAGE, TOOL, "--version"], place.directory, _SECONDS[False])
    if available.returncode != 0:
        return Outcome(TOOL, skipped=f"uvx could not bring {PACKAGE}: {available.stderr.strip()[-200:]}")
    if reason := run_forge.build(place):
        return Outcome(TOOL, findings=[Finding(TOOL, "did-not-compile", "", reason)])
    report = place.directory / "halmos.json"
    report.unlink(missing_ok=True)
    command = [uvx, "--from", PACKAGE, TOOL, "--function", "check_", "--no-status", "--json-output", report,
               "--loop", "64", "--solver-timeout-assertion", "600s" if long else "60s"]  # fmt: skip
    # It calls forge by its name, to see that nothing is left to build.
    path = os.pathsep.join([str(foundry_file("forge").parent), os.environ.get("PATH", "")])
    done = project.run_tool(command, place.directory, _SECONDS[long], PATH=path)
    if not report.is_file():
        return Outcome(TOOL, findings=[Finding(TOOL, "did-not-run", "", (done.stderr or done.stdout).strip()[-600:])])
    return _outcome(json.loads(report.read_text(encoding="utf-8")), done.stdout)


def _outcome(report: dict[str, Any], printed: str) -> Outcome:
    outcome = Outcome(TOOL)
    checks = paths = 0
    for suite, results in report["test_results"].items():
        for result in results:
            checks += 1
            paths += result["num_paths"][0] if result.get("num_paths") else 0
            # A loop that was cut short is a path that nobody has looked at.
            if result["exitcode"] != 0 or result.get("num_bounded_loops"):
                place = f"{suite.rpartition(':')[2]}.{result['name'].partition('(')[0]}"
                outcome.findings.append(Finding(TOOL, "not-proven", place, printed[-2_000:]))
    outcome.notes.append(f"{checks} checks on {paths} paths")
    if checks == 0:
        outcome.findings.append(Finding(TOOL, "did-not-run", "", printed[-600:] or "there was no check"))
    return outcome
