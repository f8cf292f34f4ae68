"""reopen_step, on a real chain and on both engines
├── given a batch whose settlement failed for good, and caps that let it in no more
│   └── it and the one behind it are opened: their entries are sealed anew, settled once, balances are the ledger's
├── given a batch that waits unsigned: its intent is never signed, and it is opened
├── given a batch whose signature is on its way: NotYetFinal, nothing changes
├── given a batch that is sealed, final, or not there: InvalidOperation, and what is in the way
├── given that somebody else has settled it: InvalidOperation, nothing changes
└── given that it was opened: log and actions say who, when and why, and what was there stays in the log
"""

import pytest
from sqlalchemy import Engine, func, select

from loyaltychain.actions.log import read_actions
from loyaltychain.chain.settlement_log import read_of_batches, read_transitions
from loyaltychain.chain.signer import PrivateKey
from loyaltychain.core import errors
from loyaltychain.db.engine import reading
from loyaltychain.settlement import store
from loyaltychain.settlement.confirm import Confirmed, confirm_step
from loyaltychain.settlement.reopen import reopen_step
from loyaltychain.settlement.seal import seal_step
from loyaltychain.settlement.submit import submit_step
from loyaltychain.settlement.succession import intents_of
from loyaltychain.settlement.tables import receipts
from tests.chain.small_world import FUNDS, NOW
from tests.settlement.ledger_world import BALANCES, CAPS, LedgerWorld, remember, seal_two


@pytest.fixture
def books(engine: Engine, world: LedgerWorld) -> Engine:
    """Two sealed batches for the contract of ``world``."""
    remember(engine, world.deployment)
    seal_two(engine, world.deployment)
    return engine


def reopen(world: LedgerWorld, books: Engine, number: int = 1) -> list[int]:
    return reopen_step(
        books, world.rpc, world.deployment, number=number, actor="operator:eve", reason="caps went down", now=NOW
    )


def step(world: LedgerWorld, books: Engine) -> Confirmed | None:
    submit_step(books, world.deployment, settler=world.settler, now=NOW)
    return confirm_step(world.sender(books), world.deployment)


def fail_for_good(world: LedgerWorld, books: Engine) -> None:
    """Signed, mined while the ledger is paused, halted; then the caps go down."""
    step(world, books)
    world.administrate("pause")
    step(world, books)
    with pytest.raises(errors.IntentReverted):
        step(world, books)
    world.administrate("unpause")
    world.administrate("lowerCaps", (30, *CAPS[1:]))


def states(books: Engine) -> list[str]:
    with reading(books) as tx:
        batches = [store.read_batch(tx, number) for number in store.last_numbers(tx, 9)]
    return [batch.state for batch in batches if batch is not None]


def settle_all(world: LedgerWorld, books: Engine, *, max_issued: int) -> list[int]:
    """Seal and settle until nothing is left; what each batch issued."""
    while seal_step(books, world.deployment, now=NOW, max_issued=max_issued) is not None:
        pass
    issued = []
    while (done := step(world, books)) is not None:
        if done.state == "final":
            with reading(books) as tx:
                batch = store.read_batch(tx, done.batch_id)
            assert batch is not None
            issued.append(batch.header.issued)
    return issued


def test_reopen_step__failed_and_over_the_cap__sealed_anew_and_settled_once(world: LedgerWorld, books: Engine) -> None:
    fail_for_good(world, books)
    with reading(books) as tx:
        before = tx.execute(select(func.count(), func.sum(receipts.c.amount)).select_from(receipts)).one()

    assert reopen(world, books) == [1, 2]

    assert states(books) == []
    world.administrate("raiseCaps", (40_000, *CAPS[1:]))
    assert settle_all(world, books, max_issued=40_000) == [35, 40_000]
    assert world.balances([*BALANCES[1]]) == BALANCES[1]
    assert [number for number, _ in world.settled()] == [1, 2]
    with reading(books) as tx:
        assert tx.execute(select(func.count(), func.sum(receipts.c.amount)).select_from(receipts)).one() == before
        assert [intent.id for intent in intents_of(tx, 1)] == ["settle:1", "settle:1:2"]


