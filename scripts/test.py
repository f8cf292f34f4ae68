"""Run the gate, then every test: ``python3 scripts/test.py [pytest's arguments]``.

Needs only Python and its package index. What cannot be installed here is skipped, with its reason, and counted.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bootstrap
import tools

CONTRACTS = bootstrap.ROOT / "contracts"
PREFIX = "lc-tests-"
MEMORY_NEEDED = 8 * 2**30  # bytes: the tests' files, and a few dozen databases for each process


def install_node_packages() -> str | None:
    """OpenZeppelin's sources and JavaScript library, for the tests that compare with them. Returns why not."""
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    if (CONTRACTS / "node_modules" / ".package-lock.json").exists():
        return None
    done = subprocess.run([npm, "ci", "--silent"], cwd=CONTRACTS, check=False, capture_output=True, text=True)
    return None if done.returncode == 0 else (done.stderr or done.stdout).strip()[-200:] or "npm ci failed"


def find_memory() -> Path | None:
    """Where files live in memory, if it has room and programs may stand there."""
    shared = Path("/dev/shm")  # noqa: S108  # a folder of our own in it
    if not shared.is_dir() or os.statvfs(shared).f_flag & os.ST_NOEXEC:
        return None
    for left in shared.glob(f"{PREFIX}*"):  # by a run that was killed
        if not Path("/proc", left.name.removeprefix(PREFIX).split("-")[0]).exists():
            shutil.rmtree(left, ignore_errors=True)
    return shared if shutil.disk_usage(shared).free > MEMORY_NEEDED else None


@contextmanager
def quick_surroundings() -> Iterator[None]:
    """For the processes started meanwhile: temporary files in memory where there is room, no source compiled twice.

    The tests start Python hundreds of times and wait for the disk tens of thousands of times.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is below goes when this is ended
    memory = find_memory()
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-", dir=memory, ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o711)  # database servers run as another user, who must get through
        if memory:
            os.environ["TMPDIR"] = home
        if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):  # nothing beside the sources, that is
            os.environ["PYTHONPYCACHEPREFIX"] = str(Path(home, "bytecode"))
        yield


def main(arguments: list[str]) -> int:
    missing = bootstrap.prepare(needed=["core", "build", "test"], optional=["postgres", "compiler", "evm", "extras"])
    if reason := install_node_packages():
        missing["npm"] = reason
    for name, install in (
        ("anvil", tools.install_anvil),
        ("forge", tools.install_forge),
        ("upgrades-core", tools.install_upgrades),
    ):
        if reason := install():
            missing[name] = reason
    for name, reason in missing.items():
        print(f"[setup] without {name}: {reason}", flush=True)
    if bootstrap.run(["scripts/check.py"]):
        return 1
    # One process a core; all tests of a file in one of them, since they share chains and database servers.
    spread = [] if any(argument.startswith("-n") for argument in arguments) else ["-n", "auto", "--dist", "loadfile"]
    with quick_surroundings():
        # In the order of tests/order.py instead of by the number of tests.
        code = bootstrap.run(["-m", "pytest", "--no-loadscope-reorder", *spread, *arguments])
    if missing:
        print(f"[setup] {len(missing)} parts could not be installed here, so their tests count as skipped above:")
        print(*(f"  {name}: {reason}" for name, reason in missing.items()), sep="\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
