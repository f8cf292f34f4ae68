"""``bench api``: events over HTTP into a durable database, one by one and a hundred at a time, beside a bare route.

Three processes: a server, the load, and this one, which waits. On two cores, server and load have one each.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Column, MetaData, Table

from loyaltychain.bench.load import Load, Plan, event, run_load
from loyaltychain.bench.report import Result, cheaper, compared
from loyaltychain.core import canonical, errors
from loyaltychain.db.engine import open_database, transaction
from loyaltychain.db.tables import String

CLIENTS = 32
BATCH = 100
_BATCH_CLIENTS = 8
_BARE = "a bare FastAPI route that inserts one row durably, same database, same load"
_PLAIN = "plain inserts of the same events, a commit every 100, without HTTP"
_BOUND = 3.0  # of our 99th percentile over the bare route's


def run_api(
    requests: int, database: str | None, bare_database: str | None, on_step: Callable[[int, int], None]
) -> list[Result]:
    """All figures.

    Args:
        requests: Of one event; of a hundred, a twentieth as many.
        database, bare_database: URLs of EMPTY databases; None: SQLite files that are gone afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="loyaltychain-bench-") as directory:
        folder = Path(directory)
        on_step(0, 3)
        with _bare_server(bare_database or f"sqlite:///{folder / 'bare.sqlite3'}") as port:
            bare = run_load(Plan(port, "/v1/events", "none", CLIENTS, max(1, requests // 4), 0, "bare", warm_up=200))
        on_step(1, 3)
        home = folder / "project"
        key = _make_project(home, database)
        with _our_server(home) as port:
            single = run_load(Plan(port, "/v1/events", key, CLIENTS, requests, 0, "single", warm_up=500))
            on_step(2, 3)
            count = max(1, requests // 20)
            many = run_load(Plan(port, "/v1/events/batch", key, _BATCH_CLIENTS, count, BATCH, "many", warm_up=20))
        plain = _insert_plainly(f"sqlite:///{folder / 'plain.sqlite3'}", count)
    _check(bare, single, many)
    return _results(bare, single, many, plain)


def _results(bare: Load, single: Load, many: Load, plain: float) -> list[Result]:
    events, count = many.requests * BATCH, single.requests
    single_rate, bare_rate = count / single.seconds, bare.requests / bare.seconds
    over = round(single.p99 / bare.p99, 3)
    return [
        compared("batch100", events / many.seconds, "events/s", events, baseline=_PLAIN, baseline_value=plain),
        compared("single", single_rate, "requests/s", count, baseline=_BARE, baseline_value=bare_rate),
        cheaper("single.p50", single.p50, "ms", count, baseline=_BARE, baseline_value=bare.p50),
        cheaper("single.p99", single.p99, "ms", count, baseline=_BARE, baseline_value=bare.p99),
        Result("bare.p99", bare.p99, "ms", bare.requests, "its own median", bare.p50),
        replace(  # far below one: two places would say little
            cheaper("single.p99_over_bare", over, "times", count, baseline="the bound", baseline_value=_BOUND),
            value=over,
        ),
    ]


def _check(*loads: Load) -> None:
    """Raise InvariantError where an answer was no success: the figures would be those of refusals."""
    if any(load.failed for load in loads):
        raise errors.InvariantError("Requests failed under load.", failed=[load.failed for load in loads])


def _make_project(home: Path, database: str | None) -> str:
    """A new project, and a key that may write its source."""
    _run("init", "--home", str(home), "--json")
    if database is not None:
        file = home / "loyaltychain.toml"
        lines = file.read_text(encoding="utf-8").splitlines()
        changed = [f"database = {json.dumps(database)}" if line.startswith("database = ") else line for line in lines]
        file.write_text("\n".join(changed) + "\n", encoding="utf-8")
    made = json.loads(_run("key", "new", "bench", "--source", "shop", "--home", str(home), "--json"))
    return str(made["key"])


def _run(*arguments: str) -> str:
    command = [sys.executable, "-m", "loyaltychain", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - this very program
    if done.returncode:
        raise errors.InvariantError("The benchmark could not be set up.", output=(done.stdout + done.stderr)[-800:])
    return done.stdout


@contextmanager
def _our_server(home: Path) -> Iterator[int]:
    with _serving("loyaltychain", "serve", "--home", str(home), "--port", "0", "--json", until="}") as said:
        yield _port(str(json.loads(said)["url"]))


@contextmanager
def _bare_server(database: str) -> Iterator[int]:
    with _serving("loyaltychain.bench.bare_api", database, until="") as said:
        yield _port(said)


@contextmanager
def _serving(module: str, *arguments: str, until: str) -> Iterator[str]:
    """A process that serves, and what it said up to the line ``until``; ended at the end. Its log goes nowhere."""
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(  # noqa: S603 - this very program
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if until in ("", line.rstrip()):
                break
        if not said:
            raise errors.InvariantError("The server of the benchmark did not start.", command=command)
        yield said
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def _port(url: str) -> int:
    port = urlsplit(url.strip()).port
    assert port is not None, url
    return port


def _insert_plainly(database: str, batches: int) -> float:
    """Events a second into one table with the same key, by the same library, a commit every hundred."""
    names = "source", "id", "type", "member", "occurred_at"
    columns = [Column(name, String, primary_key=name in ("source", "id")) for name in names]
    table = Table("bench_plain", MetaData(), *columns, Column("payload", String))
    engine = open_database(database)
    with transaction(engine) as tx:
        table.create(tx)
    made = [event("plain", number) for number in range(batches * BATCH)]
    started = time.perf_counter()
    for at in range(0, len(made), BATCH):
        rows = [{**each, "payload": canonical.encode(each["payload"]).decode()} for each in made[at : at + BATCH]]
        with transaction(engine) as tx:
            tx.execute(table.insert(), rows)
    seconds = time.perf_counter() - started
    engine.dispose()
    return len(made) / seconds
