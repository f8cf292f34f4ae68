"""Carries the submitted batch to its end. Final means: the contract holds our batch's hash at a final block.

The contract is the arbiter, the database a cache of it: neither a receipt nor a number that has moved on is proof.
"""

from dataclasses import dataclass

from loyaltychain.chain import outbox
from loyaltychain.chain.intents import ENDS, UNSIGNED, Intent, IntentState
from loyaltychain.chain.observe import finality_depth
from loyaltychain.chain.sender import Sender
from loyaltychain.core import errors
from loyaltychain.core.failpoints import hit
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import reading, transaction
from loyaltychain.settlement import store, void_store
from loyaltychain.settlement.codec import decode
from loyaltychain.settlement.contract import read_ledger
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.gas import gas_bound
from loyaltychain.settlement.guard import check_chain, check_identity, way_out
from loyaltychain.settlement.settled import read_settled
from loyaltychain.settlement.shortage import explain_pending, explain_shortage, is_over_cap
from loyaltychain.settlement.succession import intent_id, newest_intent
from loyaltychain.settlement.types import Batch, State
from loyaltychain.settlement.voids import follow_voids
from loyaltychain.settlement.words import LANES

_RETRY = (
    "the batch is halted; when the cause is mended, `loyaltychain run --retry` sends the same batch again; "
    "the contract counts it once."
)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """How far the submitted batch has come."""

    batch_id: int
    state: State  # of the batch: submitted, final, or void
    intent_state: IntentState
    reason: str | None  # why nothing could be signed, or what a node said last
    block_number: int | None  # where it was mined
    gas_used: int | None


def confirm_step(sender: Sender, deployment: Deployment) -> Confirmed | None:
    """One action for the submitted batch: sign, send, look, or take it into the books as final.

    Nothing is signed before ``check_chain`` has passed.

    Returns:
        None if no batch is submitted. Call again until ``state`` is final, or void because the chain has voided what
        somebody else settled under its number; ``reason`` says what is waited for.

    Raises:
        LedgerPaused: the contract takes no batch at the moment; nothing was signed.
        IntentReverted: the settlement failed for good; the batch is halted.
        NonceTaken: the settler's nonce was used by a transaction that is not ours, for good; the batch is halted.
        RootMismatch: the chain holds another batch under this number; the batch is halted.
        OwnBatchVoided: as ``follow_voids``; so is the batch itself.
        WrongChain, ChainAhead, ChainBehind: as ``check_chain``; nothing was signed.
        SendRefused, RpcUnavailable, DatabaseBusy: as ``Sender.drive``.
    """
    with reading(sender.engine) as tx:
        # A halted batch is concluded again at each start, so that its error is raised until an engineer has acted.
        unfinished = store.batches_in_state(tx, "halted") + store.batches_in_state(tx, "submitted")
        if not unfinished:
            return None
        batch = unfinished[0]
        number = batch.header.batch_id
        intent = newest_intent(tx, number)
        # Right behind a void, who else used the key is known already: he settled what was voided.
        is_exclusive = not 0 < void_store.last_void_id(tx) == number - 1
    if intent.state in UNSIGNED:
        check_chain(sender.engine, sender.rpc, deployment)
        if intent.id != intent_id(number) and _read_hash(sender, deployment, intent, number) == batch.hash:
            # What was signed for it before has settled it after all.
            return _close(sender, batch, intent)
    else:
        # What the database knows is in motion; that it is the right chain still has to be so.
        check_identity(sender.rpc, deployment)
        if _is_lost(sender, deployment, batch, intent):
            return _end(sender, deployment, batch, intent)
    least_gas = _least_gas(sender, deployment, batch, intent)
    intent = sender.drive(intent.id, least_gas=least_gas, is_exclusive=is_exclusive)
    if intent.state in ENDS:
        return _end(sender, deployment, batch, intent)
    if intent.state == "parked" and read_ledger(sender.rpc, deployment, "paused"):
        raise errors.LedgerPaused(batch=number, reason=intent.reason)
    return _confirmed(batch, intent, state="submitted", advice=_advise(sender, deployment, batch, intent))