def test_reopen_step__smaller_caps__smaller_batches(world: LedgerWorld, books: Engine) -> None:
    fail_for_good(world, books)
    reopen(world, books)

    for _ in range(2):
        assert seal_step(books, world.deployment, now=NOW, max_issued=30) is not None
    for _ in range(6):
        step(world, books)

    assert states(books) == ["final", "final"]
    assert world.balances([1, 2, 9]) == {1: 5, 2: 30, 9: 0}
    assert [number for number, _ in world.settled()] == [1, 2]


def test_reopen_step__unsigned__never_signed_and_opened(world: LedgerWorld, books: Engine) -> None:
    world.administrate("lowerCaps", (30, *CAPS[1:]))
    parked = step(world, books)
    assert parked is not None
    assert parked.intent_state == "parked"

    assert reopen(world, books) == [1, 2]

    with reading(books) as tx:
        (intent,) = intents_of(tx, 1)
    assert (intent.is_dead, intent.nonce, intent.reason) == (True, None, "never signed: the batch was opened again")
    assert world.rpc.nonce(world.settler) == 0


def test_reopen_step__on_its_way__not_yet_final(world: LedgerWorld, books: Engine) -> None:
    for _ in range(2):
        step(world, books)
        with pytest.raises(errors.NotYetFinal, match="may settle it yet"):
            reopen(world, books)

    assert states(books) == ["submitted", "sealed"]


@pytest.mark.parametrize(("number", "where"), [(1, "batch 2 is submitted"), (3, "batch 2 is submitted")])
def test_reopen_step__not_in_the_way__refused(world: LedgerWorld, books: Engine, number: int, where: str) -> None:
    for _ in range(3):
        step(world, books)
    assert states(books) == ["final", "sealed"]
    with pytest.raises(errors.InvalidOperation, match=f"Batch {number} is not halted, nor on its way: none is"):
        reopen(world, books, number)
    step(world, books)

    with pytest.raises(errors.InvalidOperation, match=where):
        reopen(world, books, number)


def test_reopen_step__settled_by_somebody_else__refused(world: LedgerWorld, books: Engine) -> None:
    fail_for_good(world, books)
    world.administrate("raiseCaps", CAPS)
    other = PrivateKey(bytes(31) + b"\x09")
    world.small.act(world.small.owner, other.address, value=FUNDS)
    world.administrate("setSettler", other.address)
    with reading(books) as tx:
        batch = store.read_batch(tx, 1)
    assert batch is not None
    assert world.settle_as(other, batch).status == 1

    with pytest.raises(errors.InvalidOperation, match="does not wait for batch 1"):
        reopen(world, books)

    assert states(books) == ["halted", "sealed"]
    settled = step(world, books)
    assert settled is not None
    assert settled.state == "final"


def test_reopen_step__opened__the_log_keeps_all_of_it(world: LedgerWorld, books: Engine) -> None:
    fail_for_good(world, books)
    reopen(world, books)
    seal_step(books, world.deployment, now=NOW)

    with reading(books) as tx:
        lines = read_transitions(tx, "batch", "1")
        behind = read_transitions(tx, "batch", "2")
        both = read_of_batches(tx, [1])
        (action,) = read_actions(tx, action="batch.reopened")
    assert [(line.was, line.became) for line in lines] == [
        (None, "sealed"), ("sealed", "submitted"), ("submitted", "halted"), ("halted", "void"), (None, "sealed"),
    ]  # fmt: skip
    assert "LedgerIsPaused()" in (lines[2].reason or "")
    assert lines[3].reason == "opened again: caps went down"
    assert [(line.was, line.became) for line in behind] == [(None, "sealed"), ("sealed", "void")]
    assert [line.became for line in both if line.id == "settle:1"] == ["pending", "signed", "broadcast", "reverted"]
    assert (action.actor, action.subject, action.reason) == ("operator:eve", "batch:1", "caps went down")
