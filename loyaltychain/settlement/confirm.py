"""Carries the submitted batch to its end. Final means: the contract holds our batch's hash at a final block.

The contract is the arbiter, the database a cache of it: neither a receipt nor a number that has moved on is proof.
"""

from dataclasses import dataclass

from sqlalchemy import Engine

from loyaltychain.chain import outbox
from loyaltychain.chain.intents import ENDS, UNSIGNED, Intent, IntentState
from loyaltychain.chain.sender import Sender
from loyaltychain.core import errors
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import reading, transaction
from loyaltychain.settlement import store
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.guard import check_chain, check_identity, read_ledger
from loyaltychain.settlement.submit import intent_id
from loyaltychain.settlement.types import Batch, State


@dataclass(frozen=True, slots=True)
class Confirmed:
    """How far the submitted batch has come."""

    batch_id: int
    state: State  # of the batch: submitted, or final
    intent_state: IntentState
    reason: str | None  # why nothing could be signed, or what a node said last
    block_number: int | None  # where it was mined
    gas_used: int | None


def confirm_step(sender: Sender, deployment: Deployment) -> Confirmed | None:
    """One action for the submitted batch: sign, send, look, or take it into the books as final.

    Nothing is signed before ``check_chain`` has passed.

    Returns:
        None if no batch is submitted. Call again until ``state`` is final; ``reason`` says what is waited for.

    Raises:
        LedgerPaused: the contract takes no batch at the moment; nothing was signed.
        IntentReverted: the settlement failed for good; the batch is halted.
        RootMismatch: the chain holds another batch under this number; the batch is halted.
        WrongChain, ChainAhead, ChainBehind: as ``check_chain``; nothing was signed.
        NonceTaken, SendRefused, RpcUnavailable, DatabaseBusy: as ``Sender.drive``.
    """
    with reading(sender.engine) as tx:
        # A halted batch is concluded again at each start, so that its error is raised until an engineer has acted.
        unfinished = store.batches_in_state(tx, "halted") + store.batches_in_state(tx, "submitted")
        if not unfinished:
            return None
        batch = unfinished[0]
        intent = outbox.read_intent(tx, intent_id(batch.header.batch_id))
    if intent.state in UNSIGNED:
        check_chain(sender.engine, sender.rpc, deployment)
    else:
        # What the database knows is in motion; that it is the right chain still has to be so.
        check_identity(sender.rpc, deployment)
    intent = sender.drive(intent.id)
    if intent.state in ENDS:
        _conclude(sender, deployment, batch, intent)
        return _confirmed(batch, intent, state="final")
    if intent.state == "parked" and read_ledger(sender.rpc, deployment, "paused"):
        raise errors.LedgerPaused(batch=batch.header.batch_id, reason=intent.reason)
    return _confirmed(batch, intent, state="submitted")


def _conclude(sender: Sender, deployment: Deployment, batch: Batch, intent: Intent) -> None:
    """Ask the contract, at the block of the final receipt, and write down what it says."""
    number = batch.header.batch_id
    actual = _read_hash(sender, deployment, number, block=intent.block_number)
    if actual == batch.hash:
        # Also when our own transaction reverted: then somebody else has settled this very batch before it, and the
        # contract counts it once.
        _set_state(sender.engine, number, "final")
        return
    _set_state(sender.engine, number, "halted")
    if actual is None and intent.state == "reverted":
        raise errors.IntentReverted(batch=number, reason=intent.reason, block=intent.block_number)
    raise errors.RootMismatch(
        "The chain holds another batch under this number.",
        batch=number,
        expected=to_hex(batch.hash),
        actual=None if actual is None else to_hex(actual),
    )


def _read_hash(sender: Sender, deployment: Deployment, number: int, *, block: int | None) -> bytes | None:
    """What the contract holds under this number at that block; None for nothing."""
    try:
        actual = read_ledger(sender.rpc, deployment, "batchHashOf", number, block=block)
    except errors.Reverted:
        return None  # UnknownBatch
    assert isinstance(actual, bytes), actual
    return actual


def _set_state(engine: Engine, number: int, state: State) -> None:
    with transaction(engine) as tx:
        store.set_state(tx, number, state)


def _confirmed(batch: Batch, intent: Intent, *, state: State) -> Confirmed:
    return Confirmed(batch.header.batch_id, state, intent.state, intent.reason, intent.block_number, intent.gas_used)
