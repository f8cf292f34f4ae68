"""Runs the tools that were asked for and says what they found; ``scripts/analyse.py`` starts it."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))  # scripts/, for tools.py

import project
import run_forge
import run_halmos
import run_oz
import run_slither
from findings import Accepted, Finding, Outcome, read_accepted, unexplained

from loyaltychain.core.errors import ArtifactsStale, CompilerUnavailable

RUNS = {"slither": run_slither.run, "oz": run_oz.run, "forge": run_forge.run, "halmos": run_halmos.run}


def main(arguments: Sequence[str]) -> int:
    """0 when nothing is unexplained, 1 when something is."""
    parser = argparse.ArgumentParser(prog="scripts/analyse.py", description="Analyse the contracts.")
    parser.add_argument("tool", nargs="?", choices=[*RUNS, "all"], default="all")
    parser.add_argument("--long", action="store_true", help="many more runs, more time for the solver")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    given = parser.parse_args(arguments)
    names = list(RUNS) if given.tool == "all" else [given.tool]
    try:
        verdicts = [_verdict(name, long=given.long, accepted=read_accepted(project.ACCEPTED)) for name in names]
    except (ArtifactsStale, CompilerUnavailable, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    if given.json:
        print(json.dumps({outcome.tool: _document(outcome, open_) for outcome, open_ in verdicts}, indent=1))
    skipped = [f"{outcome.tool} ({outcome.skipped})" for outcome, _ in verdicts if outcome.skipped]
    if skipped:
        print(f"skipped {len(skipped)} of {len(names)}: {'; '.join(skipped)}", file=sys.stderr)
    return 1 if any(open_ for _, open_ in verdicts) else 0


def _verdict(name: str, *, long: bool, accepted: list[Accepted]) -> tuple[Outcome, list[Finding]]:
    started = time.monotonic()
    with project.laid_out() as place:
        outcome = RUNS[name](place, long=long)
    open_ = [] if outcome.skipped else unexplained(outcome, accepted)
    seconds = time.monotonic() - started
    known = len(outcome.findings) - sum(finding in outcome.findings for finding in open_)
    verdict = f"skipped: {outcome.skipped}" if outcome.skipped else f"{len(open_)} unexplained, {known} accepted"
    print(f"{name:8} {'; '.join([verdict, *outcome.notes])}; {seconds:.0f} s", file=sys.stderr, flush=True)
    for finding in open_:
        print(f"  {finding.detector} at {finding.place}: {finding.text}", file=sys.stderr, flush=True)
    return outcome, open_


def _document(outcome: Outcome, open_: list[Finding]) -> dict[str, object]:
    return {
        "skipped": outcome.skipped,
        "notes": outcome.notes,
        "found": len(outcome.findings),
        "unexplained": [asdict(finding) for finding in open_],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
