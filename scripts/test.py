"""Run the gate, then every test: ``python3 scripts/test.py [pytest's arguments]``.

Needs only Python and its package index. What cannot be installed here is skipped, with its reason, and counted.
"""

import shutil
import subprocess
import sys

import bootstrap
import tools

CONTRACTS = bootstrap.ROOT / "contracts"


def install_node_packages() -> str | None:
    """OpenZeppelin's sources and JavaScript library, for the tests that compare with them. Returns why not."""
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    if (CONTRACTS / "node_modules" / ".package-lock.json").exists():
        return None
    done = subprocess.run([npm, "ci", "--silent"], cwd=CONTRACTS, check=False, capture_output=True, text=True)
    return None if done.returncode == 0 else (done.stderr or done.stdout).strip()[-200:] or "npm ci failed"


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
    code = bootstrap.run(["-m", "pytest", *spread, *arguments])
    if missing:
        print(f"[setup] {len(missing)} parts could not be installed here, so their tests count as skipped above:")
        print(*(f"  {name}: {reason}" for name, reason in missing.items()), sep="\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
