"""confirm_step
├── given nothing submitted: nothing
├── given submitted batches: one action a step; final once the contract holds the hash; balances are the ledger's
├── given depth: not final before it
├── given transfer logs: signed with gas for a wallet of every member, as far as a quarter of the balance goes
├── given a paused ledger
│   ├── when nothing is signed yet: LedgerPaused, no nonce taken; goes on once unpaused
│   └── when it was signed before the pause: IntentReverted, halted, raised again at each step
├── given a cap that the batch exceeds: parked with the decoded reason and how high it has to be again; goes on then
├── given that somebody else settles
│   ├── when another batch under our number: RootMismatch, halted, nothing else is submitted
│   └── when this very batch: final, and counted once
└── given a chain that knows a batch which this database never sent: ChainAhead, nothing is signed
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from loyaltychain.chain import outbox
from loyaltychain.chain.fees import FeeBid, next_fees
from loyaltychain.chain.intents import Intent
from loyaltychain.chain.signer import PrivateKey
from loyaltychain.core import errors
from loyaltychain.core.amounts import ratio_up
from loyaltychain.db.engine import reading
from loyaltychain.settlement import store
from loyaltychain.settlement.confirm import Confirmed, confirm_step
from loyaltychain.settlement.gas import gas_bound
from loyaltychain.settlement.submit import make_settle_call, submit_step
from loyaltychain.settlement.types import Batch
from tests.chain.sending import FaultyRpc
from tests.chain.small_world import FUNDS, NOW
from tests.settlement.ledger_world import BALANCES, CAPS, LedgerWorld

OTHER_SETTLER = PrivateKey(bytes(31) + b"\x09")


@pytest.fixture
def engine(world: LedgerWorld) -> Iterator[Engine]:
    database = world.open("now.db")
    yield database
    database.dispose()


def submit(world: LedgerWorld, engine: Engine) -> None:
    assert submit_step(engine, world.deployment, settler=world.settler, now=NOW) is not None


def read(engine: Engine, number: int = 1) -> tuple[Batch, Intent]:
    with reading(engine) as tx:
        batch = store.read_batch(tx, number)
        assert batch is not None
        return batch, outbox.read_intent(tx, f"settle:{number}")


def settle_between(world: LedgerWorld, batch: Batch) -> None:
    """Somebody else is made settler, settles, and is replaced by ours again."""
    world.small.act(world.small.owner, OTHER_SETTLER.address, value=FUNDS)
    world.administrate("setSettler", OTHER_SETTLER.address)
    assert world.settle_as(OTHER_SETTLER, batch).status == 1
    world.administrate("setSettler", world.settler)


def test_confirm_step__nothing_submitted__nothing(world: LedgerWorld, engine: Engine) -> None:
    assert confirm_step(world.sender(engine), world.deployment) is None


def test_confirm_step__two_batches__final_and_balances_right(world: LedgerWorld, engine: Engine) -> None:
    sender = world.sender(engine)
    for number in (1, 2):
        submit(world, engine)

        steps = [confirm_step(sender, world.deployment) for _ in range(3)]

        batch, intent = read(engine, number)
        receipt = world.rpc.receipt(intent.tx_hash or b"")
        assert receipt is not None
        assert steps == [
            Confirmed(number, "submitted", "signed", None, None, None),
            Confirmed(number, "submitted", "broadcast", None, None, None),
            Confirmed(number, "final", "final", None, receipt.block_number, receipt.gas_used),
        ]
        assert batch.state == "final"
        assert world.balances([*BALANCES[number - 1]]) == BALANCES[number - 1]
    assert world.settled() == [(1, read(engine, 1)[0].hash), (2, read(engine, 2)[0].hash)]
    assert confirm_step(sender, world.deployment) is None


def test_confirm_step__depth__not_final_before_it(world: LedgerWorld, engine: Engine) -> None:
    submit(world, engine)
    sender = world.sender(engine, depth=1)
    seen = []

    for _ in range(3):
        step = confirm_step(sender, world.deployment)
        assert step is not None
        seen.append((step.state, step.intent_state))
    world.small.ask("evm_mine")
    last = confirm_step(sender, world.deployment)

    assert seen == [("submitted", "signed"), ("submitted", "broadcast"), ("submitted", "mined")]
    assert last is not None
    assert (last.state, last.intent_state) == ("final", "final")


@pytest.mark.parametrize(("is_on", "is_poor"), [(False, False), (True, False), (True, True)])
def test_confirm_step__transfer_logs__gas_for_bindings_that_come_in_between(
    world: LedgerWorld, engine: Engine, is_on: bool, is_poor: bool
) -> None:
    submit(world, engine)
    world.administrate("setTransferLogs", is_on)
    call = make_settle_call(read(engine)[0])
    estimate = world.rpc.estimate_gas(world.deployment.ledger, call, sender=world.settler)
    sender = world.sender(engine)
    if is_poor:  # enough for what the batch takes now
        price = next_fees(None, world.rpc.fees(), sender.profile)
        assert isinstance(price, FeeBid)
        spent = world.rpc.balance(world.settler) - ratio_up(estimate, times=5, per=4) * price.max_fee
        sender.rpc = FaultyRpc(world.small, balance=lambda address: world.rpc.balance(address) - spent)  # type: ignore[assignment]

    confirm_step(sender, world.deployment)

    with reading(engine) as tx:
        (attempt,) = outbox.read_attempts(tx, "settle:1")
    bound = gas_bound(words=1, updates=2, transfer_logs=True)
    assert bound > ratio_up(estimate, times=5, per=4)
    assert attempt.gas == (bound if is_on and not is_poor else ratio_up(estimate, times=5, per=4))


def test_confirm_step__paused__waits_without_a_nonce(world: LedgerWorld, engine: Engine) -> None:
    submit(world, engine)
    world.administrate("pause")
    sender = world.sender(engine)

    with pytest.raises(errors.LedgerPaused, match=r"LedgerIsPaused\(\)"):
        confirm_step(sender, world.deployment)
    assert (read(engine)[1].state, read(engine)[1].nonce, world.rpc.nonce(world.settler)) == ("parked", None, 0)

    world.administrate("unpause")
    steps = [confirm_step(sender, world.deployment) for _ in range(3)]
    assert [step and step.state for step in steps] == ["submitted", "submitted", "final"]


def test_confirm_step__paused_after_signing__halted_and_raised_again(world: LedgerWorld, engine: Engine) -> None:
    submit(world, engine)
    sender = world.sender(engine)
    confirm_step(sender, world.deployment)
    world.administrate("pause")
    confirm_step(sender, world.deployment)

    for start in (sender, world.sender(engine)):
        with pytest.raises(errors.IntentReverted, match=r"LedgerIsPaused\(\)"):
            confirm_step(start, world.deployment)

    assert read(engine)[0].state == "halted"
    assert submit_step(engine, world.deployment, settler=world.settler, now=NOW) is None
    assert world.settled() == []


def test_confirm_step__over_the_cap__parked_with_reason(world: LedgerWorld, engine: Engine) -> None:
    world.administrate("lowerCaps", (41, *CAPS[1:]))
    submit(world, engine)

    step = confirm_step(world.sender(engine), world.deployment)

    reason = (
        "IssueOverBatchCap(issued=42, cap=41): let the config role raise the caps to at least 42 (issuePerBatch) again"
    )
    assert step == Confirmed(1, "submitted", "parked", reason, None, None)
    assert world.rpc.nonce(world.settler) == 0
    world.administrate("raiseCaps", CAPS)
    sender = world.sender(engine)
    assert [confirm_step(sender, world.deployment).state for _ in range(3)] == ["submitted", "submitted", "final"]


def test_confirm_step__another_batch_under_our_number__halted(world: LedgerWorld, engine: Engine) -> None:
    submit(world, engine)
    sender = world.sender(engine)
    confirm_step(sender, world.deployment)
    ours = read(engine)[0]
    theirs = replace(ours, header=replace(ours.header, time=ours.header.time + 1))
    settle_between(world, theirs)
    confirm_step(sender, world.deployment)

    with pytest.raises(errors.RootMismatch, match="another batch under this number"):
        confirm_step(sender, world.deployment)

    assert (read(engine)[0].state, read(engine)[1].state) == ("halted", "reverted")
    assert submit_step(engine, world.deployment, settler=world.settler, now=NOW) is None


def test_confirm_step__this_very_batch_by_another__final_and_counted_once(world: LedgerWorld, engine: Engine) -> None:
    submit(world, engine)
    sender = world.sender(engine)
    confirm_step(sender, world.deployment)
    settle_between(world, read(engine)[0])
    confirm_step(sender, world.deployment)

    last = confirm_step(sender, world.deployment)

    assert last is not None
    assert (last.state, last.intent_state, last.reason) == ("final", "reverted", "WrongBatchId(expected=2, batchId=1)")
    assert world.balances([*BALANCES[0]]) == BALANCES[0]


def test_confirm_step__chain_ahead__nothing_signed(world: LedgerWorld, engine: Engine) -> None:
    submit(world, engine)
    settle_between(world, read(engine)[0])

    with pytest.raises(errors.ChainAhead, match="restored from an old copy"):
        confirm_step(world.sender(engine), world.deployment)

    assert (read(engine)[1].state, world.rpc.nonce(world.settler)) == ("pending", 0)
