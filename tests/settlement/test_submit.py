"""submit_step
├── given two sealed batches: the older one's intent, and its state, in one transaction
├── given a submitted one: nothing, the next stays sealed
├── given a halted one: nothing, the next stays sealed
├── given that the first is final: the second
├── given nothing sealed: nothing
└── given that the intent's id means something else: IdempotencyConflict, and the batch stays sealed
make_settle_call
└── given a batch: the header without dataHash and the data, as the ABI wants them
"""

import pytest
from eth_abi.abi import encode
from sqlalchemy import Engine

from loyaltychain.chain import outbox
from loyaltychain.chain.intents import Intent, NewIntent
from loyaltychain.core import errors
from loyaltychain.db.engine import reading, transaction
from loyaltychain.settlement import store
from loyaltychain.settlement.submit import Submitted, make_settle_call, submit_step
from loyaltychain.settlement.types import Batch
from tests.chain.small_world import NOW
from tests.settlement.builders import DEPLOYMENT
from tests.settlement.ledger_world import SETTLE, seal_two

SETTLER = "0x" + "5e" * 20


def states(engine: Engine) -> list[str]:
    with reading(engine) as tx:
        return [batch.state for number in (1, 2) if (batch := store.read_batch(tx, number)) is not None]


def read(engine: Engine, number: int) -> Batch:
    with reading(engine) as tx:
        batch = store.read_batch(tx, number)
    assert batch is not None
    return batch


def submit(engine: Engine) -> Submitted | None:
    return submit_step(engine, DEPLOYMENT, settler=SETTLER, now=NOW)


def test_submit_step__two_sealed__the_older_one(engine: Engine) -> None:
    seal_two(engine, DEPLOYMENT)

    assert submit(engine) == Submitted(batch_id=1, intent_id="settle:1")

    assert states(engine) == ["submitted", "sealed"]
    with reading(engine) as tx:
        intent = outbox.read_intent(tx, "settle:1")
    assert intent == Intent(
        id="settle:1",
        chain_id=DEPLOYMENT.chain_id,
        signer=SETTLER,
        target=DEPLOYMENT.ledger.lower(),
        calldata=make_settle_call(read(engine, 1)),
        nonce=None,
        state="pending",
        reason=None,
        tx_hash=None,
        block_number=None,
        block_hash=None,
        gas_used=None,
        contract_address=None,
        created_at=NOW,
    )


def test_submit_step__one_submitted__nothing(engine: Engine) -> None:
    seal_two(engine, DEPLOYMENT)
    submit(engine)

    assert submit(engine) is None

    assert states(engine) == ["submitted", "sealed"]


def test_submit_step__one_halted__nothing(engine: Engine) -> None:
    seal_two(engine, DEPLOYMENT)
    with transaction(engine) as tx:
        store.set_state(tx, 1, "halted")

    assert submit(engine) is None

    assert states(engine) == ["halted", "sealed"]


def test_submit_step__first_final__the_second(engine: Engine) -> None:
    seal_two(engine, DEPLOYMENT)
    submit(engine)
    with transaction(engine) as tx:
        store.set_state(tx, 1, "final")

    assert submit(engine) == Submitted(batch_id=2, intent_id="settle:2")

    assert states(engine) == ["final", "submitted"]


def test_submit_step__nothing_sealed__nothing(engine: Engine) -> None:
    assert submit(engine) is None


def test_submit_step__id_means_something_else__conflict(engine: Engine) -> None:
    seal_two(engine, DEPLOYMENT)
    other = NewIntent("settle:1", DEPLOYMENT.chain_id, SETTLER, DEPLOYMENT.ledger, b"\x00\x00\x00\x00")
    with transaction(engine) as tx:
        outbox.enqueue(tx, other, now=NOW)

    with pytest.raises(errors.IdempotencyConflict, match="settle:1"):
        submit(engine)

    assert states(engine) == ["sealed", "sealed"]


def test_make_settle_call__batch__as_the_abi_wants_it(engine: Engine) -> None:
    seal_two(engine, DEPLOYMENT)
    batch = read(engine, 2)
    header = batch.header

    call = make_settle_call(batch)

    types = ["(uint32,bytes32,bytes32,bytes32,bytes32,bytes32,uint64,uint32,uint64,uint64)", "bytes"]
    fields = (
        2,
        read(engine, 1).hash,
        header.balance_root,
        header.receipt_root,
        header.ledger_head,
        header.program_hash,
        NOW,
        2,
        40_000,
        7,
    )
    assert call == SETTLE + encode(types, [fields, batch.data])
