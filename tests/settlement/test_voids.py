"""follow_voids
├── given a ledger in push mode, or one without voids: nothing happens, and no log is read
├── given a foreign batch that was voided: ours of that number is void, and its entries are settled anew
│   ├── when nothing of ours was under way, or ours was sealed, submitted, signed, sent or had failed: likewise
│   └── when the void is not final yet: nothing is taken over, check_chain says to wait, or that the manifest is old
├── given voids one behind the other: what stands behind all of them is right
├── given a node that keeps a log back, or gives one of a fork: nothing is written, and the next look reads all of it
└── given voids that were taken over before: nothing happens
check_chain
└── given a foreign batch that nobody has voided: says until when it can be, then that it cannot any more
final_at
├── given a settled batch: the second of its block and the window; in push mode none
├── given a batch that the contract keeps no more: none
└── given no settled batch: refused
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_log, has_event
from loyaltychain.chain.rpc import Log
from loyaltychain.core import errors
from loyaltychain.core.hashing import keccak256
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import reading
from loyaltychain.db.step import read_cursor
from loyaltychain.settlement import store, void_store
from loyaltychain.settlement.confirm import confirm_step
from loyaltychain.settlement.contract import KEPT_HASHES, final_at, read_ledger
from loyaltychain.settlement.guard import check_chain
from loyaltychain.settlement.header import GENESIS_HEADER, batch_hash, genesis_hash
from loyaltychain.settlement.submit import submit_step
from loyaltychain.settlement.succession import intents_of
from loyaltychain.settlement.types import Batch
from loyaltychain.settlement.voids import CURSOR, follow_voids
from tests.chain.small_world import NOW
from tests.settlement.ledger_world import LedgerWorld
from tests.settlement.root_world import (
    WINDOW,
    balances,
    challenge,
    first_sealed,
    make_root_world,
    settle,
    settle_anew,
    settle_foreign,
    states,
)

WHOLE = {1: 5, 2: 30, 9: 40_000}  # what the books of two batches leave to each member


@pytest.fixture(scope="module")
def one_chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerWorld]:
    ledger = make_root_world(tmp_path_factory.mktemp("ledger"))
    yield ledger
    ledger.small.chain.close()


@pytest.fixture
def engine(world: LedgerWorld) -> Iterator[Engine]:
    database = world.open("now.db")
    yield database
    database.dispose()


GENESIS_BATCH = Batch(GENESIS_HEADER, 1, 1, b"\x01", b"", "sealed")


class CountingRpc:
    """The same chain; counts how often logs are read."""

    def __init__(self, world: LedgerWorld) -> None:
        self._rpc = world.rpc
        self.reads = 0

    def logs(self, *arguments: Any, **named: Any) -> Any:
        self.reads += 1
        return self._rpc.logs(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rpc, name)


class HidingRpc:
    """The same chain; keeps back the logs of these places, silently, or says that they are of another block."""

    def __init__(self, world: LedgerWorld, *, hidden: set[int], is_fork: bool = False) -> None:
        self._rpc, self._hidden, self._is_fork = world.rpc, hidden, is_fork

    def logs(self, *arguments: Any, **named: Any) -> list[Log]:
        found: list[Log] = self._rpc.logs(*arguments, **named)
        if self._is_fork:
            return [replace(log, block_hash=b"\x66" * 32) if place in self._hidden else log
                    for place, log in enumerate(found)]  # fmt: skip
        return [log for place, log in enumerate(found) if place not in self._hidden]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rpc, name)


def follow_up(world: LedgerWorld, before: Batch, number: int) -> Batch:
    """A batch that changes nobody, behind ``before``."""
    header = replace(before.header, batch_id=number, prev_hash=before.hash, data_hash=keccak256(b"\x01"))
    deployment = world.deployment
    return replace(
        before, header=header, hash=batch_hash(header, chain_id=deployment.chain_id, ledger=deployment.ledger)
    )


def follow(world: LedgerWorld, engine: Engine, *, depth: int = 0, rpc: Any = None) -> list[tuple[int, int, bool]]:
    found = follow_voids(engine, rpc or world.rpc, world.deployment, depth=depth)
    return [(void.first, void.last, void.is_own) for void in found]


def places(world: LedgerWorld, event: str) -> set[int]:
    """Where the ledger's logs tell of this event."""
    abi = artifacts.load("PointsLedger").abi
    head, first = world.rpc.block("latest").number, world.deployment.first_block
    logs = world.rpc.logs([world.deployment.ledger], first=first, last=head)
    return {n for n, log in enumerate(logs) if has_event(abi, log) and decode_log(abi, log)[0] == event}


