"""Rebuild everything from the chain's logs and compare: ``python3 scripts/audit.py [--home DIR] [--json] …``."""

import sys
from pathlib import Path

import bootstrap

if __name__ == "__main__":
    bootstrap.prepare(needed=["core", "build"], optional=[])
    sys.exit(bootstrap.run(["-m", "loyaltychain", "audit", *sys.argv[1:]], directory=Path.cwd()))
