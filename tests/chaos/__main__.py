"""Play it, and say what it came to.

``python3 scripts/chaos.py [--long] [--kills N] [--reorgs N] [--seed N] [--json]``
"""

import argparse
import json
import secrets
import signal
import sys
import time
from dataclasses import replace

import pytest

from loyaltychain.core.failpoints import FAILPOINTS
from tests.chaos.play import perform
from tests.chaos.script import Summary, long, short


def main() -> int:
    """Exit code 0: all of it survived; 1: something did not come out right; 3: a part could not be had here."""
    parser = argparse.ArgumentParser(prog="scripts/chaos.py", description=__doc__)
    parser.add_argument("--long", action="store_true", help="100 kills and 50 reorganisations")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--reorgs", type=int)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    usual = (long if wanted.long else short)(wanted.seed)
    script = replace(usual, kills=wanted.kills or usual.kills, reorgs=wanted.reorgs or usual.reorgs)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: sys.exit(128 + number))  # so that everything is cleaned up
    began = time.monotonic()

    def say(what: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began:7.1f} s  {what}\n")

    say(f"seed {script.seed}: {script.kills} kills, {script.reorgs} reorganisations")
    try:
        summary = perform(script, say)
    except AssertionError as failure:
        sys.stderr.write(f"NOT SURVIVED, {failure}\nPlay it again: --seed {script.seed}\n")
        return 1
    except pytest.skip.Exception as reason:
        sys.stderr.write(f"This needs anvil and a PostgreSQL server of its own: {reason}\n")
        return 3
    sys.stdout.write(json.dumps(summary.document(), indent=2) + "\n" if wanted.json else table(summary))
    return 0


def table(summary: Summary) -> str:
    """The summary for people."""
    at_points = {name: count for name, count in summary.kills.items() if name in FAILPOINTS}
    kills, reorgs, faults = summary.kills, summary.reorgs, summary.faults
    restarts = ", ".join(f"{code} {count}" for code, count in summary.operator_restarts.items())
    rows = {
        "seed": summary.seed,
        "kills": f"{kills.total()}: {sum(at_points.values())} at {len(at_points)} failpoints, "
        f"{kills.total() - sum(at_points.values())} at random",
        "reorganisations": f"{reorgs.total()}, up to {max(reorgs, default=0)} blocks; "
        f"{summary.reorgs_of_ours} took a settlement away, {summary.reorgs_with_ours_back} brought one back elsewhere",
        "other faults": f"{faults.total()} of {len(faults)} kinds, {summary.answers_spoilt} answers spoilt",
        "checks in between": summary.checks,
        "restarts by an operator": restarts or "none",
        "events, grants, points": f"{summary.events:,}, {summary.grants:,}, {summary.points:,}",
        "batches settled": f"{summary.batches:,}, by {summary.transactions:,} transactions, "
        f"{summary.failed_transactions} of them failed",
        "lost": summary.lost,
        "doubled": summary.doubled,
        "the auditor's findings": len(summary.findings),
        "seconds": summary.seconds,
    }
    return "".join(f"{name:<25}{value}\n" for name, value in rows.items())


if __name__ == "__main__":
    sys.exit(main())