@pytest.mark.parametrize(
    ("event", "is_fork", "words"),
    [
        ("BatchSettled", False, "has a batch that no log tells of"),
        ("BatchVoided", False, "would stand at another batch"),
        ("BatchVoided", True, "not of one chain"),
    ],
)
def test_follow_voids__logs_kept_back__nothing_is_written(
    world: LedgerWorld, engine: Engine, event: str, is_fork: bool, words: str
) -> None:
    challenge(world, settle_foreign(world, first_sealed(engine)))
    hidden = places(world, event)
    assert len(hidden) == 1
    lying = HidingRpc(world, hidden=hidden, is_fork=is_fork)
    with reading(engine) as tx:
        before = states(engine), read_cursor(tx, CURSOR)

    for _ in range(2):
        with pytest.raises(errors.RpcUnavailable, match=words):
            follow(world, engine, rpc=lying)
    with reading(engine) as tx:
        assert (states(engine), read_cursor(tx, CURSOR)) == before

    assert follow(world, engine) == [(1, 1, False)]
    assert settle_anew(world, engine) == [2]


def test_follow_voids__push_mode__nothing(world: LedgerWorld, engine: Engine) -> None:
    rpc = CountingRpc(world)

    assert follow_voids(engine, rpc, replace(world.deployment, mode="push"), depth=0) == []  # type: ignore[arg-type]
    assert rpc.reads == 0


def test_follow_voids__no_void__reads_no_log(world: LedgerWorld, engine: Engine) -> None:
    rpc = CountingRpc(world)
    for _ in range(2):
        assert follow(world, engine, rpc=rpc) == []
        settle(world, engine)
        assert follow(world, engine, rpc=rpc) == []

    assert rpc.reads == 0
    assert states(engine) == {1: "final", 2: "final"}


@pytest.mark.parametrize("looks", [None, 0, 1, 2, 3])
def test_follow_voids__foreign_batch_voided__settled_anew(
    world: LedgerWorld, engine: Engine, looks: int | None
) -> None:
    """``looks``: how often the sender had looked at ours before; None: it was not even submitted."""
    foreign = settle_foreign(world, first_sealed(engine))
    if looks is not None:
        submit_step(engine, world.deployment, settler=world.settler, now=NOW)
        sender = world.sender(engine)
        with reading(engine) as tx:
            intent = intents_of(tx, 1)[0]
        for _ in range(looks):
            # Past the guard, which would sign nothing: it saw the foreign batch a moment too late.
            sender.drive(intent.id)
    challenge(world, foreign)

    assert follow(world, engine) == [(1, 1, False)]
    assert states(engine) == {1: "void", 2: "void"}
    assert follow(world, engine) == []
    # The second batch hung on the first one's twin and was never on chain: its number is free again.
    assert settle_anew(world, engine) == [2]
    assert states(engine) == {1: "void", 2: "final"}
    assert balances(engine) == WHOLE
    assert read_ledger(world.rpc, world.deployment, "totalSupply") == sum(WHOLE.values())


def test_follow_voids__foreign_batch_where_ours_has_failed__settled_anew(world: LedgerWorld, engine: Engine) -> None:
    submit_step(engine, world.deployment, settler=world.settler, now=NOW)
    sender = world.sender(engine)
    confirm_step(sender, world.deployment)  # signed
    with reading(engine) as tx:
        intent = intents_of(tx, 1)[0]
    foreign = falsified_twin(world, engine)
    with pytest.raises(errors.RootMismatch, match=r"another batch under this number.*watch --challenge"):  # noqa: PT012
        while confirm_step(sender, world.deployment) is not None:
            world.small.ask("evm_mine")
    assert states(engine)[1] == "halted"
    challenge(world, foreign)

    assert follow(world, engine) == [(1, 1, False)]
    assert settle_anew(world, engine) == [2]
    assert balances(engine) == WHOLE
    assert intent.nonce == 0


