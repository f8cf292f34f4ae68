"""survive
├── given two sealed batches and the real contract
│   ├── when killed at each point in turn: each batch is settled once, the books and the balances are right
│   └── when killed at any points, start after start: the same
├── given a worker that relies on the contract alone: it settles once, and loses its books
└── given sealing, killed at each point in turn: the same batches as without a kill
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.chain import outbox
from loyaltychain.chain.rpc import Rpc, Web3Rpc
from loyaltychain.chain.signer import AllowedCall, KeySigner, UnsignedTx
from loyaltychain.db.engine import reading, transaction
from loyaltychain.settlement import store
from loyaltychain.settlement.confirm import confirm_step
from loyaltychain.settlement.seal import seal_step
from loyaltychain.settlement.submit import make_settle_call, submit_step
from tests.chain.small_world import GWEI, NOW
from tests.crash.harness import survive, survive_schedule
from tests.settlement.books import book, join
from tests.settlement.builders import earn, redeem
from tests.settlement.ledger_world import BALANCES, SETTLE, LedgerWorld, make_ledger_world


@dataclass
class SettlingWorld:
    """The real contract, and a database of its own."""

    ledger: LedgerWorld
    name: str

    @property
    def rpc(self) -> Web3Rpc:
        return self.ledger.rpc

    def open_engine(self) -> Engine:
        return self.ledger.open(self.name)


@dataclass
class Factory:
    """Makes worlds that all begin alike: one chain that is set back, one database file that is copied."""

    ledger: LedgerWorld
    snapshot: str = ""
    made: int = 0

    def make(self, *, database: str = "sealed.db") -> SettlingWorld:
        if self.snapshot:
            assert self.ledger.small.ask("evm_revert", self.snapshot) is True
        self.snapshot = self.ledger.small.ask("evm_snapshot")
        self.made += 1
        self.ledger.copy(database, f"{self.made}.db")
        return SettlingWorld(self.ledger, f"{self.made}.db")


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Factory]:
    ledger = make_ledger_world(tmp_path_factory.mktemp("worlds"))
    yield Factory(ledger)
    ledger.small.chain.close()


def run_settlement(world: SettlingWorld, engine: Engine, rpc: Rpc) -> None:
    """The worker's two steps until nothing is left to do."""
    sender = world.ledger.sender(engine, rpc=rpc)
    deployment = world.ledger.deployment
    while True:
        submitted = submit_step(engine, deployment, settler=world.ledger.settler, now=NOW)
        if confirm_step(sender, deployment) is None and submitted is None:
            return


def run_guarded_by_the_contract(world: SettlingWorld, engine: Engine, rpc: Rpc) -> None:
    """Send, wait, record; the contract refuses what comes twice, and the worker believes that it failed."""
    ledger = world.ledger
    key = ledger.small.settler
    signer = KeySigner(key, [AllowedCall(ledger.deployment.ledger, SETTLE)], chain_id=ledger.deployment.chain_id)
    with reading(engine) as tx:
        sealed = store.batches_in_state(tx, "sealed")
    for batch in sealed:
        call = make_settle_call(batch)
        fields: dict[str, Any] = {"chain_id": ledger.deployment.chain_id, "target": ledger.deployment.ledger}
        unsigned = UnsignedTx(
            **fields, nonce=rpc.nonce(key.address), calldata=call, gas=1_000_000, max_fee=3 * GWEI, tip=GWEI
        )
        signed = signer.sign(unsigned)
        rpc.send_raw(signed.raw)
        receipt = rpc.receipt(signed.tx_hash)
        assert receipt is not None
        with transaction(engine) as tx:
            store.set_state(tx, batch.header.batch_id, "submitted", now=NOW)
            store.set_state(tx, batch.header.batch_id, "final" if receipt.status == 1 else "halted", now=NOW)


def check(world: SettlingWorld) -> None:
    """Two batches, each settled once and known as final; balances as the ledger has them."""
    engine = world.open_engine()
    with reading(engine) as tx:
        batches = [store.read_batch(tx, number) for number in (1, 2)]
    engine.dispose()
    assert [batch and batch.state for batch in batches] == ["final", "final"]
    assert world.ledger.settled() == [(batch.header.batch_id, batch.hash) for batch in batches if batch is not None]
    assert world.ledger.balances([*BALANCES[1]]) == BALANCES[1]
    assert world.rpc.nonce(world.ledger.settler) == 2


def check_intents(world: SettlingWorld) -> None:
    """As ``check``, and both intents final with one attempt each."""
    check(world)
    engine = world.open_engine()
    with reading(engine) as tx:
        ends = [
            (outbox.read_intent(tx, name).state, len(outbox.read_attempts(tx, name)))
            for name in ("settle:1", "settle:2")
        ]
    engine.dispose()
    assert ends == [("final", 1), ("final", 1)]


def test_survive__settlement__each_batch_once(factory: Factory) -> None:
    # For each of two batches: submitted, signed, sent, broadcast, intent final, batch final; before and after each.
    assert survive(factory.make, run_settlement, check_intents) == 24


@settings(deadline=None, max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kills=st.lists(st.integers(1, 14), max_size=6))
def test_survive__settlement_killed_again_and_again__each_batch_once(factory: Factory, kills: list[int]) -> None:
    survive_schedule(factory.make(), run_settlement, check_intents, kills=kills)


def test_survive__guarded_by_the_contract_alone__loses_its_books(factory: Factory) -> None:
    with pytest.raises(AssertionError, match=r"'halted'"):
        survive(factory.make, run_guarded_by_the_contract, check)


def test_survive__sealing__same_batches(factory: Factory) -> None:
    deployment = factory.ledger.deployment
    factory.ledger.copy("empty.db", "booked.db")
    engine = factory.ledger.open("booked.db")
    join(engine, [1, 2, 9])
    book(engine, earn("a", 1, 12), earn("b", 2, 30))
    book(engine, redeem("c", 1, 7), earn("d", 9, 40_000))
    engine.dispose()

    def run(world: SettlingWorld, engine: Engine, rpc: Rpc) -> None:
        while seal_step(engine, deployment, now=NOW, max_updates=2) is not None:
            pass

    seen = []

    def remember_batches(world: SettlingWorld) -> None:
        engine = world.open_engine()
        with reading(engine) as tx:
            seen.append(store.batches_in_state(tx, "sealed"))
        engine.dispose()

    survived = survive(lambda: factory.make(database="booked.db"), run, remember_batches)

    assert survived == 2 * len(seen[-1]) + 2  # each batch, and the look that finds no more
    assert len(seen[-1]) == 2
    assert all(batches == seen[-1] for batches in seen)
