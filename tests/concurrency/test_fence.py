"""leader: what it may write, and for whom it stands aside
├── given programmes in two schemas of a database: each has a leader
├── given a leader: its lock is on a connection that is not the pool's, and no other code takes such a lock
├── given a lock that is lost unnoticed: what the first still begins is refused
├── given several threads of the leader: each writes
├── given a leadership that is over: what was begun in it stays refused in a later one of the same process
├── given a command that asks for the place: the leader stands aside between two steps, and leads again after it
├── given a worker that does not stand aside: the command is refused
└── given a sender of a leader that leads no more: it signs nothing, keeps nothing, sends nothing
"""

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from loyaltychain.chain.plan import LOOKS_BEFORE_BUMP
from loyaltychain.chain.sender import Sender
from loyaltychain.chain.signer import KeySigner, SignedTx, UnsignedTx
from loyaltychain.core import errors
from loyaltychain.core.clock import system_clock
from loyaltychain.db import seat
from loyaltychain.db.engine import open_database, reading, transaction
from loyaltychain.db.leader import Leader, leader_of
from loyaltychain.db.migrate import open_migrated
from tests.chain.sending import FaultyRpc, drive, enqueue, make_call, read_attempts
from tests.chain.small_world import CLOSED, NOW, make_small_world
from tests.concurrency.contest import eventually
from tests.database import ENGINES, fresh_postgresql_url

postgresql = pytest.mark.skipif("postgresql" not in ENGINES, reason="no PostgreSQL server, and no means to start one")


@postgresql
def test_schemas__of_one_database__each_has_a_leader() -> None:
    url = fresh_postgresql_url()
    with ExitStack() as stack:
        for schema in ("north", "south"):
            engine = open_migrated(f"{url}{'&' if '?' in url else '?'}schema={schema}")
            stack.callback(engine.dispose)
            first, second = (stack.enter_context(leader_of(engine, clock=system_clock)) for _ in range(2))
            assert (first.take(), second.take(), first.epoch) == (True, False, 1)


@postgresql
def test_leader__its_lock__is_not_on_the_pools_connections() -> None:
    engine = open_migrated(fresh_postgresql_url())
    with leader_of(engine, clock=system_clock) as leader:
        assert leader.take()
        with reading(engine) as tx:
            holders = tx.execute(text("SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) "
                                      "WHERE locktype = 'advisory' AND granted")).scalars().all()  # fmt: skip
        assert holders == ["loyaltychain-leader"]
        engine.dispose()  # of every connection of the pool
        with transaction(leader.fence(engine)):
            pass
        assert not leader.is_over()
    engine.dispose()


def test_sources__session_locks__are_the_seats_alone() -> None:
    """A session's lock on a connection of the pool would go to whoever is lent that connection next."""
    root = Path(seat.__file__).parent.parent
    takes = re.compile(r"pg_(try_)?advisory_lock(_shared)?\b")
    assert {each.name for each in root.rglob("*.py") if takes.search(each.read_text(encoding="utf-8"))} == {"seat.py"}


@contextmanager
def two_leaders(engine_name: str, home: Path) -> Iterator[tuple[Engine, Leader, Leader]]:
    """Two candidates of this process, with connections of their own."""
    url = fresh_postgresql_url() if engine_name == "postgresql" else f"sqlite:///{home}/books.sqlite3"
    one, other = open_migrated(url), open_database(url)
    with leader_of(one, clock=system_clock) as first, leader_of(other, clock=system_clock) as second:
        yield one, first, second
    one.dispose()
    other.dispose()


def lose(engine: Engine, leader: Leader) -> None:
    """Let ``leader`` lose its lock behind its back."""
    if engine.dialect.name == "postgresql":
        with transaction(engine) as tx:
            tx.execute(text("SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'")).all()
    else:
        Path(leader.place).unlink()


@pytest.mark.parametrize("engine_name", ENGINES)
def test_fence__lock_lost_unnoticed__refuses(engine_name: str, tmp_path: Path) -> None:
    with two_leaders(engine_name, tmp_path) as (engine, first, second):
        assert first.take()
        fenced = first.fence(engine)
        with transaction(fenced) as tx:
            tx.execute(text("INSERT INTO cursors VALUES ('mine', 1)"))
        lose(engine, first)
        eventually(second.take)

        with pytest.raises(errors.LeadershipLost), transaction(fenced) as tx:
            tx.execute(text("INSERT INTO cursors VALUES ('not mine', 1)"))

        assert first.is_over()
        assert not first.take()
        with reading(fenced) as tx:  # looking is free
            assert tx.execute(text("SELECT step FROM cursors WHERE step LIKE '%mine'")).scalars().all() == ["mine"]


