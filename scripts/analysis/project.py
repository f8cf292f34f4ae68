"""Lays the contracts out as the tools want them, below ``.tools/analysis``. Analyses nothing.

The tools see the shipped artifacts and the sources that these were compiled from; where the two have come apart there
is nothing to analyse.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from loyaltychain.chain import artifacts
from loyaltychain.core.errors import ArtifactsStale
from loyaltychain.deploy import compile as compilation
from loyaltychain.deploy.compiler import find_solc, write_atomically

ROOT = Path(__file__).resolve().parents[2]
ANALYSIS = ROOT / "contracts" / "analysis"
ACCEPTED = ANALYSIS / "accepted.yaml"
PLACE = ROOT / ".tools" / "analysis"

_FOUNDRY = """\
[profile.default]
src = "analysis"
test = "analysis"
out = "out"
cache_path = "cache"
libs = []
auto_detect_remappings = false
remappings = ["@openzeppelin/=@openzeppelin/"]
solc = "./solc"
offline = true
evm_version = "cancun"
via_ir = true
optimizer = true
optimizer_runs = 200
ast = true
block_timestamp = 1700000000
fs_permissions = [{ access = "read", path = "./artifacts" }]

[lint]
lint_on_build = false

[profile.default.fuzz]
runs = 256
seed = "0x1"

[profile.default.invariant]
runs = 32
depth = 60
fail_on_revert = true

[profile.long.fuzz]
runs = 20000

[profile.long.invariant]
runs = 256
depth = 300
fail_on_revert = true
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A directory with ``src``, ``@openzeppelin``, ``analysis``, ``artifacts``, a ``foundry.toml`` and a ``solc``."""

    directory: Path
    document: dict[str, Any]  # the compiler's input

    @property
    def solc(self) -> Path:
        return self.directory / "solc"

    @property
    def plain(self) -> Path:
        """A directory with the sources and, there and above, no word of Foundry: slither would follow it."""
        return self.directory.parent / "plain"

    @property
    def sources(self) -> dict[str, str]:
        return {name: source["content"] for name, source in self.document["sources"].items()}


def laid_out() -> contextlib.AbstractContextManager[Project]:
    """The project, for as long as nobody else may touch it.

    Raises ArtifactsStale, CompilerUnavailable.
    """
    return _laid_out(PLACE)


@contextlib.contextmanager
def _laid_out(place: Path) -> Iterator[Project]:
    document = compilation.make_input()
    if document != artifacts.read_document("input.json"):
        raise ArtifactsStale("the sources are not those of the artifacts: run scripts/compile.py first")
    project = Project(place / "foundry", document)
    project.directory.mkdir(parents=True, exist_ok=True)
    with FileLock(place / ".lock"):
        _write_compiler(project)
        ours = {f"analysis/{path.name}": path.read_text(encoding="utf-8") for path in sorted(ANALYSIS.glob("*.sol"))}
        _write_sources(project.directory, project.sources | ours)
        _write_sources(project.plain, project.sources)
        _write_artifacts(project)
        _put(project.directory / "foundry.toml", _FOUNDRY)
        yield project


def run_tool(
    command: Sequence[str | Path], directory: Path, seconds: float, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a tool there to its end; it is killed after so many seconds, and that is an exit code like another."""
    surroundings = os.environ | {"NO_COLOR": "1"} | environment
    words = [str(part) for part in command]
    with subprocess.Popen(
        words, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=surroundings, start_new_session=True,
    ) as running:  # fmt: skip
        try:
            printed, complaints = running.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _kill_family(running)
            return subprocess.CompletedProcess(words, 124, "", f"not done after {seconds:.0f} s")
        except BaseException:
            _kill_family(running)
            raise
    return subprocess.CompletedProcess(words, running.returncode, printed, complaints)


def _kill_family(process: subprocess.Popen[str]) -> None:
    """The tool and what it started: uvx and halmos leave children behind."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def find_uvx() -> Path | None:
    """uv's runner of tools in environments of their own, on the PATH or beside this interpreter."""
    beside = Path(sys.executable).parent / "uvx"
    found = shutil.which("uvx")
    return Path(found) if found else beside if beside.is_file() else None


def _write_compiler(project: Project) -> None:
    """The pinned compiler under one name; it reads literal sources only, so paths are none of its business."""
    solc = find_solc(compilation.CONTRACTS)
    text = f"""#!/bin/sh
for argument in "$@"; do
  [ "$argument" = --version ] && exec '{solc}' --version
done
exec '{solc}' --standard-json
"""
    if not project.solc.is_file() or project.solc.read_text() != text:
        write_atomically(project.solc, text.encode(), mode=0o755)


def _write_sources(directory: Path, wanted: Mapping[str, str]) -> None:
    for folder in ("src", "analysis", "@openzeppelin"):
        for path in (directory / folder).rglob("*.sol"):
            if path.relative_to(directory).as_posix() not in wanted:
                path.unlink()
    for name, text in wanted.items():
        _put(directory / name, text)


def _write_artifacts(project: Project) -> None:
    """The shipped code as both forge and halmos read it."""
    for name in artifacts.names():
        shipped = artifacts.read_document(f"{name}.json")
        document = {"abi": shipped["abi"], "bytecode": {"object": shipped["bytecode"]}}
        _put(project.directory / "artifacts" / f"{name}.json", json.dumps(document))


def _put(path: Path, text: str) -> None:
    """Only what changed is written: what was built of the rest stays fresh."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
