"""A batch's receipts (PROTOCOL §5): one for each change of a member's points, each leaf, and the root."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.receipt_tree import BatchLeaves, derive_salt, make_root
from loyaltychain.audit.store import ReceiptRow, octets
from loyaltychain.core.amounts import POINTS


@dataclass(frozen=True, slots=True)
class Due:
    """What a batch's receipts have to be: of which batch, and for which entries."""

    batch_id: int
    receipt_root: bytes
    chain_id: int
    ledger: str
    entries: Sequence[tuple[str, bytes, Mapping[int, int]]]  # id, digest, changes by member; by position


def check_receipts(due: Due, rows: Sequence[ReceiptRow]) -> list[Finding]:
    """What is wrong with a batch's receipts, given the ledger entries that it settles. Asks nobody.

    That a member's amounts add up to her delta follows: each equals its entry's change here, and the
    changes' sums are compared with the deltas where the batch is checked.
    """
    found = _check_cover(due, rows)
    leaves = BatchLeaves(chain_id=due.chain_id, ledger=due.ledger, batch_id=due.batch_id)
    kept = []
    digests = {entry_id: digest for entry_id, digest, _ in due.entries}
    for row in rows:
        subject = f"receipt {due.batch_id}/{row.index_}"
        expected, digest, leaf = digests.get(row.entry_id), octets(row.entry_digest), octets(row.leaf)
        if expected is not None:
            found += differences("receipt-digest", subject, expected=expected, actual=digest)
        found += _check_leaf(subject, row, leaves, digest=digest, leaf=leaf)
        kept.append(leaf)
    root = make_root(kept)
    return found + differences("receipt-root", f"batch {due.batch_id}", expected=root, actual=due.receipt_root)


def _check_cover(due: Due, rows: Sequence[ReceiptRow]) -> list[Finding]:
    subject = f"batch {due.batch_id}"
    kept = {(row.entry_id, row.member): row for row in rows if row.unit == POINTS}
    found = []
    order = []
    wanted = ((entry_id, member, change) for entry_id, _, changes in due.entries for member, change in changes.items())
    for entry_id, member, change in wanted:
        row = kept.pop((entry_id, member), None)
        name = f"{subject} {entry_id} member {member}"
        if row is None:
            found.append(make_finding("receipt-missing", name, expected=change, actual=None))
            continue
        found += differences("receipt-amount", name, expected=change, actual=row.amount)
        order.append(row.index_)
    for entry_id, member in kept:
        name = f"{subject} {entry_id} member {member}"
        found.append(make_finding("receipt-extra", name, expected=None, actual=kept[entry_id, member].amount))
    if not found and order != list(range(len(rows))):
        expected = f"0 to {len(rows) - 1}"
        found.append(make_finding("receipt-order", subject, expected=expected, actual=str(order)[:80]))
    return found


def _check_leaf(subject: str, row: ReceiptRow, leaves: BatchLeaves, *, digest: bytes, leaf: bytes) -> list[Finding]:
    salt = octets(row.salt)
    found = []
    if row.receipt_key is not None:
        derived = derive_salt(octets(row.receipt_key), entry_digest=digest, unit=row.unit)
        found += differences("receipt-salt", subject, expected=derived, actual=salt)
    due = leaves.hash(row.index_, row.member, row.unit, row.amount, entry_digest=digest, salt=salt)
    return found + differences("receipt-leaf", subject, expected=due, actual=leaf)
