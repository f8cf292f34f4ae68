"""Puts the oldest sealed batch into the outbox. Signs and sends nothing: that is ``confirm``, through the sender."""

from dataclasses import dataclass

from sqlalchemy import Engine

from loyaltychain.chain import artifacts, outbox
from loyaltychain.chain.abi import encode_call
from loyaltychain.chain.intents import NewIntent
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.settlement import store
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.types import Batch


@dataclass(frozen=True, slots=True)
class Submitted:
    """A batch whose intent now stands in the outbox."""

    batch_id: int
    intent_id: str


def intent_id(batch_id: int) -> str:
    """The one intent of a batch: one number, one settlement."""
    return f"settle:{batch_id}"


def submit_step(engine: Engine, deployment: Deployment, *, settler: str, now: UnixSeconds) -> Submitted | None:
    """Submit the oldest sealed batch: its intent and its state in one transaction.

    One batch is on its way at a time, because the contract takes them in order: while one is submitted or halted,
    the next one waits.

    Args:
        settler: Address that may call ``settle``.

    Returns:
        None if there is nothing to submit, or not yet.
    """
    with reading(engine) as tx:
        if _find_due(tx) is None:
            return None  # the usual case takes no write lock
    with transaction(engine) as tx:
        batch = _find_due(tx)
        if batch is None:
            return None
        number = batch.header.batch_id
        intent = NewIntent(
            id=intent_id(number),
            chain_id=deployment.chain_id,
            signer=settler,
            target=deployment.ledger,
            calldata=make_settle_call(batch),
        )
        outbox.enqueue(tx, intent, now=now)
        store.set_state(tx, number, "submitted")
    return Submitted(number, intent.id)


def _find_due(tx: Tx) -> Batch | None:
    """The oldest sealed batch, unless another one is on its way or halted."""
    if store.batches_in_state(tx, "submitted") or store.batches_in_state(tx, "halted"):
        return None
    return next(iter(store.batches_in_state(tx, "sealed")), None)


def make_settle_call(batch: Batch) -> bytes:
    """Calldata of ``settle(Batch, bytes)``: the header without ``dataHash``, which the contract computes."""
    header = batch.header
    fields = (
        header.batch_id,
        header.prev_hash,
        header.balance_root,
        header.receipt_root,
        header.ledger_head,
        header.program_hash,
        header.time,
        header.updates,
        header.issued,
        header.burned,
    )
    return encode_call(artifacts.load("PointsLedger").abi, "settle", (fields, batch.data))
