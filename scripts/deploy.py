"""Deploy the project's contracts and publish its programme: ``python3 scripts/deploy.py [--home DIR] [--json]``."""

import sys
from pathlib import Path

import bootstrap

if __name__ == "__main__":
    bootstrap.prepare(needed=["core", "build"], optional=[])
    sys.exit(bootstrap.run(["-m", "loyaltychain", "deploy", *sys.argv[1:]], directory=Path.cwd()))
