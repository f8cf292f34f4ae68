"""Make ``.venv`` and install what a script needs, with nothing but Python's standard library.

Wheels come from the package index that pip is configured with, checked against the hashes in
requirements.txt. Sections that may be missing ("optional") are tried and, where they cannot be had,
skipped with the reason; a second start finds everything in place and installs nothing.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed.json"  # section -> digest of its pins, or the reason why it could not be installed
MINIMUM = (3, 11)
RETRY_SECONDS = 24 * 3600  # a section that could not be had is tried again a day later


def python() -> Path:
    """The interpreter inside ``.venv``."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def sections() -> dict[str, str]:
    """{section: its pinned lines} of requirements.txt."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    parts = re.split(r"^# \[(\w+)\]$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def prepare(needed: list[str], optional: list[str]) -> dict[str, str]:
    """Install these sections. Returns {optional section: reason} for those that could not be had.

    Exits with a plain message when a needed section fails, or Python is too old.
    """
    if sys.version_info < MINIMUM:
        sys.exit(f"loyaltychain needs Python {MINIMUM[0]}.{MINIMUM[1]} or newer; this is {sys.version.split()[0]}.")
    if not python().exists():
        _say("making .venv")
        _make_venv()
    stamp = json.loads(STAMP.read_text()) if STAMP.exists() else {}
    pins = sections()
    for name in needed:
        if stamp.get(name) != _digest(pins[name]):
            _say(f"installing {name} ({pins[name].count('==')} wheels)")
            failure = _install(pins[name])
            if failure:
                sys.exit(f"Could not install the section [{name}] of requirements.txt:\n{failure}\n"
                         "Check that pip reaches its package index, then run the same command again.")  # fmt: skip
            stamp[name] = _digest(pins[name])
            STAMP.write_text(json.dumps(stamp))
    if stamp.get("project") != _digest((ROOT / "pyproject.toml").read_text()):
        _install_project()
        stamp["project"] = _digest((ROOT / "pyproject.toml").read_text())
    skipped = {name: reason for name in optional if (reason := _try_optional(name, pins[name], stamp))}
    STAMP.write_text(json.dumps(stamp))
    return skipped


def run(arguments: list[str], *, directory: Path = ROOT) -> int:
    """Run ``.venv``'s Python on these arguments, in the checkout or another directory. Returns its exit code."""
    return subprocess.run([str(python()), *arguments], cwd=directory, check=False).returncode


def _try_optional(name: str, pins: str, stamp: dict[str, object]) -> str | None:
    known = stamp.get(name)
    if known == _digest(pins):
        return None
    if isinstance(known, dict) and time.time() - float(known["at"]) < RETRY_SECONDS:
        return str(known["reason"])
    _say(f"installing {name} (optional)")
    failure = _install(pins)
    if failure is None:
        stamp[name] = _digest(pins)
        return None
    reason = failure.strip().splitlines()[-1][:200]
    stamp[name] = {"reason": reason, "at": time.time()}
    return reason


def _make_venv() -> None:
    try:
        venv.create(VENV, with_pip=True, clear=VENV.exists())
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(
            f"Could not make .venv: {error}\nOn Debian and Ubuntu, `apt install python3-venv` brings what is missing."
        )


def _install(pins: str) -> str | None:
    """Install pinned lines, wheels only. Returns pip's complaint, or None."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "requirements.txt"
        file.write_text(pins, encoding="utf-8")
        return _pip(["--require-hashes", "--only-binary", ":all:", "--no-deps", "-r", str(file)])


def _install_project() -> None:
    failure = _pip(["--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
    if failure:
        sys.exit(f"Could not install loyaltychain itself into .venv:\n{failure}")


def _pip(arguments: list[str]) -> str | None:
    command = [str(python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    done = subprocess.run([*command, *arguments], cwd=ROOT, check=False, capture_output=True, text=True)
    return None if done.returncode == 0 else (done.stderr or done.stdout)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _say(what: str) -> None:
    print(f"[setup] {what} ...", file=sys.stderr, flush=True)
