"""Takes over what the chain has settled and this database does not know, as after a restore: only what the ledger
proves to be its own. Signs and sends nothing.

A batch is taken over when its ledger head stands in our hash chain, and everything else of it (changes, receipts,
roots, supply, its place, its hash) follows from our own rows: then nobody but this programme can have made it. It comes
in as final, with the transaction that settled it. At the first batch that is not proven it stops, and says why.

Receipts' salts come from random keys of the members, so a batch with a member whose key was made after the backup is
beyond proof, though her entry be there.
"""

from dataclasses import dataclass

from sqlalchemy import Engine, select

from loyaltychain.actions.log import record
from loyaltychain.chain import outbox
from loyaltychain.chain.intents import ENDS, UNSIGNED, Intent, Mined, NewIntent
from loyaltychain.chain.rpc import Rpc, Transaction
from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import keccak256, to_hex
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.db.lock import lock
from loyaltychain.ledger.store import read_entries
from loyaltychain.ledger.tables import entries
from loyaltychain.settlement import codec, store, void_store
from loyaltychain.settlement.chain_batches import SettledBatch, read_settled_batches
from loyaltychain.settlement.contract import read_ledger
from loyaltychain.settlement.cut import Change, changes_of
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.readback import prove_batch
from loyaltychain.settlement.receipt_tree import Leaf
from loyaltychain.settlement.salts import receipt_salt
from loyaltychain.settlement.succession import intents_of, next_intent_id
from loyaltychain.settlement.types import Batch, Receipt


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What came of it.

    Args:
        numbers: The batches that are final here now.
        stopped_at: The first one that is not; None: the chain has no more.
        reason: Why, in words; None with ``stopped_at``.
    """

    numbers: tuple[int, ...] = ()
    stopped_at: int | None = None
    reason: str | None = None


class _Unproven(Exception):
    """Why a batch is not taken over."""


def take_over(
    engine: Engine, rpc: Rpc, deployment: Deployment, *, depth: int, actor: str, now: UnixSeconds
) -> TakenOver:
    """Take over what is settled at the newest final block and not known as void, batch by batch. ``check_identity`` has
    passed, and in root mode ``take_over_voids``.

    Args:
        depth: Blocks on top of a block that make it final.
        actor: Who asked for it, for the log of actions.

    Raises:
        RpcUnavailable: the chain does not answer, or its logs do not lead to what the contract says.
        DatabaseBusy: somebody else settles at this moment.
    """
    final = max(rpc.block("latest").number - depth, 0)
    last = read_ledger(rpc, deployment, "lastBatchId", block=final)
    assert isinstance(last, int), last
    with reading(engine) as tx:
        newest = store.last_final(tx)
        known = newest.header.batch_id if newest else 0
        # Good ones may stand before, between and behind those that are void.
        void = {number for each in void_store.read_voids(tx) for number in range(each.first, each.last + 1)}
        begin = _block_of(tx, newest) or deployment.first_block
    wanted = [number for number in range(known + 1, last + 1) if number not in void]
    done: list[int] = []
    for settled in read_settled_batches(rpc, deployment, wanted, first=begin, last=final):
        number = settled.header.batch_id
        try:
            with transaction(engine) as tx:
                lock(tx, "seal")
                _take(tx, rpc, deployment, settled, actor=actor, now=now)
        except _Unproven as why:
            return TakenOver(tuple(done), number, str(why))
        except errors.RootMismatch as mismatch:
            field = mismatch.context.get("field")
            return TakenOver(tuple(done), number, f"its {field} does not follow from this database's ledger")
        done.append(number)
    ahead = read_ledger(rpc, deployment, "lastBatchId")
    if isinstance(ahead, int) and ahead > last:
        return TakenOver(tuple(done), last + 1, "it is not final yet: look again later")
    return TakenOver(tuple(done))


def _block_of(tx: Tx, batch: Batch | None) -> int | None:
    """The block in which it was settled, as the database knows it."""
    found = [] if batch is None else intents_of(tx, batch.header.batch_id)
    return next((each.block_number for each in reversed(found) if each.state == "final"), None)


def _take(tx: Tx, rpc: Rpc, deployment: Deployment, settled: SettledBatch, *, actor: str, now: UnixSeconds) -> None:
    number, sent = settled.header.batch_id, _transaction(rpc, deployment, settled)
    ours, whole = store.read_batch(tx, number), settled.hash_on(deployment)
    intent = _end_intents(tx, number, sent, is_same=ours is not None and ours.hash == whole, now=now)
    if ours is None or ours.hash != whole:
        _forget_from(tx, number, now=now)
        _insert(tx, deployment, settled)
    else:
        if ours.state == "sealed":
            store.set_state(tx, number, "submitted", now=now, reason="taken over")
        store.set_state(tx, number, "final", now=now, reason=f"taken over from block {sent.block_number}")
    prove_batch(tx, deployment, number)
    _note_intent(tx, rpc, deployment, number, sent, intent, now=now)
    facts = {"block": sent.block_number, "transaction": to_hex(sent.tx_hash), "hash": to_hex(whole)}
    record(
        tx, actor=actor, action="batch.taken-over", subject=f"batch:{number}",
        reason="the chain has it, and the ledger proves it", at=now, details=facts,
    )  # fmt: skip


def _transaction(rpc: Rpc, deployment: Deployment, settled: SettledBatch) -> Transaction:
    """The transaction that settled it, in the block that its log names."""
    sent = rpc.transaction(settled.log.tx_hash)
    if sent is None or sent.block_hash != settled.log.block_hash:
        raise errors.RpcUnavailable("The node does not know the transaction of its own log; ask again, or another one.")
    if sent.target != deployment.ledger.lower():
        raise _Unproven("it was not settled by a settler's own transaction")
    return sent


def _end_intents(tx: Tx, number: int, sent: Transaction, *, is_same: bool, now: UnixSeconds) -> Intent | None:
    """End what was asked for under this number: it has happened by ``sent``, or never will.

    Returns:
        The intent that ``sent`` was for, still to be made final.

    Raises _Unproven where something that was signed may still be mined.
    """
    for intent in intents_of(tx, number):
        if intent.state in ENDS:
            continue
        if intent.state in UNSIGNED:
            outbox.set_dead(tx, intent, reason="never signed: the chain has a batch of this number", now=now)
            continue
        assert intent.nonce is not None, intent
        if intent.signer != sent.sender or intent.nonce > sent.nonce:
            raise _Unproven(f"{intent.id}, signed by {intent.signer}, may still be mined: let `worker` end it first")
        if is_same and intent.nonce == sent.nonce:
            return intent
        outbox.set_dead(tx, intent, reason="a final block holds another transaction of its nonce", now=now)
    return None


def _forget_from(tx: Tx, number: int, *, now: UnixSeconds) -> None:
    """Our own batches from this number on never were, and never will be: the chain has another one here."""
    for each, _, _ in void_store.void_batches_from(tx, number, now=now, reason="the chain has another batch here"):
        for intent in intents_of(tx, each):
            if intent.state in UNSIGNED:
                outbox.set_dead(tx, intent, reason="never signed: the chain has another batch", now=now)
            elif intent.state not in ENDS:
                raise _Unproven(f"{intent.id}, of a batch that hangs on another one, may still be mined")
        void_store.delete_batch(tx, each)


def _insert(tx: Tx, deployment: Deployment, settled: SettledBatch) -> None:
    """The batch as it follows from our ledger, with the header's own time. Its proof comes after it."""
    header = settled.header
    before = store.batch_before(tx, header.batch_id)
    first = before.to_position + 1 if before else 1
    last = tx.execute(
        select(entries.c.position).where(entries.c.head == to_hex(header.ledger_head))
    ).scalar_one_or_none()
    if last is None or last < first:
        raise _Unproven("its ledger head is not in this database's ledger: its entries are missing here, or not ours")
    changes = [change for one in read_entries(tx, first - 1, last) for change in changes_of(one.entry)]
    batch = Batch(header, first, last, settled.data, settled.hash_on(deployment), "final")
    if keccak256(settled.data) != header.data_hash:
        raise _Unproven("its data are not what its header commits to")
    store.insert_batch(tx, batch)
    store.insert_updates(tx, header.batch_id, _net(settled.data, changes))
    store.insert_receipts(tx, _receipts(tx, deployment, header.batch_id, changes))


