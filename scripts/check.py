"""The gate: format, lint, types, layers, file sizes, artifacts. Stops at the first failure and names it."""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
LINES_MAX = 300

CHECKS = {
    "format (ruff format)": [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."],
    "lint (ruff check)": [PYTHON, "-m", "ruff", "check", "--quiet", "."],
    "types (mypy --strict)": [PYTHON, "-m", "mypy", "--no-error-summary"],
    "layers (import-linter)": [str(Path(PYTHON).parent / "lint-imports"), "--no-cache"],
    "artifacts equal sources": [PYTHON, "-m", "loyaltychain", "compile", "--check"],
}


def long_files() -> list[str]:
    """Python files over the limit: one file, one idea."""
    found = [path for folder in ("loyaltychain", "scripts", "tests") for path in (ROOT / folder).rglob("*.py")]
    sizes = {path: path.read_text(encoding="utf-8").count("\n") for path in found}
    return [f"{path.relative_to(ROOT)}: {size} lines" for path, size in sizes.items() if size > LINES_MAX]


def main() -> int:
    if too_long := long_files():
        print(f"FAILED: files over {LINES_MAX} lines", *too_long, sep="\n  ")
        return 1
    for name, command in CHECKS.items():
        started = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        if done.returncode:
            print(f"FAILED: {name}\n{done.stdout}{done.stderr}\nRun it alone: {' '.join(command)}")
            return 1
        last = (done.stdout.strip().splitlines() or [""])[-1] if name.startswith("artifacts") else ""
        print(f"ok  {name}  {time.monotonic() - started:.1f} s  {last}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
