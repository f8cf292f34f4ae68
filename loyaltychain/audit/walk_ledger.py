"""The ledger from nothing (PROTOCOL §6): entries' digests, positions, the hash chain, and what moved on chain."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.store import (
    Row,
    octets,
    read_entries,
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
    for row in read_entries(tx):
        findings += differences(
            "entry-position", f"position {row['position']}", expected=position + 1, actual=row["position"]
        )
        position = row["position"]
        stored_head, digest = octets(row["head"]), octets(row["digest"])
        findings += check_entry(row)
        extended = extend_head(head, position, recorded_at=int(row["recorded_at"]), digest=digest)
        findings += differences("entry-chain", row["id"], expected=extended, actual=stored_head)
        yield ProvenEntry(position, row["id"], digest, stored_head, row["program"], fold_changes(_moves(row)))
        head = stored_head


def extend_head(head: bytes, position: int, *, recorded_at: int, digest: bytes) -> bytes:
    """The head of the hash chain (32 bytes) after one more entry."""
    return hashlib.sha256(head + position.to_bytes(8) + (recorded_at % 2**64).to_bytes(8) + digest).digest()


def check_entry(entry: Row) -> list[Finding]:
    """Nothing when the entry moves something and its stored digest is that of its content."""
    try:
        postings = read_postings(entry["postings"])
        if not postings:
            return [make_finding("entry-empty", entry["id"], expected="postings", actual=None)]
        digest = to_hex(canonical.digest(make_document(entry, postings)))
    except ValueError as error:  # text that is no JSON, or JSON that has no canonical form
        return [
            make_finding("entry-digest", entry["id"], expected=f"content in range: {error}", actual=entry["digest"])
        ]
    return differences("entry-digest", entry["id"], expected=digest, actual=entry["digest"])


def read_postings(kept: str) -> list[dict[str, Any]]:
    """An entry's postings. Raises ValueError for what is not the canonical JSON of any."""
    postings = parse_json(kept)
    if not isinstance(postings, list) or canonical.encode(postings) != kept.encode():
        raise ValueError("postings are no canonical JSON list")
    for posting in postings:
        if not isinstance(posting, dict) or posting.keys() != {"from", "to", "unit", "amount"}:
            raise ValueError("a posting has other fields")
        texts = (posting["from"], posting["to"], posting["unit"])
        if not all(isinstance(each, str) for each in texts) or type(posting["amount"]) is not int:
            raise ValueError("a posting has no accounts or no whole amount")
    return [
        {"source": each["from"], "destination": each["to"], "unit": each["unit"], "amount": each["amount"]}
        for each in postings
    ]


def _moves(entry: Row) -> list[dict[str, Any]]:
    """The same; nothing where they cannot be read, which ``check_entry`` reports."""
    try:
        return read_postings(entry["postings"])
    except ValueError:
        return []


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


def check_volumes(tx: Connection) -> list[Finding]:
    """Accounts whose cached totals differ from their postings, and members' accounts on the wrong side of zero."""
    sums = _add_up(tx)
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


def _add_up(tx: Connection) -> dict[tuple[str, str], tuple[int, int]]:
    """(in, out) of every (account, unit) that a posting names."""
    came: Counter[tuple[str, str]] = Counter()
    went: Counter[tuple[str, str]] = Counter()
    for entry in read_entries(tx):
        for posting in _moves(entry):
            went[posting["source"], posting["unit"]] += posting["amount"]
            came[posting["destination"], posting["unit"]] += posting["amount"]
    return {key: (came[key], went[key]) for key in came.keys() | went.keys()}
