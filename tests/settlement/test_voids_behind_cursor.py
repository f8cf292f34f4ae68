"""follow_voids, after a lone node has told of an old state, so that the cursor went past a void
├── given the void of a foreign batch, or of one of ours: the next honest look reads all logs, and takes it over once
├── given a void that was known before: it is not taken over again
├── given a void of ours behind that one, which reaches before it: both are written down
├── given one that a later void has taken along: written down, and what was settled since stays final
└── given logs that are kept back then: nothing is written, and the cursor stays
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.hashing import keccak256
from loyaltychain.db.engine import reading, transaction
from loyaltychain.db.step import read_cursor
from loyaltychain.settlement import store, void_store, voids
from loyaltychain.settlement.types import Batch
from tests.chain.small_world import NOW
from tests.settlement.ledger_world import LedgerWorld
from tests.settlement.root_world import (
    balances,
    challenge,
    first_sealed,
    make_root_world,
    seal_falsely,
    settle,
    settle_anew,
    settle_foreign,
    states,
)
from tests.settlement.test_voids import WHOLE, HidingRpc, follow, places


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


class StaleRpc:
    """The same chain; what contracts hold is that of block ``told``, whatever block is asked for."""

    def __init__(self, world: LedgerWorld, *, told: int) -> None:
        self._rpc, self._told = world.rpc, told

    def call(self, *arguments: Any, **named: Any) -> bytes:
        return self._rpc.call(*arguments, **named | {"block": self._told})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rpc, name)


def head(world: LedgerWorld) -> int:
    return world.rpc.block("latest").number


def cursor(engine: Engine) -> int:
    with reading(engine) as tx:
        return read_cursor(tx, voids.CURSOR)


def lead_astray(world: LedgerWorld, engine: Engine, monkeypatch: pytest.MonkeyPatch, *, told: int) -> None:
    """The cursor goes to the head, though there is a void before it: the node says that all is as in block ``told``."""
    with monkeypatch.context() as patched:
        patched.setattr(voids, "_LAG_MAX", 0)
        assert follow(world, engine, rpc=StaleRpc(world, told=told)) == []
    assert cursor(engine) == head(world)


def settle_own_falsely(world: LedgerWorld, engine: Engine) -> Batch:
    """All entries in one false batch of ours, which is final here."""
    with transaction(engine) as tx:
        for number, _, _ in void_store.void_batches_from(tx, 1, now=NOW, reason="made anew"):
            void_store.delete_batch(tx, number)
    false = seal_falsely(engine, world.deployment)
    settle(world, engine)
    return false


def read(engine: Engine, number: int) -> Batch:
    with reading(engine) as tx:
        batch = store.read_batch(tx, number)
    assert batch is not None
    return batch


@pytest.mark.parametrize("blocks", [0, 1])
def test_follow_voids__foreign_void_behind_the_cursor__taken_over_once(
    world: LedgerWorld, engine: Engine, monkeypatch: pytest.MonkeyPatch, blocks: int
) -> None:
    settle(world, engine)
    told = head(world)
    challenge(world, settle_foreign(world, read(engine, 2)), previous=read(engine, 1).header)
    lead_astray(world, engine, monkeypatch, told=told)
    for _ in range(blocks):
        world.small.ask("evm_mine")

    assert follow(world, engine) == [(2, 2, False)]
    assert cursor(engine) == head(world)
    assert follow(world, engine) == []
    assert settle_anew(world, engine) == [3]
    assert states(engine) == {1: "final", 2: "void", 3: "final"}
    assert balances(engine) == WHOLE


def test_follow_voids__own_void_behind_the_cursor__raises_until_resumed(
    world: LedgerWorld, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    false = settle_own_falsely(world, engine)
    told = head(world)
    challenge(world, false)
    lead_astray(world, engine, monkeypatch, told=told)
    assert states(engine) == {1: "final"}

    for _ in range(2):
        with pytest.raises(errors.OwnBatchVoided, match="Batch 1 of ours was voided for wrong totals"):
            follow(world, engine)
    voids.resume(engine, now=NOW)
    assert follow(world, engine) == []
    assert settle_anew(world, engine) == [2]
    assert (states(engine), balances(engine)) == ({1: "void", 2: "final"}, WHOLE)


def test_follow_voids__an_own_void_that_reaches_before_it__both_taken_over(
    world: LedgerWorld, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    false = settle_own_falsely(world, engine)
    told = head(world)
    challenge(world, settle_foreign(world, behind(false)), previous=false.header)
    lead_astray(world, engine, monkeypatch, told=told)
    world.administrate("unpause")
    challenge(world, false)

    with pytest.raises(errors.OwnBatchVoided):
        follow(world, engine)
    assert known_voids(engine) == [(1, 2, True), (2, 2, False)]
    assert states(engine) == {1: "void"}


def test_follow_voids__a_covered_void_shows_up_late__nothing_falls_anew(
    world: LedgerWorld, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    false = settle_own_falsely(world, engine)
    challenge(world, settle_foreign(world, behind(false)), previous=false.header)
    hidden = places(world, "BatchVoided")
    world.administrate("unpause")
    challenge(world, false)
    with pytest.raises(errors.OwnBatchVoided):
        follow(world, engine, rpc=HidingRpc(world, hidden=hidden))
    assert known_voids(engine) == [(1, 2, True)]
    voids.resume(engine, now=NOW)
    assert settle_anew(world, engine) == [3]
    told, ours = head(world), read(engine, 3)
    challenge(world, settle_foreign(world, behind(ours)), previous=ours.header)
    lead_astray(world, engine, monkeypatch, told=told)

    assert follow(world, engine) == [(2, 2, False), (4, 4, False)]
    assert (states(engine), balances(engine)) == ({1: "void", 3: "final"}, WHOLE)


def behind(batch: Batch) -> Batch:
    """One that hangs on this batch and changes nobody."""
    header = replace(
        batch.header, batch_id=batch.header.batch_id + 1, prev_hash=batch.hash, data_hash=keccak256(b"\x01"),
        updates=0, issued=0, burned=0,
    )  # fmt: skip
    return replace(batch, header=header, data=b"\x01")


def known_voids(engine: Engine) -> list[tuple[int, int, bool]]:
    with reading(engine) as tx:
        return [(void.first, void.last, void.is_own) for void in void_store.read_voids(tx)]


def test_follow_voids__one_known_and_one_behind_the_cursor__the_known_one_stays(
    world: LedgerWorld, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = first_sealed(engine)
    challenge(world, settle_foreign(world, sealed))
    assert follow(world, engine) == [(1, 1, False)]
    assert settle_anew(world, engine) == [2]
    told, ours = head(world), read(engine, 2)
    challenge(world, settle_foreign(world, behind(ours)), previous=ours.header)
    lead_astray(world, engine, monkeypatch, told=told)

    assert follow(world, engine) == [(3, 3, False)]
    assert states(engine) == {1: "void", 2: "final"}
    assert balances(engine) == WHOLE


@pytest.mark.parametrize(
    ("event", "words"),
    [("BatchSettled", "has a batch that no log tells of"), ("BatchVoided", "would stand at another batch")],
)
def test_follow_voids__logs_kept_back_after_it__nothing_is_written(
    world: LedgerWorld, engine: Engine, monkeypatch: pytest.MonkeyPatch, event: str, words: str
) -> None:
    told = head(world)
    challenge(world, settle_foreign(world, first_sealed(engine)))
    lead_astray(world, engine, monkeypatch, told=told)
    world.small.ask("evm_mine")
    before = states(engine), cursor(engine)

    for _ in range(2):
        with pytest.raises(errors.RpcUnavailable, match=words):
            follow(world, engine, rpc=HidingRpc(world, hidden=places(world, event)))
    assert (states(engine), cursor(engine)) == before
    assert follow(world, engine) == [(1, 1, False)]
