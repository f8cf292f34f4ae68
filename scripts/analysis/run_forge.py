"""forge's fuzz and invariant tests of contracts/analysis, against the shipped code."""

import json
from typing import Any

import project
from findings import Finding, Outcome
from tools import foundry_file

TOOL = "forge"
_SECONDS = {False: 480, True: 3_600}


def build(place: project.Project) -> str | None:
    """Compile the suites. Returns why not, or None."""
    command = [foundry_file("forge"), "build", "--quiet"]
    done = project.run_tool(command, place.directory, _SECONDS[False])
    return None if done.returncode == 0 else (done.stderr or done.stdout).strip()[-2_000:]


def run(place: project.Project, *, long: bool) -> Outcome:
    """Every ``test`` and ``invariant``; ``long`` plays each many times more."""
    if not foundry_file("forge").is_file():
        return Outcome(TOOL, skipped="python3 scripts/tools.py installs forge")
    if reason := build(place):
        return Outcome(TOOL, findings=[Finding(TOOL, "did-not-compile", "", reason)])
    profile = "long" if long else "default"
    command = [foundry_file("forge"), "test", "--json"]
    done = project.run_tool(command, place.directory, _SECONDS[long], FOUNDRY_PROFILE=profile)
    try:
        return _outcome(json.loads(done.stdout.strip().splitlines()[-1]))
    except (json.JSONDecodeError, IndexError):
        return Outcome(TOOL, findings=[Finding(TOOL, "did-not-run", "", (done.stderr or done.stdout).strip()[-600:])])


def _outcome(report: dict[str, Any]) -> Outcome:
    outcome = Outcome(TOOL)
    runs = 0
    for suite, results in report.items():
        for name, result in results["test_results"].items():
            runs += 1
            if result["status"] != "Success":
                place = f"{suite.rpartition(':')[2]}.{name.partition('(')[0]}"
                text = f"{result.get('reason') or ''} {json.dumps(result.get('counterexample'))}"[:2_000]
                outcome.findings.append(Finding(TOOL, "failed", place, text))
    outcome.notes.append(f"{runs} tests in {len(report)} suites")
    if runs == 0:
        outcome.findings.append(Finding(TOOL, "did-not-run", "", "there was no test"))
    return outcome
