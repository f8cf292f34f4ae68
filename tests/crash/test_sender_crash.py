"""survive
├── given the sender, two intents and a contract that counts its calls
│   ├── when killed at each point in turn: each intent happens once, the books say so, nonces are contiguous
│   ├── when killed at any points, start after start: the same
│   └── when killed at each point on a chain that needs depth: the same, for one intent
├── given a sender that sends, waits and then records: it counts twice, and the harness says so
└── given a program that never commits and never sends: it has no points
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.chain import outbox
from loyaltychain.chain.intents import Attempt, Mined, NewIntent
from loyaltychain.chain.rpc import Rpc, Web3Rpc
from loyaltychain.chain.signer import UnsignedTx
from loyaltychain.core import errors
from loyaltychain.db.engine import open_database, reading, transaction
from loyaltychain.db.migrate import migrate
from tests.chain.small_world import CALL, GWEI, NOW, SmallWorld, make_small_world
from tests.crash.harness import survive, survive_schedule


@dataclass
class CountingWorld:
    """A chain with the counter, and a database file."""

    small: SmallWorld
    file: Path
    depth: int = 0
    intents: tuple[str, ...] = ("settle:1", "settle:2")
    seen: list[int] = field(default_factory=list)

    @property
    def rpc(self) -> Web3Rpc:
        return self.small.rpc

    def open_engine(self) -> Engine:
        return open_database(f"sqlite:///{self.file}")


@dataclass
class Factory:
    """Makes worlds that all begin alike: one chain that is set back, one database file that is copied."""

    small: SmallWorld
    directory: Path
    snapshot: str = ""
    made: int = 0

    def make(self, **changes: Any) -> CountingWorld:
        if self.snapshot:
            assert self.small.ask("evm_revert", self.snapshot) is True
        self.snapshot = self.small.ask("evm_snapshot")
        self.made += 1
        file = self.directory / f"{self.made}.db"
        shutil.copy(self.directory / "empty.db", file)
        return CountingWorld(self.small, file, **changes)


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Factory]:
    directory = tmp_path_factory.mktemp("worlds")
    engine = open_database(f"sqlite:///{directory / 'empty.db'}")
    migrate(engine)
    engine.dispose()
    small = make_small_world()
    yield Factory(small, directory)
    small.chain.close()


def make_call(world: CountingWorld, name: str) -> NewIntent:
    small = world.small
    return NewIntent(name, small.chain_id, small.settler.address, small.counter, CALL)


def run_sender(world: CountingWorld, engine: Engine, rpc: Rpc) -> None:
    sender = world.small.sender(engine, rpc=rpc, depth=world.depth)
    for name in world.intents:
        with transaction(engine) as tx:
            outbox.enqueue(tx, make_call(world, name), now=NOW)
        while sender.drive(name).state != "final":
            if world.depth:
                world.small.ask("evm_mine")


def run_naive(world: CountingWorld, engine: Engine, rpc: Rpc) -> None:
    """Send, wait, record: what is written most often, and what this project must not do."""
    small = world.small
    for name in world.intents:
        with transaction(engine) as tx:
            outbox.enqueue(tx, make_call(world, name), now=NOW)
        with reading(engine) as tx:
            if outbox.read_intent(tx, name).state == "final":
                continue
        nonce = rpc.nonce(small.settler.address)
        signed = small.signer().sign(
            UnsignedTx(small.chain_id, nonce, small.counter, CALL, gas=100_000, max_fee=3 * GWEI, tip=GWEI)
        )
        rpc.send_raw(signed.raw)
        receipt = rpc.receipt(signed.tx_hash)
        assert receipt is not None
        attempt = Attempt(signed.tx_hash, name, signed.raw, 100_000, 3 * GWEI, GWEI, NOW)
        with transaction(engine) as tx:
            outbox.append_first_attempt(tx, attempt, nonce=nonce)
            place = Mined(signed.tx_hash, receipt.block_number, receipt.block_hash, receipt.gas_used, None)
            outbox.set_final(tx, outbox.read_intent(tx, name), place, now=NOW)


def check(world: CountingWorld) -> None:
    """Each intent happened once, and the books say where."""
    engine = world.open_engine()
    with reading(engine) as tx:
        books = [outbox.read_intent(tx, name) for name in world.intents]
        attempts = [attempt for name in world.intents for attempt in outbox.read_attempts(tx, name)]
    engine.dispose()
    assert world.small.count() == len(world.intents)
    assert [(intent.state, intent.nonce) for intent in books] == [
        ("final", nonce) for nonce in range(len(world.intents))
    ]
    assert [attempt.tx_hash for attempt in attempts] == [intent.tx_hash for intent in books]
    for intent in books:
        assert intent.tx_hash is not None
        receipt = world.rpc.receipt(intent.tx_hash)
        assert receipt is not None
        assert (receipt.status, receipt.block_hash) == (1, intent.block_hash)
    assert world.rpc.nonce(world.small.settler.address) == len(world.intents)


def test_survive__sender__one_effect_each(factory: Factory) -> None:
    # For each of two intents: asked for, signed, sent, broadcast, final; before and after each.
    assert survive(factory.make, run_sender, check) == 20


def test_survive__sender_with_depth__one_effect_each(factory: Factory) -> None:
    # One commit more: mined.
    assert survive(lambda: factory.make(depth=2, intents=("settle:1",)), run_sender, check) == 12


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kills=st.lists(st.integers(1, 12), max_size=8))
def test_survive__sender_killed_again_and_again__one_effect_each(factory: Factory, kills: list[int]) -> None:
    survive_schedule(factory.make(), run_sender, check, kills=kills)


def test_survive__naive_sender__counts_twice(factory: Factory) -> None:
    with pytest.raises(AssertionError, match="assert 3 == 2"):
        survive(factory.make, run_naive, check)


def test_survive__nothing_durable__no_points(factory: Factory) -> None:
    def look(world: CountingWorld, engine: Engine, rpc: Rpc) -> None:
        with reading(engine) as tx, pytest.raises(errors.InvariantError):
            outbox.read_intent(tx, "settle:1")
        world.seen.append(rpc.nonce(world.small.settler.address))

    def was_run(world: CountingWorld) -> None:
        assert world.seen == [0]

    assert survive(factory.make, look, was_run) == 0