def falsified_twin(world: LedgerWorld, engine: Engine) -> Batch:
    with reading(engine) as tx:
        batch = store.read_batch(tx, 1)
    assert batch is not None
    return settle_foreign(world, batch)


def test_follow_voids__void_is_not_final__waits(world: LedgerWorld, engine: Engine) -> None:
    challenge(world, settle_foreign(world, first_sealed(engine)))

    assert follow(world, engine, depth=1) == []
    with pytest.raises(errors.LedgerPaused, match="were voided a moment ago, up to 1"):
        check_chain(engine, world.rpc, world.deployment)
    with pytest.raises(errors.InvalidSettings, match="verify --accept"):
        check_chain(engine, world.rpc, replace(world.deployment, mode="push"))
    world.small.ask("evm_mine")
    assert follow(world, engine, depth=1) == [(1, 1, False)]
    check_chain(engine, world.rpc, world.deployment)


def test_follow_voids__one_behind_the_other__all_passed_over(world: LedgerWorld, engine: Engine) -> None:
    settle(world, engine)
    with reading(engine) as tx:
        first, second = store.read_batch(tx, 1), store.read_batch(tx, 2)
    assert first is not None
    assert second is not None
    for number in (2, 3):
        twin = replace(second, header=replace(second.header, batch_id=number))
        challenge(world, settle_foreign(world, twin), previous=first.header)
        world.administrate("unpause")

    assert follow(world, engine) == [(2, 2, False), (3, 3, False)]
    world.administrate("pause")
    assert settle_anew(world, engine) == [4]
    assert balances(engine) == WHOLE
    with reading(engine) as tx:
        assert void_store.last_void_id(tx) == 3
        assert [void_store.find_void(tx, number) is not None for number in (1, 2, 3, 4)] == [False, True, True, False]


def test_check_chain__foreign_batch__says_until_when_it_can_be_voided(world: LedgerWorld, engine: Engine) -> None:
    settle_foreign(world, first_sealed(engine))
    until = world.rpc.block("latest").timestamp + WINDOW

    assert follow(world, engine) == []
    with pytest.raises(errors.ChainAhead, match=f"watch --challenge.* until {format_instant(until)}"):
        check_chain(engine, world.rpc, world.deployment)
    world.small.ask("evm_increaseTime", WINDOW + 60)  # blocks run ahead of the clock
    world.small.ask("evm_mine")
    with pytest.raises(errors.ChainAhead, match="Batch 1 can be voided no more"):
        check_chain(engine, world.rpc, world.deployment)


def test_final_at__settled__block_and_window(world: LedgerWorld, engine: Engine) -> None:
    settle(world, engine)
    settled_at = world.rpc.block("latest").timestamp

    assert final_at(world.rpc, world.deployment, 1) == settled_at + WINDOW
    assert final_at(world.rpc, replace(world.deployment, mode="push"), 1) is None
    with pytest.raises(errors.InvariantError, match="No batch of this number is settled"):
        final_at(world.rpc, world.deployment, 2)


def test_final_at__a_batch_that_the_contract_keeps_no_more__none(world: LedgerWorld) -> None:
    world.small.ask("evm_increaseTime", 2 * WINDOW)  # the beginning has a place too, and is final like a batch
    batch = replace(
        GENESIS_BATCH, hash=genesis_hash(chain_id=world.deployment.chain_id, ledger=world.deployment.ledger)
    )
    for number in range(1, KEPT_HASHES + 1):
        batch = follow_up(world, batch, number)
        assert world.settle_as(world.small.settler, batch).status == 1
    late = follow_up(world, batch, KEPT_HASHES + 1)
    assert final_at(world.rpc, world.deployment, 1) is not None
    assert world.settle_as(world.small.settler, late).status == 0  # TooManyPending: batch 1 can still be voided

    world.small.ask("evm_increaseTime", 2 * WINDOW)
    assert world.settle_as(world.small.settler, late).status == 1
    assert final_at(world.rpc, world.deployment, 1) is None
    assert final_at(world.rpc, world.deployment, 2) is not None