def _least_gas(sender: Sender, deployment: Deployment, batch: Batch, intent: Intent) -> int:
    """What the batch takes if all its members have wallets when it is mined: bindings may come in before it.

    In root mode transfers are logged when words are synced.
    """
    if (
        deployment.mode == "root"
        or intent.state not in UNSIGNED
        or not read_ledger(sender.rpc, deployment, "transferLogs")
    ):
        return 0
    words = {member // LANES for member, _ in decode(batch.data)}
    return gas_bound(words=len(words), updates=batch.header.updates, transfer_logs=True)


def _is_lost(sender: Sender, deployment: Deployment, batch: Batch, intent: Intent) -> bool:
    """Whether another batch stands under our number for good, so that nothing more is sent or signed for ours.

    Asked before a program's first look at what is on its way, and again once it has halted the batch.
    """
    if sender.has_driven(intent.id) and batch.state != "halted":
        return False
    try:
        held = _read_hash(sender, deployment, intent, batch.header.batch_id)
    except (errors.ChainAhead, errors.RpcUnavailable):
        return False  # forgotten, or a state that the node does not keep: the receipts tell as well, a little later
    return held not in (None, batch.hash)


def _end(sender: Sender, deployment: Deployment, batch: Batch, intent: Intent) -> Confirmed:
    """Close the batch, in the way that the chain says. Raises what halts it."""
    if _is_void(sender, deployment, batch.header.batch_id):
        return _confirmed(batch, intent, state="void")
    _conclude(sender, deployment, batch, intent)
    return _confirmed(batch, intent, state="final")


def _is_void(sender: Sender, deployment: Deployment, number: int) -> bool:
    """Whether the chain has voided it before we came to look."""
    if deployment.mode != "root":
        return False
    depth = finality_depth(sender.rpc, sender.profile, head=sender.rpc.block("latest").number)
    if not follow_voids(sender.engine, sender.rpc, deployment, depth=depth):
        return False
    with reading(sender.engine) as tx:
        batch = store.read_batch(tx, number)
    return batch is None or batch.state == "void"


def _conclude(sender: Sender, deployment: Deployment, batch: Batch, intent: Intent) -> None:
    """Ask the contract and write down what it says."""
    number = batch.header.batch_id
    actual = _read_hash(sender, deployment, intent, number)
    if actual == batch.hash:
        # Also when our own transaction did not do it: then somebody else has settled this very batch, and the contract
        # counts it once.
        place = None if intent.tx_hash is None else f"{intent.id} in block {intent.block_number}"
        hit("batch.before_final")
        _set_state(sender, number, "final", reason=place)
        hit("batch.after_final")
        return
    trouble = _explain(sender, deployment, batch, intent, actual=actual)
    _set_state(sender, number, "halted", reason=trouble.message)
    raise trouble


def _explain(
    sender: Sender, deployment: Deployment, batch: Batch, intent: Intent, *, actual: bytes | None
) -> errors.InvariantError:
    """Why the chain does not hold the batch, and what helps."""
    number = batch.header.batch_id
    if actual is None and intent.is_dead:
        was = "Nothing was signed for" if intent.nonce is None else "What was signed for"
        never = "" if intent.nonce is None else " can never be mined"
        return errors.NonceTaken(
            f"{was} batch {number}{never}: {intent.reason}. Look who else has the settler's key; {_RETRY}",
            batch=number,
            signer=intent.signer,
            nonce=intent.nonce,
        )
    if actual is None and intent.state == "reverted":
        return errors.IntentReverted(
            f"The chain refused batch {number}: {intent.reason}; {_RETRY}", batch=number, block=intent.block_number
        )
    return errors.RootMismatch(
        "The chain holds another batch under this number"
        f"{way_out(sender.rpc, deployment, number, sender.rpc.block('latest').number)}.",
        batch=number,
        expected=to_hex(batch.hash),
        actual=None if actual is None else to_hex(actual),
    )


def _read_hash(sender: Sender, deployment: Deployment, intent: Intent, number: int) -> bytes | None:
    """What the contract holds under this number at the newest final block; None for nothing."""
    head = sender.rpc.block("latest").number
    # A node that lags behind the one we asked before does not know the receipt's block yet, and says so.
    depth = finality_depth(sender.rpc, sender.profile, head=head)
    # And before its first block there is no contract to ask.
    block = max(head - depth, intent.block_number or 0, deployment.first_block)
    return read_settled(sender.rpc, deployment, number, block=block, settled_in=intent.block_number)


def _close(sender: Sender, batch: Batch, intent: Intent) -> Confirmed:
    """The batch is final, and its intent, which nothing was signed for, never will be needed."""
    number, now = batch.header.batch_id, sender.now()
    with transaction(sender.engine) as tx:
        outbox.set_dead(tx, intent, reason="never signed: the contract holds this batch already", now=now)
        store.set_state(tx, number, "final", now=now)
        return _confirmed(batch, newest_intent(tx, number), state="final")


def _advise(sender: Sender, deployment: Deployment, batch: Batch, intent: Intent) -> str | None:
    """What an operator can do about a batch that caps or history refuse."""
    if intent.state != "parked" or not is_over_cap(intent.reason):
        return explain_pending(intent.reason) if intent.state == "parked" else None
    caps, supply = (read_ledger(sender.rpc, deployment, view) for view in ("caps", "totalSupply"))
    assert isinstance(caps, dict) and isinstance(supply, int), (caps, supply)
    return explain_shortage(batch.header, caps, supply=supply)


def _set_state(sender: Sender, number: int, state: State, *, reason: str | None) -> None:
    with transaction(sender.engine) as tx:
        store.set_state(tx, number, state, now=sender.now(), reason=reason)


def _confirmed(batch: Batch, intent: Intent, *, state: State, advice: str | None = None) -> Confirmed:
    reason = intent.reason if advice is None else f"{intent.reason}: {advice}"
    return Confirmed(batch.header.batch_id, state, intent.state, reason, intent.block_number, intent.gas_used)
