"""check_chain
├── given chain, contracts and database that belong together: passes, before, between and after batches
├── given a signed batch that may or may not be on chain: passes either way
├── given another chain
│   ├── when its id differs: WrongChain that names both ids
│   ├── when its genesis differs: WrongChain that names both and says what to do
│   ├── when a contract is missing: WrongChain that names it
│   └── when the contract belongs to another deployment: WrongChain
├── given another database
│   ├── when it knows of no deployment: NotDeployed that says what to do
│   ├── when it knows another one: WrongChain
│   └── when it knows it at another address: WrongChain that names the contract
├── given a database restored from an older copy
│   ├── when the batch was not sealed yet in it: ChainAhead
│   ├── when it was sealed in it: ChainAhead
│   ├── when it was submitted in it: ChainAhead, and a step signs nothing
│   └── when it was signed in it: passes, and the batch becomes final without a second transaction
├── given another batch on chain under a number that we sent: ChainAhead that names it
├── given a reorganisation between two of its questions, that brings our batch: RpcUnavailable, then passes
└── given a chain restored from an older copy: ChainBehind
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.chain import outbox
from loyaltychain.core import errors
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import reading, transaction
from loyaltychain.settlement import store
from loyaltychain.settlement.confirm import confirm_step
from loyaltychain.settlement.guard import check_chain, check_history
from loyaltychain.settlement.submit import submit_step
from tests.chain.small_world import NOW
from tests.settlement.ledger_world import LedgerWorld, remember


@pytest.fixture
def engine(world: LedgerWorld) -> Iterator[Engine]:
    database = world.open("now.db")
    yield database
    database.dispose()


def submit(world: LedgerWorld, engine: Engine) -> None:
    assert submit_step(engine, world.deployment, settler=world.settler, now=NOW) is not None


def step(world: LedgerWorld, engine: Engine, times: int = 1) -> None:
    sender = world.sender(engine)
    for _ in range(times):
        assert confirm_step(sender, world.deployment) is not None


def settle(world: LedgerWorld, engine: Engine) -> None:
    submit(world, engine)
    step(world, engine, times=3)


def restore(world: LedgerWorld, engine: Engine, copy: str) -> Engine:
    """The database as it was when ``copy`` was made, opened anew."""
    engine.dispose()
    world.copy(copy, "now.db")
    return world.open("now.db")


def keep(world: LedgerWorld, engine: Engine) -> None:
    """A copy of the database as it is now, as ``old.db``."""
    engine.dispose()  # the last one to close takes the write-ahead log into the file
    world.copy("now.db", "old.db")


def check(world: LedgerWorld, engine: Engine, **changes: Any) -> None:
    check_chain(engine, world.rpc, replace(world.deployment, **changes))


def test_check_chain__all_in_order__passes(world: LedgerWorld, engine: Engine) -> None:
    check(world, engine)
    settle(world, engine)
    check(world, engine)
    settle(world, engine)
    check(world, engine)

    assert [number for number, _ in world.settled()] == [1, 2]


def test_check_chain__signed_sent_or_not__passes(world: LedgerWorld, engine: Engine) -> None:
    submit(world, engine)
    step(world, engine)
    assert world.settled() == []
    check(world, engine)

    step(world, engine)
    assert [number for number, _ in world.settled()] == [1]
    check(world, engine)


def test_check_chain__other_chain_id__wrong_chain(world: LedgerWorld, engine: Engine) -> None:
    with pytest.raises(errors.WrongChain, match=f"its id is {world.rpc.chain_id()}, but .* deployed to 5;"):
        check(world, engine, chain_id=5)


def test_check_chain__other_genesis__says_what_to_do(world: LedgerWorld, engine: Engine) -> None:
    genesis = to_hex(world.rpc.block(0).hash)

    with pytest.raises(errors.WrongChain, match="begin a fresh project in another directory") as caught:
        check(world, engine, genesis_hash=b"\x09" * 32)

    assert caught.value.message.startswith(
        f"This chain is new, or another one: its genesis is {genesis}, but the project was deployed to 0x0909"
    )


@pytest.mark.parametrize(("field", "name"), [("ledger", "PointsLedger"), ("registry", "ProgramRegistry")])
def test_check_chain__contract_missing__wrong_chain(world: LedgerWorld, engine: Engine, field: str, name: str) -> None:
    nowhere = "0x" + "77" * 20

    with pytest.raises(errors.WrongChain, match=f"has no {name} at {nowhere}"):
        check(world, engine, **{field: nowhere})


def test_check_chain__other_instance__wrong_chain(world: LedgerWorld, engine: Engine) -> None:
    with pytest.raises(errors.WrongChain, match=f"another deployment: it says {to_hex(b'Z' * 32)}"):
        check(world, engine, instance_id=b"\x01" * 32)


def test_check_chain__unknown_network__not_deployed(world: LedgerWorld, engine: Engine) -> None:
    with pytest.raises(errors.NotDeployed, match="'testnet', but this database knows nothing of it"):
        check(world, engine, network="testnet")


def test_check_chain__database_of_another_deployment__wrong_chain(world: LedgerWorld, engine: Engine) -> None:
    remember(engine, replace(world.deployment, network="testnet", instance_id=b"\x01" * 32))

    with pytest.raises(errors.WrongChain, match="Database and manifest belong to different deployments"):
        check(world, engine, network="testnet")


@pytest.mark.parametrize(("field", "name"), [("ledger", "PointsLedger"), ("registry", "ProgramRegistry")])
def test_check_chain__database_of_another_address__wrong_chain(
    world: LedgerWorld, engine: Engine, field: str, name: str
) -> None:
    nowhere = "0x" + "77" * 20
    remember(engine, replace(world.deployment, network="testnet", **{field: nowhere}))

    with pytest.raises(errors.WrongChain, match="Database and manifest belong to different deployments") as caught:
        check(world, engine, network="testnet")

    assert caught.value.context == {
        "field": name,
        "database": nowhere,
        "manifest": getattr(world.deployment, field).lower(),
    }


def test_check_chain__restored_without_the_batch__chain_ahead(world: LedgerWorld, engine: Engine) -> None:
    settle(world, engine)

    old = restore(world, engine, "empty.db")

    with pytest.raises(errors.ChainAhead, match="has 1 batches, but this database sent only 0"):
        check(world, old)
    old.dispose()


def test_check_chain__restored_with_the_batch_sealed__chain_ahead(world: LedgerWorld, engine: Engine) -> None:
    settle(world, engine)

    old = restore(world, engine, "sealed.db")

    with pytest.raises(errors.ChainAhead, match="has 1 batches, but this database sent only 0"):
        check(world, old)
    old.dispose()


def test_check_chain__restored_with_the_batch_submitted__nothing_signed(world: LedgerWorld, engine: Engine) -> None:
    settle(world, engine)
    submit(world, engine)
    keep(world, engine)
    step(world, engine, times=3)
    nonce = world.rpc.nonce(world.settler)

    old = restore(world, engine, "old.db")

    for _ in range(2):
        with pytest.raises(errors.ChainAhead, match="has 2 batches, but this database sent only 1"):
            confirm_step(world.sender(old), world.deployment)
    with reading(old) as tx:
        assert outbox.read_attempts(tx, "settle:2") == []
    old.dispose()
    assert world.rpc.nonce(world.settler) == nonce
    assert [number for number, _ in world.settled()] == [1, 2]


def test_check_chain__restored_with_the_batch_signed__final_without_a_second(
    world: LedgerWorld, engine: Engine
) -> None:
    submit(world, engine)
    step(world, engine)
    keep(world, engine)
    step(world, engine, times=2)

    old = restore(world, engine, "old.db")
    check(world, old)
    step(world, old)

    with reading(old) as tx:
        assert [batch.header.batch_id for batch in store.batches_in_state(tx, "final")] == [1]
    old.dispose()
    assert world.rpc.nonce(world.settler) == 1


def test_check_chain__other_batch_under_our_number__chain_ahead(world: LedgerWorld, engine: Engine) -> None:
    submit(world, engine)
    step(world, engine)
    with reading(engine) as tx:
        ours = store.read_batch(tx, 1)
    assert ours is not None
    theirs = replace(ours, header=replace(ours.header, time=ours.header.time + 1))
    assert world.settle_as(world.small.settler, theirs).status == 1

    with pytest.raises(errors.ChainAhead, match="Batch 1 on the chain is not this database's batch 1") as caught:
        check(world, engine)

    assert caught.value.context["database"] == to_hex(ours.hash)


def test_check_chain__chain_restored__chain_behind(world: LedgerWorld, engine: Engine) -> None:
    before = world.small.ask("evm_snapshot")
    settle(world, engine)
    world.small.ask("evm_revert", before)

    with pytest.raises(errors.ChainBehind, match="has 0 batches, but this database knows 1 as final"):
        check(world, engine)
    with transaction(engine) as tx:
        assert store.batches_in_state(tx, "submitted") == []


class ReorganisedRpc:
    """The same chain; ``happen`` happens once, right after the first call of a contract."""

    def __init__(self, world: LedgerWorld, happen: Callable[[], object]) -> None:
        self._rpc, self._left = world.rpc, [happen]

    def call(self, *arguments: Any, **named: Any) -> bytes:
        found = self._rpc.call(*arguments, **named)
        while self._left:
            self._left.pop()()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rpc, name)


def test_check_history__reorganised_in_between__asked_again(world: LedgerWorld, engine: Engine) -> None:
    """Found by the chaos play, seed 11: last number and last hash were of two blocks of one height."""
    submit(world, engine)
    step(world, engine)  # signed, and not sent
    before = world.small.ask("evm_snapshot")
    world.small.ask("evm_mine")
    head = world.rpc.block("latest")

    def reorganise() -> None:
        world.small.ask("evm_revert", before)
        step(world, engine)  # sent, and in the block of the same number
        assert world.rpc.block("latest").number == head.number
        assert world.rpc.block("latest").hash != head.hash

    with pytest.raises(errors.RpcUnavailable, match="reorganised"):
        check_history(engine, ReorganisedRpc(world, reorganise), world.deployment)  # type: ignore[arg-type]
    check_history(engine, world.rpc, world.deployment)
