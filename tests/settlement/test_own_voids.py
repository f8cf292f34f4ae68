"""follow_voids, given a batch of our own that was voided
├── it raises until an engineer resumes, then its entries are settled anew
├── its receipts are not given out, those of the new batch are
├── a batch that was sealed behind it gives up its number, whatever had become of it
└── and one of somebody else's behind it, voided before: what stands behind both is right
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.db.engine import reading
from loyaltychain.settlement import receipts, store
from loyaltychain.settlement.confirm import confirm_step
from loyaltychain.settlement.seal import seal_step
from loyaltychain.settlement.submit import submit_step
from loyaltychain.settlement.succession import intents_of
from loyaltychain.settlement.voids import follow_voids, resume
from tests.chain.small_world import NOW
from tests.settlement.books import book, join
from tests.settlement.builders import earn, redeem
from tests.settlement.ledger_world import LedgerWorld
from tests.settlement.root_world import (
    balances,
    challenge,
    make_root_world,
    seal_falsely,
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


@pytest.fixture
def bare(world: LedgerWorld) -> Iterator[Engine]:
    """Books with nothing sealed."""
    world.copy("empty.db", "bare.db")
    database = world.open("bare.db")
    join(database, [1, 2, 9])
    book(database, earn("a", 1, 12), earn("b", 2, 30))
    yield database
    database.dispose()


def follow(world: LedgerWorld, engine: Engine) -> list[tuple[int, int, bool]]:
    found = follow_voids(engine, world.rpc, world.deployment, depth=0)
    return [(void.first, void.last, void.is_own) for void in found]


def test_follow_voids__own_batch_voided__raises_until_resumed(world: LedgerWorld, bare: Engine) -> None:
    false = seal_falsely(bare, world.deployment)
    settle(world, bare)
    challenge(world, false)

    for _ in range(2):
        with pytest.raises(errors.OwnBatchVoided, match=r"Batch 1 of ours was voided for wrong totals: .*run --retry"):
            follow(world, bare)
    resume(bare, now=NOW)
    assert follow(world, bare) == []
    assert settle_anew(world, bare) == [2]
    assert states(bare) == {1: "void", 2: "final"}
    assert balances(bare) == {1: 12, 2: 30}


def test_receipts__of_a_void_batch__not_given_out(world: LedgerWorld, bare: Engine) -> None:
    false = seal_falsely(bare, world.deployment)
    settle(world, bare)
    with reading(bare) as tx:
        assert [each.batch_id for each in receipts.receipts_of_member(tx, "m1")] == [1]
    challenge(world, false)
    with pytest.raises(errors.OwnBatchVoided):
        follow(world, bare)
    with reading(bare) as tx:
        assert receipts.receipts_of_member(tx, "m1") == []
        with pytest.raises(errors.UnknownReceipt, match="in no sealed batch yet"):
            receipts.receipt_of_entry(tx, "a")

    resume(bare, now=NOW)
    settle_anew(world, bare)

    with reading(bare) as tx:
        assert receipts.receipt_of_entry(tx, "a").batch_id == 2
        assert [each.batch_id for each in receipts.receipts_of_event(tx, "shop", "a")] == [2]
        assert [each.batch_id for each in receipts.receipts_of_member(tx, "m1")] == [2]
        with pytest.raises(errors.UnknownReceipt, match=r"This batch was voided.*fraud: wrong totals"):
            receipts.receipt_at(tx, 1, 0)
        assert store.sum_burned(tx) == 0


@pytest.mark.parametrize("looks", [None, 0, 1, 2])
def test_follow_voids__sealed_behind_a_void_one__gives_up_its_number(
    world: LedgerWorld, bare: Engine, looks: int | None
) -> None:
    false = seal_falsely(bare, world.deployment)
    settle(world, bare)
    book(bare, redeem("c", 1, 7), earn("d", 9, 40_000))
    behind = seal_step(bare, world.deployment, now=NOW)
    assert behind is not None
    if looks is not None:
        submit_step(bare, world.deployment, settler=world.settler, now=NOW)
    sender = world.sender(bare)
    for _ in range(min(looks or 0, 1)):
        confirm_step(sender, world.deployment)  # signed
    challenge(world, false)
    if looks == 2:
        with reading(bare) as tx:
            signed = intents_of(tx, 2)[0]
        sender.drive(signed.id)  # sent into the pause, where it fails
    with pytest.raises(errors.OwnBatchVoided):
        follow(world, bare)
    assert states(bare) == {1: "void", 2: "void"}

    resume(bare, now=NOW)
    assert settle_anew(world, bare) == [2]

    assert states(bare) == {1: "void", 2: "final"}
    assert balances(bare) == WHOLE
    with reading(bare) as tx:
        again = store.read_batch(tx, 2)
        assert [intent.state for intent in intents_of(tx, 2)][-1] == "final"
    assert again is not None
    assert (again.from_position, again.to_position) == (1, 4)
    assert again.hash != behind.batch.hash


def test_follow_voids__one_around_another__all_passed_over(world: LedgerWorld, bare: Engine) -> None:
    false = seal_falsely(bare, world.deployment)
    settle(world, bare)
    twin = replace(false, header=replace(false.header, batch_id=2, prev_hash=false.hash, supply=84))
    challenge(world, settle_foreign(world, twin), previous=false.header)
    assert follow(world, bare) == [(2, 2, False)]
    challenge(world, false)

    with pytest.raises(errors.OwnBatchVoided, match="batches 1 to 2 never were"):
        follow(world, bare)
    resume(bare, now=NOW)
    assert settle_anew(world, bare) == [3]
    assert balances(bare) == {1: 12, 2: 30}
