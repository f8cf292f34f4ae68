"""A project's API served over real HTTP by a thread of the test, and requests to it."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from sqlalchemy import Engine

from loyaltychain.api.app import create_app
from loyaltychain.api.context import Context
from loyaltychain.api.keys import create_key
from loyaltychain.api.server import http_protocol, listen, url_of
from loyaltychain.config.project import Project
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import transaction
from loyaltychain.db.migrate import open_migrated
from loyaltychain.events.types import Intake
from loyaltychain.operations.conduct.step import conduct_step
from loyaltychain.operations.earn import earn_step
from tests.database import fresh_database
from tests.projects import NOW, new_project

PROGRAM = """
name: Corner shop
version: 1
timezone: Europe/London
currency: GBP
rules:
  - {id: spend, kind: points_per_currency_unit, event: order, points: 1, per: "1.00"}
redemption: {event: redemption}
orders: {event: order, returns: return, cancellations: cancellation, edits: order_edit, match: none}
expiry: {after: {months: 12}, end_of: day}
"""
AT = "2026-05-28T10:00:00Z"  # before NOW

_numbers = count(1)


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> UnixSeconds:
        return self.now


@dataclass
class Served:
    """A project with its API, and a client with a managing key for the sources shop and till."""

    context: Context
    clock: Clock
    url: str
    key: str
    http: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = self.with_key(self.key)

    def with_key(self, key: str) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=30)

    def new_key(self, *sources: str, manages: bool = False) -> str:
        with transaction(self.context.engine) as tx:
            return create_key(tx, "a test", sources, environment="test", manages=manages, now=NOW)[1]

    def post(self, path: str, body: Any, *, key: str | None = None, **headers: str) -> httpx2.Response:
        """A write, under a fresh Idempotency-Key unless one is given."""
        names = {"Idempotency-Key": key or f"call-{next(_numbers)}", **headers}
        return self.http.post(path, json=body, headers=names)

    def get(self, path: str, **parameters: Any) -> httpx2.Response:
        return self.http.get(path, params=parameters)

    def give(self, member: str, points: int) -> None:
        """Let the member join, and adjust."""
        assert self.post("/v1/events", event(id=f"join-{member}", type="hello", member=member, payload={})).is_success
        body = {"source": "shop", "id": f"gift-{next(_numbers)}", "member": member, "points": points,
                "reason": "a test", "actor": "tester"}  # fmt: skip
        answer = self.post("/v1/adjustments", body)
        assert answer.status_code == 201, answer.text

    def work(self) -> None:
        """What the worker does with events, without a chain."""
        engine, program, now = self.context.engine, self.context.program(), self.clock()
        while earn_step(engine, program, now=now).events:
            pass
        while conduct_step(engine, program, now=now).work:
            pass


def event(**changes: Any) -> dict[str, Any]:
    """An order of 15.30 by ann."""
    payload = {"currency": "GBP", "lines": [{"line": "1", "item": "cup", "quantity": 2, "amount": 1530}]}
    return {
        "source": "shop", "id": "S-1", "type": "order", "member": "ann", "occurred_at": AT, "payload": payload,
    } | changes  # fmt: skip


@contextmanager
def served(home: Path, engine: Engine, *, intake: Intake | None = None) -> Iterator[Served]:
    """The API of a new project in ``home``, on this database."""
    project = new_project(home)
    project.program_file.write_text(PROGRAM, encoding="utf-8")
    with served_project(project, engine, intake=intake) as one:
        yield one


@contextmanager
def served_project(project: Project, engine: Engine, *, intake: Intake | None = None) -> Iterator[Served]:
    """The same for a project that is there."""
    clock = Clock()
    context = Context(project, engine, intake or Intake(), clock)
    with transaction(engine) as tx:
        _, key = create_key(tx, "tests", ["shop", "till"], environment="test", manages=True, now=NOW)
    with answering(context) as url:
        one = Served(context, clock, url, key)
        with one.http:
            yield one


@contextmanager
def side_by_side(homes: Sequence[Path], engines: Sequence[Engine]) -> Iterator[list[Served]]:
    """The APIs of several new projects, in one process and on one port."""
    clock = Clock()
    contexts = [
        Context(new_project(home), engine, Intake(), clock) for home, engine in zip(homes, engines, strict=True)
    ]
    keys: list[str] = []
    for context in contexts:
        context.project.program_file.write_text(PROGRAM, encoding="utf-8")
        with transaction(context.engine) as tx:
            keys.append(create_key(tx, "tests", ["shop", "till"], environment="test", manages=True, now=NOW)[1])
    with answering(*contexts) as url, ExitStack() as stack:
        found = [Served(context, clock, url, key) for context, key in zip(contexts, keys, strict=True)]
        for one in found:
            stack.enter_context(one.http)
        yield found


@contextmanager
def answering(*contexts: Context) -> Iterator[str]:
    """A thread that serves these, and its URL."""
    with listen("127.0.0.1", 0, is_behind_tls=False) as listener:
        server = uvicorn.Server(
            uvicorn.Config(create_app(*contexts), http=http_protocol(), log_level="critical", lifespan="off")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield url_of(listener)
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


def database_for_threads(engine_name: str, home: Path) -> Engine:
    """A migrated database that several threads write at once: on SQLite a file, as projects have it."""
    if engine_name == "sqlite":
        return open_migrated(f"sqlite:///{home / 'ledger.sqlite3'}")
    return fresh_database(engine_name)
