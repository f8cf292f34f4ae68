"""``loyaltychain worker`` as a process, between it and the chain a node that can be told to hang or to swallow
├── given SIGTERM or SIGINT: it ends within ten seconds with 0
│   ├── when it is idle
│   ├── when it waits for what it sent to become final
│   ├── when the node hangs; `run --once` too, with 3
│   └── when the node is gone
├── given SIGKILL in between: as safe
└── after all of that: each batch settled once, and the audit is clean
"""

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from sqlalchemy import select

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, open_database, reading
from loyaltychain.events.map import MAPS
from loyaltychain.settlement.lag import read_lag
from loyaltychain.settlement.standing import Half, read_standing
from loyaltychain.settlement.tables import batches
from tests.e2e.processes import Commands

HEADER = "order_id,customer,kind,at,total,points\n"
END_SECONDS = 10  # what is promised
WAIT_SECONDS = 200  # on a busy machine, for a process to start and come so far


class Relay:
    """A node that passes on what another one answers, until it is told otherwise."""

    def __init__(self, url: str) -> None:
        self.is_open, self.hangs = threading.Event(), threading.Event()
        self.is_open.set()
        self.swallows, self.swallowed = False, threading.Event()
        relay = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                asked = json.loads(body)
                if not relay.is_open.is_set():
                    relay.hangs.set()
                    relay.is_open.wait()
                if relay.swallows and asked["method"] == "eth_sendRawTransaction":
                    relay.swallowed.set()
                    answer = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": "0x" + "11" * 32}).encode()
                else:
                    answer = requests.post(url, data=body, headers=dict(self.headers), timeout=60).content
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                return

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:  # whoever asked has gone
                    return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.is_open.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """A deployed project, its chain served by its own process."""
    commands = Commands(tmp_path_factory.mktemp("worked") / "shop")
    commands.run("init", "--template", "shop")
    commands.ask("chain", "start")
    commands.ask("deploy")
    yield commands
    commands.run("chain", "stop")


@pytest.fixture(scope="module")
def relay(project: Commands) -> Iterator[Relay]:
    endpoint = json.loads((project.home / "chain" / "endpoint.json").read_text(encoding="utf-8"))
    relay = Relay(endpoint["url"])
    settings = project.home / "loyaltychain.toml"
    settings.write_text(f'rpc = "{relay.url}"\n' + settings.read_text("utf-8"), encoding="utf-8")
    yield relay
    relay.close()


def sell(project: Commands, name: str) -> None:
    file = project.write(f"{name}.csv", f"{HEADER}{name},ann,sale,2026-01-05T10:00:00Z,3.00,\n")
    project.ask("ingest", file, "--map", str(MAPS / "simulated_shop.yaml"))


def eventually(condition: Callable[[], object]) -> None:
    for _ in range(WAIT_SECONDS * 4):
        if condition():
            return
        time.sleep(0.25)
    raise AssertionError("it never came to be")


@contextmanager
def at_work(project: Commands, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = project.spawn(*arguments)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def end(process: subprocess.Popen[str], number: signal.Signals) -> int:
    """The exit code of a process that a signal ends in time."""
    process.send_signal(number)
    process.communicate(timeout=END_SECONDS)
    return process.returncode


@pytest.mark.slow
def test_worker__idle__ends_soon(project: Commands, relay: Relay) -> None:
    sell(project, "A-1")
    with at_work(project, "worker", "--settle-every", "0") as worker:
        eventually(lambda: batches_of(project) == ["final"])
        assert end(worker, signal.SIGTERM) == 0


@pytest.mark.slow
def test_worker__waits_for_what_it_sent__decides_on_and_ends_soon(project: Commands, relay: Relay) -> None:
    relay.swallows = True
    sell(project, "A-2")
    with at_work(project, "worker", "--settle-every", "0") as worker:
        assert relay.swallowed.wait(WAIT_SECONDS)
        sell(project, "A-3")
        eventually(lambda: waiting(project) == 0)
        assert end(worker, signal.SIGINT) == 0
    relay.swallows = False
    assert batches_of(project) == ["final", "submitted"]


@pytest.mark.slow
def test_worker__node_hangs__decides_on_and_ends_soon(project: Commands, relay: Relay) -> None:
    relay.is_open.clear()
    try:
        sell(project, "A-4")
        with at_work(project, "worker", "--settle-every", "0") as worker:
            assert relay.hangs.wait(WAIT_SECONDS)
            eventually(lambda: waiting(project) == 0)
            assert end(worker, signal.SIGTERM) == 0
        relay.hangs.clear()
        with at_work(project, "run", "--once") as once:
            assert relay.hangs.wait(WAIT_SECONDS)
            assert end(once, signal.SIGTERM) == 3
    finally:
        relay.is_open.set()


@pytest.mark.slow
def test_worker__node_is_gone__decides_on_and_ends_soon(project: Commands, relay: Relay) -> None:
    settings = project.home / "loyaltychain.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace(relay.url, "http://127.0.0.1:9"), encoding="utf-8")
    try:
        sell(project, "A-5")
        with at_work(project, "worker") as worker:
            eventually(lambda: waiting(project) == 0)
            eventually(lambda: settling(project).code == "RpcUnavailable")
            assert end(worker, signal.SIGTERM) == 0
    finally:
        settings.write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_worker__after_all_of_that_and_a_kill__settled_once(project: Commands, relay: Relay) -> None:
    sell(project, "A-6")
    with at_work(project, "worker", "--settle-every", "0") as worker:
        eventually(lambda: waiting(project) == 0)
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
    project.ask("run", "--once")

    report = project.ask("audit")
    assert (report["findings"], report["supply"], project.ask("status")["points_accrued"]) == ([], 18, 0)
    assert batches_of(project) == ["final"] * report["batches"]


@contextmanager
def read(project: Commands) -> Iterator[Tx]:
    """The project's database; asks no chain, and starts no process."""
    engine = open_database(f"sqlite:///{project.home / 'ledger.sqlite3'}")
    with reading(engine) as tx:
        yield tx
    engine.dispose()


def waiting(project: Commands) -> int:
    """Events that nobody has decided on."""
    with read(project) as tx:
        return read_lag(tx, "local", now=UnixSeconds(0))[0].events_waiting


def batches_of(project: Commands) -> list[str]:
    """Their states, in order."""
    with read(project) as tx:
        return list(tx.execute(select(batches.c.state).order_by(batches.c.id)).scalars())


def settling(project: Commands) -> Half:
    """How the settling half stands."""
    with read(project) as tx:
        found = read_standing(tx, "local")
    assert found is not None
    return found.settling
