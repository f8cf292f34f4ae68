"""Puts the oldest sealed batch into the outbox, and once more a batch whose intent is dead.

Signs and sends nothing: that is ``confirm``, through the sender.
"""

from dataclasses import dataclass

from sqlalchemy import Engine

from loyaltychain.chain import artifacts, outbox
from loyaltychain.chain.abi import encode_call
from loyaltychain.chain.intents import UNSIGNED, NewIntent
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.failpoints import hit
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.settlement import store
from loyaltychain.settlement.contract import read_ledger
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.succession import append_successor, newest_intent, next_intent_id
from loyaltychain.settlement.types import Batch


@dataclass(frozen=True, slots=True)
class Submitted:
    """A batch whose intent now stands in the outbox."""

    batch_id: int
    intent_id: str


def submit_step(engine: Engine, deployment: Deployment, *, settler: str, now: UnixSeconds) -> Submitted | None:
    """Submit the oldest sealed batch: its intent and its state in one transaction.

    One batch is on its way at a time, because the contract takes them in order: while one is submitted or halted,
    the next one waits. A submitted one that nothing was signed for follows the settler: when he was exchanged, a new
    intent takes the place of the old one, which is never signed then.

    Args:
        settler: Address that may call ``settle``.

    Returns:
        None if there is nothing to submit, or not yet.

    Raises:
        DatabaseBusy: somebody has signed the old intent in the meantime.
    """
    with reading(engine) as tx:
        if _find_due(tx) is None and _find_orphan(tx, settler) is None:
            return None  # the usual case takes no write lock
    with transaction(engine) as tx:
        orphan = _find_orphan(tx, settler)
        if orphan is not None:
            return _hand_over(tx, orphan, settler=settler, now=now)
        batch = _find_due(tx)
        if batch is None:
            return None
        number = batch.header.batch_id
        intent = NewIntent(
            id=next_intent_id(tx, number),
            chain_id=deployment.chain_id,
            signer=settler,
            target=deployment.ledger,
            calldata=make_settle_call(batch),
        )
        outbox.enqueue(tx, intent, now=now)
        store.set_state(tx, number, "submitted", now=now, reason=intent.id)
        hit("submit.before_commit")
    hit("submit.after_commit")
    return Submitted(number, intent.id)


def retry_step(engine: Engine, rpc: Rpc, deployment: Deployment, *, settler: str, now: UnixSeconds) -> Submitted | None:
    """Submit the halted batch once more, if what was signed for it can never settle it any more.

    An engineer's decision, taken after ``check_chain`` has passed. The proof: the newest intent ended without effect
    (failed in a final block, or its nonce was used by another for good), and the contract stands at the very batch
    before this one. The same holds for one that nothing was signed for because its signer was used by somebody else.

    Returns:
        None if no batch is halted, or the proof is not there; ``confirm_step`` says then how things are.
    """
    with reading(engine) as tx:
        batch = next(iter(store.batches_in_state(tx, "halted")), None)
        if batch is None:
            return None
        number = batch.header.batch_id
        dead = newest_intent(tx, number)
    if dead.state != "reverted" or not is_next(rpc, deployment, batch):
        return None
    with transaction(engine) as tx:
        if newest_intent(tx, number).id != dead.id:
            return None  # somebody else was faster
        successor = append_successor(tx, number, settler=settler, now=now)
        store.set_state(tx, number, "submitted", now=now, reason=successor, transitions=store.RETRY)
    return Submitted(number, successor)


def is_next(rpc: Rpc, deployment: Deployment, batch: Batch) -> bool:
    """Whether the contract stands at the batch before this one, on the same history."""
    head = rpc.block("latest").number
    last = read_ledger(rpc, deployment, "lastBatchId", block=head)
    last_hash = read_ledger(rpc, deployment, "lastBatchHash", block=head)
    return (last, last_hash) == (batch.header.batch_id - 1, batch.header.prev_hash)


def _find_orphan(tx: Tx, settler: str) -> int | None:
    """The number of the submitted batch that nothing was signed for and whose signer is not the settler any more."""
    for batch in store.batches_in_state(tx, "submitted"):
        intent = newest_intent(tx, batch.header.batch_id)
        if intent.state in UNSIGNED and intent.signer != settler.lower():
            return batch.header.batch_id
    return None


def _hand_over(tx: Tx, number: int, *, settler: str, now: UnixSeconds) -> Submitted:
    old = newest_intent(tx, number)
    reason = f"never signed: the settler is {settler.lower()} now, not {old.signer}"
    outbox.set_dead(tx, old, reason=reason, now=now)
    return Submitted(number, append_successor(tx, number, settler=settler, now=now))


def _find_due(tx: Tx) -> Batch | None:
    """The oldest sealed batch, unless another one is on its way or halted."""
    if store.batches_in_state(tx, "submitted") or store.batches_in_state(tx, "halted"):
        return None
    return next(iter(store.batches_in_state(tx, "sealed")), None)


def make_settle_call(batch: Batch) -> bytes:
    """Calldata of ``settle(Batch, bytes)``: the header without ``dataHash`` and ``supply``, the contract's own."""
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