def _net(data: bytes, changes: list[Change]) -> dict[int, int]:
    """What the entries change, which has to be what the data says."""
    totals: dict[int, int] = {}
    for change in changes:
        totals[change.member] = totals.get(change.member, 0) + change.amount
    net = {member: total for member, total in sorted(totals.items()) if total}
    try:
        said = dict(codec.decode(data))
    except errors.InvariantError as error:
        raise _Unproven(error.message) from error
    if net != said:
        off = sorted(member for member in {*net, *said} if net.get(member) != said.get(member))
        lines = [f"member {each}: chain {said.get(each, 0):+}, books {net.get(each, 0):+}" for each in off[:10]]
        raise _Unproven(f"it changes other points than the entries do ({'; '.join(lines)})")
    return net


def _receipts(tx: Tx, deployment: Deployment, number: int, changes: list[Change]) -> list[Receipt]:
    owners = sorted({change.member for change in changes})
    keys = store.read_receipt_keys(tx, owners)
    if missing := [member for member in owners if member not in keys]:
        some = ", ".join(map(str, missing[:10])) + (" …" if len(missing) > 10 else "")
        raise _Unproven(
            f"the receipt keys of {len(missing)} of its members (number {some}) were made after the backup, or erased"
        )
    made = []
    for index, change in enumerate(changes):
        salt = receipt_salt(keys[change.member], entry_digest=change.entry_digest, unit=POINTS)
        leaf = Leaf(
            deployment.chain_id, deployment.ledger, number, index, change.member, POINTS, change.amount,
            change.entry_digest, salt,
        )  # fmt: skip
        made.append(
            Receipt(
                number, index, change.member, POINTS, change.amount, change.entry_id, change.entry_digest, salt,
                leaf.digest,
            )
        )  # fmt: skip
    return made


def _note_intent(
    tx: Tx, rpc: Rpc, deployment: Deployment, number: int, sent: Transaction, intent: Intent | None, *, now: UnixSeconds
) -> None:
    """Keep by which transaction it was settled, and so that its nonce is known to be ours."""
    receipt = rpc.receipt(sent.tx_hash)
    if receipt is None:
        raise errors.RpcUnavailable("The node has no receipt of a transaction in its own logs; ask again.")
    if intent is None:
        new = NewIntent(next_intent_id(tx, number), deployment.chain_id, sent.sender, deployment.ledger, sent.input)
        intent = outbox.adopt(tx, new, nonce=sent.nonce, now=now)
    outbox.set_final(tx, intent, Mined.of(receipt), now=now)
