"""A batch's receipts (PROTOCOL §5): one for each change of a member's points, each leaf, and the root."""

from collections.abc import Sequence

from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.headers import Header
from loyaltychain.audit.receipt_tree import Leaf, derive_salt, hash_leaf, make_root
from loyaltychain.audit.store import Row, octets
from loyaltychain.audit.walk_ledger import ProvenEntry
from loyaltychain.core.amounts import POINTS


def check_receipts(
    header: Header, rows: Sequence[Row], entries: Sequence[ProvenEntry], *, chain_id: int, ledger: str
) -> list[Finding]:
    """What is wrong with a batch's receipts, given the ledger entries that it settles.

    That a member's amounts add up to her delta follows: each equals its entry's change here, and the
    changes' sums are compared with the deltas where the batch is checked.
    """
    found = _check_cover(header, rows, entries)
    by_id = {entry.entry_id: entry for entry in entries}
    for row in rows:
        subject = f"receipt {header.batch_id}/{row['index']}"
        entry = by_id.get(row["entry_id"])
        if entry is not None:
            found += differences("receipt-digest", subject, expected=entry.digest, actual=octets(row["entry_digest"]))
        found += _check_leaf(subject, row, batch_id=header.batch_id, chain_id=chain_id, ledger=ledger)
    root = make_root([octets(row["leaf"]) for row in rows])
    return found + differences("receipt-root", f"batch {header.batch_id}", expected=root, actual=header.receipt_root)


def _check_cover(header: Header, rows: Sequence[Row], entries: Sequence[ProvenEntry]) -> list[Finding]:
    subject = f"batch {header.batch_id}"
    kept = {(row["entry_id"], row["member"]): row for row in rows if row["unit"] == POINTS}
    due = [(entry.entry_id, member, change) for entry in entries for member, change in entry.changes.items()]
    found = []
    order = []
    for entry_id, member, change in due:
        row = kept.pop((entry_id, member), None)
        name = f"{subject} {entry_id} member {member}"
        if row is None:
            found.append(make_finding("receipt-missing", name, expected=change, actual=None))
            continue
        found += differences("receipt-amount", name, expected=change, actual=row["amount"])
        order.append(row["index"])
    for entry_id, member in kept:
        name = f"{subject} {entry_id} member {member}"
        found.append(make_finding("receipt-extra", name, expected=None, actual=kept[entry_id, member]["amount"]))
    if not found and order != list(range(len(rows))):
        expected = f"0 to {len(rows) - 1}"
        found.append(make_finding("receipt-order", subject, expected=expected, actual=str(order)[:80]))
    return found


def _check_leaf(subject: str, row: Row, *, batch_id: int, chain_id: int, ledger: str) -> list[Finding]:
    digest, salt = octets(row["entry_digest"]), octets(row["salt"])
    found = []
    if row["receipt_key"] is not None:
        derived = derive_salt(octets(row["receipt_key"]), entry_digest=digest, unit=row["unit"])
        found += differences("receipt-salt", subject, expected=derived, actual=salt)
    leaf = Leaf(
        chain_id=chain_id,
        ledger=ledger,
        batch_id=batch_id,
        index=row["index"],
        member=row["member"],
        unit=row["unit"],
        amount=row["amount"],
        entry_digest=digest,
        salt=salt,
    )
    return found + differences("receipt-leaf", subject, expected=hash_leaf(leaf), actual=octets(row["leaf"]))
