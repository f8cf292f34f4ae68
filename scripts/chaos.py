"""Kill workers, reorganise the chain, let nodes lie and databases crash: ``python3 scripts/chaos.py [--long] [--seed N]
[--json]``. What comes out must be what was told: nothing lost, nothing doubled."""

import os
import sys

import bootstrap
import tools

if __name__ == "__main__":
    bootstrap.prepare(needed=["core", "build", "test"], optional=["postgres"])
    if reason := tools.install_anvil():
        sys.exit(f"This needs anvil: {reason}")
    os.chdir(bootstrap.ROOT)
    # In place of this process, so that whoever stops it stops the play, which then cleans up.
    os.execv(bootstrap.python(), [str(bootstrap.python()), "-m", "tests.chaos", *sys.argv[1:]])  # noqa: S606
