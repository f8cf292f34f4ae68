"""Analyse the contracts: ``python3 scripts/analyse.py [slither|oz|forge|halmos|all] [--long] [--json]``.

Each tool runs where it can be had and is skipped with its reason where not; ``python3 scripts/tools.py`` installs what
npm has. Exit code 1 for a finding that ``contracts/analysis/accepted.yaml`` does not explain, and for an entry there
that explains nothing any more.
"""

import sys

import bootstrap

if __name__ == "__main__":
    bootstrap.prepare(needed=["core", "build"], optional=["compiler"])
    sys.exit(bootstrap.run(["scripts/analysis", *sys.argv[1:]]))
