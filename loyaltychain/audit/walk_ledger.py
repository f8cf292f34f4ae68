"""The ledger from nothing (PROTOCOL §6): entries' digests, positions, the hash chain, and what moved on chain."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.store import (
    Row,
    StoredEntry,
    octets,
    read_positioned,
    read_posting_sums,
    read_unpositioned,
    read_volumes,
)
from loyaltychain.core import canonical
from loyaltychain.core.amounts import POINTS
from loyaltychain.core.hashing import ZERO_HASH, to_hex
from loyaltychain.core.json_text import parse_json

MEMBER_ACCOUNT: Final = re.compile(r"member:([1-9][0-9]*):(available|held)")
DEBT_ACCOUNT: Final = re.compile(r"member:[1-9][0-9]*:debt")  # what she owes, as a balance of zero or below


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry at its place in the chain. ``changes`` are the points that each member's accounts gained or lost."""

    position: int
    entry_id: str
    digest: bytes  # as stored; a difference from the content is reported
    head: bytes  # as stored; a difference from the chain is reported
    program: str | None
    changes: dict[int, int]  # by ascending member, zeros left out


def walk_ledger(tx: Connection, findings: list[Finding]) -> Iterator[ProvenEntry]:
    """The entries by position. Adds to ``findings`` what breaks the chain, and goes on from what is stored."""
    position, head = 0, ZERO_HASH
    for stored in read_positioned(tx):
        assert stored.position is not None, stored
        findings += differences(
            "entry-position", f"position {stored.position}", expected=position + 1, actual=stored.position
        )
        position = stored.position
        stored_head = octets(stored.head)
        if stored.content is None:
            findings.append(make_finding("entry-missing", stored.entry_id, expected="an entry", actual=None))
        else:
            findings += check_entry(stored)
            digest = octets(stored.content["digest"])
            extended = extend_head(head, position, recorded_at=int(stored.content["recorded_at"]), digest=digest)
            findings += differences("entry-chain", stored.entry_id, expected=extended, actual=stored_head)
            changes = fold_changes(stored.postings)
            yield ProvenEntry(position, stored.entry_id, digest, stored_head, stored.content["program"], changes)
        head = stored_head


def extend_head(head: bytes, position: int, *, recorded_at: int, digest: bytes) -> bytes:
    """The head of the hash chain (32 bytes) after one more entry."""
    return hashlib.sha256(head + position.to_bytes(8) + (recorded_at % 2**64).to_bytes(8) + digest).digest()


def check_entry(stored: StoredEntry) -> list[Finding]:
    """Nothing when the entry moves something and its stored digest is that of its content."""
    assert stored.content is not None, stored
    if not stored.postings:
        return [make_finding("entry-empty", stored.entry_id, expected="postings", actual=None)]
    kept = stored.content["digest"]
    try:
        digest = to_hex(canonical.digest(make_document(stored.content, stored.postings)))
    except ValueError as error:  # text that is no JSON, or JSON that has no canonical form
        return [make_finding("entry-digest", stored.entry_id, expected=f"content in range: {error}", actual=kept)]
    return differences("entry-digest", stored.entry_id, expected=digest, actual=kept)


def make_document(entry: Row, postings: Sequence[Row]) -> dict[str, object]:
    """The entry's document, of which its digest is taken. Raises ValueError for details that are no JSON."""
    return {
        **_details(entry["details"]),
        "id": entry["id"],
        "kind": entry["kind"],
        "member": entry["member"],
        "cause": entry["cause"],
        "rule": entry["rule"],
        "program": entry["program"],
        "occurred_at": entry["occurred_at"],
        "postings": [
            {
                "from": posting["source"],
                "to": posting["destination"],
                "unit": posting["unit"],
                "amount": posting["amount"],
            }
            for posting in postings
        ],
    }


def _details(kept: str | None) -> dict[str, object]:
    """The document's member ``details``; none when the entry has none. Kept text has to be the canonical one."""
    if kept is None:
        return {}
    details = parse_json(kept)
    if not isinstance(details, dict) or canonical.encode(details) != kept.encode():
        raise ValueError("details are no canonical JSON object")
    return {"details": details}


def fold_changes(postings: Sequence[Row], *, unit: str = POINTS) -> dict[int, int]:
    """What these postings change of each member's balance on chain, in ``unit``, by ascending member."""
    changes: dict[int, int] = {}
    for posting in postings:
        if posting["unit"] != unit:
            continue
        for account, amount in ((posting["source"], -posting["amount"]), (posting["destination"], posting["amount"])):
            owner = MEMBER_ACCOUNT.fullmatch(account)
            if owner:
                member = int(owner[1])
                changes[member] = changes.get(member, 0) + amount
    return {member: change for member, change in sorted(changes.items()) if change}


def check_unpositioned(tx: Connection) -> list[Finding]:
    """The digests of entries that have no position yet."""
    return [finding for stored in read_unpositioned(tx) for finding in check_entry(stored)]


def check_volumes(tx: Connection) -> list[Finding]:
    """Accounts whose cached totals differ from their postings, and members' accounts on the wrong side of zero."""
    sums = read_posting_sums(tx)
    cached = {(row["account"], row["unit"]): (row["total_in"], row["total_out"]) for row in read_volumes(tx)}
    found = []
    for key in sorted(sums.keys() | cached.keys()):
        account, unit = key
        came, went = sums.get(key, (0, 0))
        kept = cached.get(key)
        subject = f"{account} {unit}"
        actual = f"in {kept[0]}, out {kept[1]}" if kept else None
        found += differences("volume", subject, expected=f"in {came}, out {went}", actual=actual)
        owes = DEBT_ACCOUNT.fullmatch(account) is not None
        if account.startswith("member:") and (went < came if owes else went > came):
            within = "0 or less" if owes else "0 or more"
            found.append(make_finding("account-overdrawn", subject, expected=within, actual=came - went))
    return found
