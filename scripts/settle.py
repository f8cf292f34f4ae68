"""Turn events into points and settle what is due, once: ``python3 scripts/settle.py [--home DIR] [--json]``."""

import sys
from pathlib import Path

import bootstrap

if __name__ == "__main__":
    bootstrap.prepare(needed=["core", "build"], optional=[])
    sys.exit(bootstrap.run(["-m", "loyaltychain", "run", "--once", *sys.argv[1:]], directory=Path.cwd()))
