"""A real worker process whose signing fails with the key in the error's words
├── given every place that it writes to: the key is in none of them
└── given that it crashes while it signs: it leaves no core file, where another process leaves one

The library that signs is broken from outside, by a module that Python loads at its start: no code of ours knows of it.
"""

import json
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.api.processes import serving
from tests.e2e.processes import Commands
from tests.worker.builders import HEADER, SALES

SABOTAGE = """
import os, sys, traceback
from eth_account.signers.local import LocalAccount

def sign_transaction(self, *_, **__):
    if os.environ["SABOTAGE"] == "abort":
        os.abort()
    secret = bytes(self.key)
    raise RuntimeError(f"cannot sign with {secret.hex()} ({secret!r}, {int.from_bytes(secret)})")

def print_exc(*_, **__):
    shown = traceback.TracebackException.from_exception(sys.exc_info()[1], capture_locals=True)
    sys.stderr.write("".join(shown.format(chain=True)))

LocalAccount.sign_transaction = sign_transaction
traceback.print_exc = print_exc  # as crash reporters do, with the locals of every frame
"""


pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """A deployed project, its chain running, with sales that wait to be settled."""
    project = Commands(tmp_path_factory.mktemp("project"))
    project.run("init", "--template", "shop")
    project.run("chain", "start")
    try:
        project.run("deploy")
        sales = project.write("sales.csv", HEADER + SALES)
        project.run("ingest", sales, "--map", "simulated_shop")
        yield project
    finally:
        project.run("chain", "stop")


@pytest.fixture
def broken(tmp_path: Path, project: Commands) -> dict[str, str]:
    """The environment of a worker whose library is broken, and which has the key in a variable."""
    (tmp_path / "sitecustomize.py").write_text(SABOTAGE, encoding="utf-8")
    key = (project.home / "keys" / "settler.key").read_text(encoding="ascii").strip()
    root = str(Path(__file__).parents[2])
    return Commands._env() | {"PYTHONPATH": f"{tmp_path}:{root}", "LOYALTYCHAIN_SETTLER_KEY": key, "SABOTAGE": "raise"}


def dump_freely() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def work(project: Commands, environ: dict[str, str], folder: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "loyaltychain", "run", "--once", *options, "--home", str(project.home)]
    return subprocess.run(command, check=False, capture_output=True, env=environ, cwd=folder, preexec_fn=dump_freely)


def test_worker__signing_raises_the_key__in_no_sink(project: Commands, broken: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()

    words, document = work(project, broken, folder), work(project, broken, folder, "--json")

    assert words.returncode != 0
    assert b"RuntimeError" in words.stdout + words.stderr  # it came as far as the signature, and failed as it was to
    sinks = {"words": words.stdout + words.stderr, "json": document.stdout + document.stderr}
    sinks["status"] = project.run("status", "--json").encode()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with serving(project, "--metrics-port", str(port)) as (_, url):
        for path in (f"http://127.0.0.1:{port}/metrics", f"{url}/readyz"):
            sinks[path] = httpx2.get(path, timeout=60).content
            assert sinks[path], path
    files = [file for place in (project.home, folder) for file in place.rglob("*") if file.is_file()]
    kept = {file for file in files if file.parent.name == "keys"}
    sinks |= {str(file): file.read_bytes() for file in files if file not in kept}
    assert any(name.endswith("ledger.sqlite3") for name in sinks)
    assert json.loads(document.stdout)
    secret = bytes.fromhex(broken["LOYALTYCHAIN_SETTLER_KEY"])
    forms = [secret, secret.hex().encode(), secret.hex().upper().encode(), repr(secret).encode(),
             str(int.from_bytes(secret)).encode()]  # fmt: skip
    assert [name for name, sink in sinks.items() if any(form in sink for form in forms)] == []


def test_worker__crashes_while_it_signs__no_core_file(
    project: Commands, broken: dict[str, str], tmp_path: Path
) -> None:
    pattern = Path("/proc/sys/kernel/core_pattern")
    if not pattern.exists() or pattern.read_text().startswith(("|", "/")):
        pytest.skip("this kernel writes no core files into the process's directory: nothing to see here")
    folders = {name: tmp_path / name for name in ("worker", "other")}
    for folder in folders.values():
        folder.mkdir()
    subprocess.run(
        [sys.executable, "-c", "import os; os.abort()"], check=False, cwd=folders["other"], preexec_fn=dump_freely
    )
    if not any(folders["other"].iterdir()):
        pytest.skip("this machine writes no core files")

    crashed = work(project, broken | {"SABOTAGE": "abort"}, folders["worker"])

    assert crashed.returncode == -6
    assert list(folders["worker"].iterdir()) == []
