"""Runs the scripts of our pages as a reader's shell would."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


def run_script(script: str, home: Path, program: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOYALTYCHAIN_")}
    environment["PATH"] = f"{home / 'bin'}:{environment['PATH']}"
    done = subprocess.run([program, "-"], input=script, cwd=home, env=environment, check=False,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def put_command(home: Path) -> None:
    """``loyaltychain`` on the path, as an installation has it."""
    (home / "bin").mkdir()
    command = home / "bin" / "loyaltychain"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m loyaltychain "$@"\n', encoding="utf-8")
    command.chmod(0o755)


def wait_for(is_so: Callable[[], bool]) -> None:
    """Until it is so, for two minutes at most."""
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline, "the worker did not get there"
        time.sleep(0.5)
