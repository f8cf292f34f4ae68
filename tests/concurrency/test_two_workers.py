"""``loyaltychain worker``, twice at one PostgreSQL database
├── given a leader that is stopped, woken, cut off from its lock, and killed, while events come in
│   └── the other takes over each time; every event counts once, every batch settles once, and the audit is clean
├── given a command that changes the deployment: the leader stands aside for it and goes on
└── given a brake (pause): it waits for nobody
"""

import json
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from loyaltychain.chain.devkeys import development_keys
from loyaltychain.config.project import ROLES, make_project
from loyaltychain.core.clock import system_clock
from loyaltychain.db.engine import reading, transaction
from loyaltychain.db.leader import Leadership, find_leader, read_leadership
from loyaltychain.db.lock import lock_key
from loyaltychain.events.ingest import ingest_file
from loyaltychain.events.map import packaged_map
from loyaltychain.program.load import template
from loyaltychain.wiring import open_world
from tests.database import ENGINES, fresh_postgresql_url
from tests.e2e.processes import Commands
from tests.projects import run_deploy

pytestmark = [
    pytest.mark.skipif("postgresql" not in ENGINES, reason="no PostgreSQL server, and no means to start one"),
    pytest.mark.timeout(900),  # some ten commands start, each a process
    pytest.mark.slow,
]

HEADER = "order_id,customer,kind,at,total,points\n"


class TwoWorkers:
    """A deployed project on PostgreSQL, its chain served, and up to two workers of it."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        """``stack`` ends it, however far it came."""
        keys = dict(zip(ROLES, development_keys(len(ROLES)), strict=True))
        made = make_project(home, program=template("shop"), keys=keys, database=fresh_postgresql_url())
        self.project = Commands(made.home)
        self.project.ask("chain", "start")
        stack.callback(self.project.run, "chain", "stop")
        world = open_world(made)
        self.engine: Engine = world.engine
        stack.callback(self.engine.dispose)
        run_deploy(world)
        self.workers: list[subprocess.Popen[str]] = []
        stack.callback(self.kill_all)
        self.points = 0

    def start(self) -> subprocess.Popen[str]:
        worker = self.project.spawn("worker", "--settle-every", "0")
        self.workers.append(worker)
        return worker

    def ingest(self, number: int) -> None:
        """Forty orders, of 820 points together."""
        lines = [f"T-{number}-{n},m{n % 20},sale,2026-02-01T10:00:00Z,{n + 1}.00,\n" for n in range(40)]
        file, rejects = Path(self.project.write("in.csv", HEADER + "".join(lines))), self.project.home / "rejects"
        report = ingest_file(self.engine, file, format="csv", event_map=packaged_map("simulated_shop"),
                             received_at=system_clock(), rejects=rejects)  # fmt: skip
        assert report.taken == 40
        self.points += sum(range(1, 41))

    def leader(self) -> tuple[Leadership, subprocess.Popen[str]]:
        """Who leads; waits until one of our workers does."""
        found: list[tuple[Leadership, subprocess.Popen[str]]] = []

        def is_ours() -> bool:
            last = find_leader(self.engine)
            found[:] = [(last, each) for each in self.workers if last and last.holder.endswith(f":{each.pid}")]
            return bool(found)

        eventually(is_ours)
        return found[0]

    def epoch(self) -> int:
        with reading(self.engine) as tx:
            last = read_leadership(tx)
        assert last is not None
        return last.epoch

    def is_settled(self) -> bool:
        """Whether every point that was ingested is in a final batch."""
        with reading(self.engine) as tx:
            query = text("SELECT coalesce(sum(issued), 0) FROM batches WHERE state = 'final'")
            return int(tx.execute(query).scalar_one()) == self.points

    def kill_all(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.communicate()


def eventually(is_so: Callable[[], bool], *, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not so within {seconds} seconds"
        time.sleep(0.2)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TwoWorkers]:
    with ExitStack() as stack:
        yield TwoWorkers(tmp_path, stack)


def cut_off(engine: Engine) -> None:
    """Take the leader's lock from it."""
    with transaction(engine) as tx:
        tx.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted "
                 "AND ((classid::bigint << 32) | objid::bigint) = :key"), {"key": lock_key(None, "worker")},
        ).all()  # fmt: skip


def test_two_workers__leaders_stopped_cut_off_and_killed__each_point_once(shop: TwoWorkers) -> None:
    dice = random.Random(11)
    shop.start()
    shop.leader()
    shop.start()
    for number, fault in enumerate(("stop", "cut off", "kill")):
        before, leader = shop.leader()
        shop.ingest(number)
        time.sleep(dice.uniform(0, 2))
        if fault == "cut off":
            cut_off(shop.engine)
        else:
            leader.send_signal(signal.SIGSTOP if fault == "stop" else signal.SIGKILL)
        eventually(lambda: shop.epoch() > before.epoch)  # noqa: B023
        eventually(shop.is_settled)
        if fault == "stop":
            leader.send_signal(signal.SIGCONT)
        if fault == "kill":
            leader.communicate()
            shop.workers.remove(leader)
            shop.start()

    shop.ingest(9)
    eventually(shop.is_settled)

    report = shop.project.ask("audit")
    assert (report["findings"], report["supply"], report["members"]) == ([], shop.points, 20)
    assert shop.project.ask("status")["batches"] == {"final": report["batches"]}


def test_two_workers__commands_beside_them__leader_stands_aside_but_not_for_a_brake(shop: TwoWorkers) -> None:
    shop.start()
    before, _ = shop.leader()

    lowered = shop.project.ask("caps", "lower", "--issue-per-batch", "100000")
    assert (lowered["done"], shop.epoch()) == ("acted", before.epoch)
    assert shop.project.ask("deploy")["new"] is False
    after, _ = shop.leader()
    assert after.epoch > before.epoch + 1  # the command led meanwhile

    shop.ingest(1)
    eventually(shop.is_settled)
    assert json.loads(shop.project.run("audit", "--json"))["findings"] == []
