"""Receipts as members get them: a document that holds all that a stranger needs to check one against the chain.

Only reads. Checking a document is the auditor's business, which shares no code with this.
"""

from typing import Any

from loyaltychain.core.errors import InvariantError, UnknownMember, UnknownReceipt
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.store import read_entries
from loyaltychain.ledger.types import Entry
from loyaltychain.settlement import store, void_store
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.receipt_tree import make_tree, prove
from loyaltychain.settlement.types import Batch, Receipt

FORMAT = "loyaltychain/receipt/v1"


def show_receipt(
    tx: Tx, deployment: Deployment, *, entry_id: str | None = None, place: tuple[int, int] | None = None
) -> dict[str, Any]:
    """The document of one receipt, found by its entry or by its place (batch, index). Integers, and hashes as 0x text.

    Raises UnknownReceipt, which says what there is instead: no such entry, an entry that is not sealed yet or changes
    no balance, an entry with several receipts, a batch that is not there, is void, or has fewer receipts.
    """
    assert (entry_id is None) != (place is None), "name an entry or a place"
    receipt = receipt_of_entry(tx, entry_id) if entry_id is not None else receipt_at(tx, *(place or (0, 0)))
    batch = store.read_batch(tx, receipt.batch_id)
    if batch is None:
        raise InvariantError("A receipt names a batch that is not there.", batch=receipt.batch_id)
    leaves = [each.leaf for each in store.read_receipts(tx, receipt.batch_id)]
    return {
        "format": FORMAT,
        "network": deployment.network,
        "chain_id": deployment.chain_id,
        "ledger": deployment.ledger,
        "batch": batch_document(batch),
        "index": receipt.index,
        "member": receipt.member,
        "unit": receipt.unit,
        "amount": receipt.amount,
        "entry": _entry(tx, receipt).document,
        "entry_digest": to_hex(receipt.entry_digest),
        "salt": to_hex(receipt.salt),
        "proof": [to_hex(sibling) for sibling in prove(make_tree(leaves), receipt.index)],
    }


def receipt_of_entry(tx: Tx, entry_id: str) -> Receipt:
    """The one receipt of this entry. Raises UnknownReceipt as ``show_receipt`` does."""
    found = store.receipts_of_entry(tx, entry_id)
    if len(found) == 1:
        return found[0]
    if found:
        places = [(receipt.batch_id, receipt.index) for receipt in found]
        raise UnknownReceipt("This entry has several receipts; name one by its place.", entry=entry_id, places=places)
    position = store.position_of_entry(tx, entry_id)
    if position is None:
        raise UnknownReceipt("There is no entry of this id.", entry=entry_id)
    last = store.last_batch(tx)
    settled_to = last.to_position if last else 0
    if position > settled_to:
        facts = {"entry": entry_id, "position": position, "sealed_up_to": settled_to}
        raise UnknownReceipt("This entry is in the ledger, but in no sealed batch yet.", **facts)
    raise UnknownReceipt("This entry changed no balance of points, so it has no receipt.", entry=entry_id)


def receipt_at(tx: Tx, batch_id: int, index: int) -> Receipt:
    """The receipt with this index in this batch. Raises UnknownReceipt if there is none, saying how many there are,
    and if the batch is void: what it settled has receipts in a later one."""
    batch = store.read_batch(tx, batch_id)
    if batch is None:
        last = store.last_batch(tx)
        last_id = last.header.batch_id if last else 0
        raise UnknownReceipt("There is no batch of this number.", batch=batch_id, last_batch=last_id)
    if batch.state == "void":
        void = void_store.find_void(tx, batch_id)
        raise UnknownReceipt(
            "This batch was voided, and its receipts with it: ask for the receipt by its entry or event.",
            batch=batch_id,
            fraud=void.reason if void else None,
        )
    found = store.read_receipts(tx, batch_id)
    if not 0 <= index < len(found):
        raise UnknownReceipt("The batch has no receipt of this index.", batch=batch_id, index=index, count=len(found))
    return found[index]


def receipts_of_event(tx: Tx, source: str, event_id: str) -> list[Receipt]:
    """All receipts that this event brought, by (batch, index).

    Raises UnknownReceipt if it brought none so far, with the entries that were made for it.
    """
    cause = f"{source}/{event_id}"
    found = store.receipts_of_cause(tx, cause)
    if not found:
        waiting = store.entry_ids_of_cause(tx, cause)
        message = "This event's entries have no receipt yet." if waiting else "No entry was made for this event."
        raise UnknownReceipt(message, cause=cause, entries=waiting)
    return found


def receipts_of_member(tx: Tx, member_id: str) -> list[Receipt]:
    """All receipts of the member with this id of the programme's own, oldest first; empty if none is sealed yet.

    Raises UnknownMember if nobody has this id.
    """
    if not store.member_exists(tx, member_id):
        raise UnknownMember(member_id=member_id)
    return store.receipts_of_member(tx, member_id)


def batch_document(batch: Batch) -> dict[str, Any]:
    """The batch's header under the names that it has on chain, with its hash."""
    header = batch.header
    return {
        "batchId": header.batch_id,
        "prevHash": to_hex(header.prev_hash),
        "balanceRoot": to_hex(header.balance_root),
        "receiptRoot": to_hex(header.receipt_root),
        "ledgerHead": to_hex(header.ledger_head),
        "programHash": to_hex(header.program_hash),
        "dataHash": to_hex(header.data_hash),
        "time": header.time,
        "updates": header.updates,
        "issued": header.issued,
        "burned": header.burned,
        "supply": header.supply,
        "batchHash": to_hex(batch.hash),
    }


def _entry(tx: Tx, receipt: Receipt) -> Entry:
    position = store.position_of_entry(tx, receipt.entry_id)
    if position is None:
        raise InvariantError("A receipt's entry is not in the ledger.", entry=receipt.entry_id)
    return read_entries(tx, position - 1, position)[0].entry
