"""submit_step
├── given two sealed batches: the older one's intent, and its state, in one transaction
├── given a submitted one: nothing, the next stays sealed
├── given a halted one: nothing, the next stays sealed
├── given that the first is final: the second
├── given nothing sealed: nothing
├── given that the intent's id means something else: IdempotencyConflict, and the batch stays sealed
├── given a submitted batch and another settler
│   ├── when nothing is signed: an intent of his takes the place of the old one, which ends; again at each exchange
│   ├── when it is signed: nothing
│   └── when it is signed in the same moment: DatabaseBusy, the signed one counts
└── given the same settler in other letters: nothing
newest_intent
└── given a batch that was never submitted: InvariantError
make_settle_call
└── given a batch: the header without dataHash and the data, as the ABI wants them
"""

import pytest
from eth_abi.abi import encode
from sqlalchemy import Engine

from loyaltychain.chain import outbox
from loyaltychain.chain.intents import Intent, IntentState, NewIntent
from loyaltychain.core import errors
from loyaltychain.db.engine import reading, transaction
from loyaltychain.settlement import store
from loyaltychain.settlement.submit import Submitted, make_settle_call, submit_step
from loyaltychain.settlement.succession import intents_of, newest_intent
from loyaltychain.settlement.types import Batch
from tests.chain.intent_builders import make_attempt
from tests.chain.small_world import NOW
from tests.settlement.builders import DEPLOYMENT
from tests.settlement.ledger_world import SETTLE, seal_two

SETTLER = "0x" + "5e" * 20
OTHER = "0x" + "0c" * 20


def states(engine: Engine) -> list[str]:
    with reading(engine) as tx:
        return [batch.state for number in (1, 2) if (batch := store.read_batch(tx, number)) is not None]


def read(engine: Engine, number: int) -> Batch:
    with reading(engine) as tx:
        batch = store.read_batch(tx, number)
    assert batch is not None
    return batch


def submit(engine: Engine, settler: str = SETTLER) -> Submitted | None:
    return submit_step(engine, DEPLOYMENT, settler=settler, now=NOW)


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
        store.set_state(tx, 1, "halted", now=NOW)

    assert submit(engine) is None

    assert states(engine) == ["halted", "sealed"]


def test_submit_step__first_final__the_second(engine: Engine) -> None:
    seal_two(engine, DEPLOYMENT)
    submit(engine)
    with transaction(engine) as tx:
        store.set_state(tx, 1, "final", now=NOW)

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


@pytest.mark.parametrize("state", ["pending", "parked"])
def test_submit_step__another_settler_and_unsigned__his_intent_counts(engine: Engine, state: IntentState) -> None:
    seal_two(engine, DEPLOYMENT)
    submit(engine)
    if state == "parked":
        with transaction(engine) as tx:
            outbox.set_parked(tx, newest_intent(tx, 1), "NotSettler()", now=NOW)

    assert submit(engine, OTHER) == Submitted(batch_id=1, intent_id="settle:1:2")
    assert submit(engine, OTHER) is None
    assert submit(engine) == Submitted(batch_id=1, intent_id="settle:1:3")

    assert states(engine) == ["submitted", "sealed"]
    with reading(engine) as tx:
        found = intents_of(tx, 1)
        assert newest_intent(tx, 1) == found[-1]
    assert [(intent.signer, intent.state, intent.reason) for intent in found] == [
        (SETTLER, "reverted", f"never signed: the settler is {OTHER} now, not {SETTLER}"),
        (OTHER, "reverted", f"never signed: the settler is {SETTLER} now, not {OTHER}"),
        (SETTLER, "pending", None),
    ]
    assert {intent.calldata for intent in found} == {make_settle_call(read(engine, 1))}


def test_submit_step__another_settler_and_signed__nothing(engine: Engine) -> None:
    seal_two(engine, DEPLOYMENT)
    submit(engine)
    with transaction(engine) as tx:
        outbox.append_first_attempt(tx, make_attempt(), nonce=0)

    assert submit(engine, OTHER) is None

    with reading(engine) as tx:
        assert [intent.state for intent in intents_of(tx, 1)] == ["signed"]


def test_submit_step__signed_in_the_same_moment__busy(engine: Engine) -> None:
    seal_two(engine, DEPLOYMENT)
    submit(engine)
    with reading(engine) as tx:
        stale = newest_intent(tx, 1)
    with transaction(engine) as tx:
        outbox.append_first_attempt(tx, make_attempt(), nonce=0)

    with pytest.raises(errors.DatabaseBusy, match="settle:1"), transaction(engine) as tx:
        outbox.set_dead(tx, stale, reason="another settler", now=NOW)

    with reading(engine) as tx:
        assert newest_intent(tx, 1).state == "signed"


def test_submit_step__same_settler_in_other_letters__nothing(engine: Engine) -> None:
    seal_two(engine, DEPLOYMENT)
    submit(engine)

    assert submit(engine, SETTLER.upper().replace("X", "x")) is None


def test_newest_intent__never_submitted__refused(engine: Engine) -> None:
    with reading(engine) as tx, pytest.raises(errors.InvariantError, match="batch: 1"):
        newest_intent(tx, 1)


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