@pytest.mark.parametrize("engine_name", ENGINES)
def test_fence__of_several_threads__lets_all_write(engine_name: str, tmp_path: Path) -> None:
    with two_leaders(engine_name, tmp_path) as (engine, first, _):
        assert first.take()
        fenced = first.fence(engine)

        def write(number: int) -> None:
            with transaction(fenced) as tx:
                tx.execute(text("INSERT INTO cursors VALUES (:step, 1)"), {"step": f"mine {number}"})

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, range(8)))
        with reading(engine) as tx:
            assert tx.execute(text("SELECT count(*) FROM cursors WHERE step LIKE 'mine %'")).scalar_one() == 8


@pytest.mark.parametrize("engine_name", ENGINES)
def test_fence__of_an_earlier_leadership__stays_shut(engine_name: str, tmp_path: Path) -> None:
    with two_leaders(engine_name, tmp_path) as (engine, first, _):
        assert first.take()
        earlier = first.fence(engine)
        first.give_up()
        assert first.take()

        with pytest.raises(errors.LeadershipLost), transaction(earlier):
            pass
        with transaction(first.fence(engine)):
            assert first.epoch == 2


@pytest.mark.parametrize("engine_name", ENGINES)
def test_take_from__a_worker__stands_aside_and_comes_back(engine_name: str, tmp_path: Path) -> None:
    stopping, said = threading.Event(), list[str]()
    with two_leaders(engine_name, tmp_path) as (_, worker, command):
        work = threading.Thread(target=_work, args=(worker, stopping, said.append))
        work.start()
        try:
            eventually(lambda: "epoch 1" in said)
            assert command.take_from(seconds=60)
            epoch = command.epoch
            assert epoch is not None
            assert epoch > 1
            eventually(lambda: "stands by" in said[-1])
            command.give_up()
            eventually(lambda: said[-1] == f"epoch {epoch + 1}")
            assert "This worker stands aside for a command that changes the deployment." in said
        finally:
            stopping.set()
            work.join()


def _work(worker: Leader, stopping: threading.Event, say: Callable[[str], None]) -> None:
    while worker.lead(stopping, say):
        say(f"epoch {worker.epoch}")
        while not worker.is_over() and not stopping.wait(0.02):
            pass


@pytest.mark.parametrize("engine_name", ENGINES)
def test_take_from__nobody_stands_aside__false(engine_name: str, tmp_path: Path) -> None:
    with two_leaders(engine_name, tmp_path) as (_, busy, command):
        assert busy.take()
        answers: list[bool] = []

        asked = threading.Thread(target=lambda: answers.append(command.take_from(seconds=8)))
        asked.start()
        eventually(busy.is_over)  # it knows, and goes on
        asked.join()
        assert answers == [False]
        eventually(lambda: not busy.is_over())  # nobody asks any more
        assert busy.epoch == 1


@dataclass
class CountingSigner:
    """A signer, and how often it signed."""

    signer: KeySigner
    signed: int = 0

    @property
    def address(self) -> str:
        return self.signer.address

    def sign(self, fields: UnsignedTx) -> SignedTx:
        self.signed += 1
        return self.signer.sign(fields)


@pytest.mark.parametrize("engine_name", ENGINES)
@pytest.mark.parametrize("moment", ["before the first signature", "before a replacement"])
def test_sender__leads_no_more__signs_nothing(engine_name: str, moment: str, tmp_path: Path) -> None:
    world = make_small_world()
    signer = CountingSigner(world.signer())
    rpc = FaultyRpc(world, lambda _: None)  # a node that drops all that it takes
    with two_leaders(engine_name, tmp_path) as (engine, first, second):
        assert first.take()
        sender = Sender(first.fence(engine), rpc, [signer], profile=world.profile, clock=lambda: NOW, abis=[CLOSED])
        enqueue(engine, make_call(world))
        if moment == "before a replacement":
            drive(sender, 5)
        kept = read_attempts(engine)
        lose(engine, first)
        eventually(second.take)

        with pytest.raises(errors.LeadershipLost):
            drive(sender, 2 * LOOKS_BEFORE_BUMP)

        assert (signer.signed, read_attempts(engine), world.count()) == (len(kept), kept, 0)
        assert len(kept) == (moment == "before a replacement")
