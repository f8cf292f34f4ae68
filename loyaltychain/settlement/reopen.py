"""Opens a sealed batch again, so that its entries are sealed anew: an operator's move when it can never be settled.

The proof that no point can be counted twice: every transaction that was signed for the batch is dead for good (it
failed in a final block, or another one used its nonce there), and the contract still waits for this number behind the
same history. Whoever has the batch's calldata cannot settle it without the settler's key. What hangs on the batch was
never submitted, and opens with it. Signs and sends nothing.
"""

from sqlalchemy import Engine

from loyaltychain.actions.log import record
from loyaltychain.chain import outbox
from loyaltychain.chain.intents import UNSIGNED
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.db.lock import lock
from loyaltychain.settlement import store, void_store
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.submit import is_next
from loyaltychain.settlement.succession import intents_of
from loyaltychain.settlement.types import Batch


def reopen_step(
    engine: Engine, rpc: Rpc, deployment: Deployment, *, number: int, actor: str, reason: str, now: UnixSeconds
) -> list[int]:
    """Forget the batch in the way, and those behind it; their numbers are given again. ``check_chain`` has passed.

    Args:
        number: The batch that is meant. It is the one that is halted, or submitted and not signed.
        actor, reason: Who opens it and why, for the log of actions.

    Returns:
        The numbers of the batches that were opened.

    Raises:
        InvalidOperation: this batch is not in the way, or the contract does not wait for it.
        NotYetFinal: something that was signed for it may settle it yet.
        DatabaseBusy: somebody has signed something for it in the meantime.
    """
    with reading(engine) as tx:
        batch = _in_the_way(tx, number)
    if not is_next(rpc, deployment, batch):
        raise errors.InvalidOperation(
            f"The contract does not wait for batch {number} behind this database's batch {number - 1}: let "
            "`loyaltychain run` find out what it holds.",
            batch=number,
        )
    with transaction(engine) as tx:
        lock(tx, "seal")  # else a batch could be sealed on one that goes
        _in_the_way(tx, number)
        for intent in intents_of(tx, number):
            if intent.state in UNSIGNED:
                outbox.set_dead(tx, intent, reason="never signed: the batch was opened again", now=now)
        opened = [row[0] for row in void_store.void_batches_from(tx, number, now=now, reason=f"opened again: {reason}")]
        for each in opened:
            void_store.delete_batch(tx, each)
        facts = {"batches": opened, "hash": batch.hash.hex()}
        record(
            tx, actor=actor, action="batch.reopened", subject=f"batch:{number}", reason=reason, at=now, details=facts
        )
    return opened


def _in_the_way(tx: Tx, number: int) -> Batch:
    unfinished = store.batches_in_state(tx, "halted") + store.batches_in_state(tx, "submitted")
    batch = next((each for each in unfinished if each.header.batch_id == number), None)
    if batch is None:
        where = ", ".join(f"batch {each.header.batch_id} is {each.state}" for each in unfinished) or "none is"
        raise errors.InvalidOperation(
            f"Batch {number} is not halted, nor on its way: {where}. Only such a one can be opened again.", batch=number
        )
    for intent in intents_of(tx, number):
        if intent.state not in (*UNSIGNED, "reverted"):
            raise errors.NotYetFinal(
                f"What was signed for batch {number} may settle it yet: let `loyaltychain run` carry it to its end.",
                intent=intent.id,
                state=intent.state,
            )
    return batch
