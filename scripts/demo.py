"""Show the whole way on simulated data: ``python3 scripts/demo.py``. Needs only Python and its package index."""

import sys

import bootstrap

if __name__ == "__main__":
    bootstrap.prepare(needed=["core", "build"], optional=[])
    sys.exit(bootstrap.run(["-m", "loyaltychain", "demo", *sys.argv[1:]]))
