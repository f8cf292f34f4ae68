"""The ledger from nothing (PROTOCOL §6): entries' digests, positions, the hash chain, and what moved on chain."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Final

from sqlalchemy import Connection

from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.postings import Move, fold_moves, read_moves
from loyaltychain.audit.store import EntryRow, octets, read_entries
from loyaltychain.audit.volumes import Volumes
from loyaltychain.core import canonical
from loyaltychain.core.hashing import ZERO_HASH, to_hex
from loyaltychain.core.json_text import parse_json

_EXACT_MAX: Final = 2**53 - 1  # what JSON holds exactly


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry at its place in the chain. ``changes`` are the points that each member's accounts gained or lost."""

    position: int
    entry_id: str
    digest: bytes  # as stored; a difference from the content is reported
    head: bytes  # as stored; a difference from the chain is reported
    program: str | None
    occurred_at: int
    changes: dict[int, int]  # by ascending member, zeros left out


def walk_ledger(tx: Connection, findings: list[Finding], volumes: Volumes | None = None) -> Iterator[ProvenEntry]:
    """The entries by position. Adds to ``findings`` what breaks the chain, and goes on from what is stored.

    Args:
        volumes: Is told of every posting that can be read.
    """
    position, head = 0, ZERO_HASH
    for row in read_entries(tx):
        if row.position != position + 1:
            subject = f"position {row.position}"
            findings.append(make_finding("entry-position", subject, expected=position + 1, actual=row.position))
        position = row.position
        stored_head, digest = octets(row.head), octets(row.digest)
        moves, found = _read(row)
        findings += found
        extended = extend_head(head, position, recorded_at=row.recorded_at, digest=digest)
        findings += differences("entry-chain", row.id, expected=extended, actual=stored_head)
        if volumes is not None:
            volumes.add(moves)
        yield ProvenEntry(position, row.id, digest, stored_head, row.program, row.occurred_at, fold_moves(moves))
        head = stored_head


def extend_head(head: bytes, position: int, *, recorded_at: int, digest: bytes) -> bytes:
    """The head of the hash chain (32 bytes) after one more entry."""
    return hashlib.sha256(head + position.to_bytes(8) + (recorded_at % 2**64).to_bytes(8) + digest).digest()


def _read(entry: EntryRow) -> tuple[list[Move], list[Finding]]:
    """What an entry moves; and nothing more when it moves something and its stored digest is that of its content."""
    moves: list[Move] = []
    try:
        moves = read_moves(entry.postings)
        if not moves:
            return [], [make_finding("entry-empty", entry.id, expected="postings", actual=None)]
        digest = "0x" + hashlib.sha256(write_document(entry, moves).encode()).hexdigest()
    except (TypeError, ValueError) as error:  # no text, text that is no JSON, or JSON that has no canonical form
        expected = f"content in range: {error}"
        return moves, [make_finding("entry-digest", entry.id, expected=expected, actual=entry.digest)]
    return moves, differences("entry-digest", entry.id, expected=digest, actual=entry.digest)


def write_document(entry: EntryRow, moves: Sequence[Move]) -> str:
    """The canonical JSON of the entry's document, of which its digest is taken.

    Kept texts (details, postings) are canonical JSON themselves, so that the document is put together from them.

    Raises:
        ValueError: details that are no canonical JSON, or what canonical JSON cannot hold.
    """
    details = _check_details(entry.details)
    numbers = (entry.occurred_at, 0 if entry.member is None else entry.member)
    if not all(type(number) is int and -_EXACT_MAX <= number <= _EXACT_MAX for number in numbers):
        return canonical.encode_text(_make_document(entry, moves))
    member = "null" if entry.member is None else entry.member
    return (
        f'{{"cause":{encode_basestring(entry.cause)},{details}"id":{encode_basestring(entry.id)},'
        f'"kind":{encode_basestring(entry.kind)},"member":{member},"occurred_at":{entry.occurred_at},'
        f'"postings":{entry.postings},"program":{_quote(entry.program)},"rule":{_quote(entry.rule)}}}'
    )


def _quote(text: str | None) -> str:
    return "null" if text is None else encode_basestring(text)


def _make_document(entry: EntryRow, moves: Sequence[Move]) -> dict[str, object]:
    document: dict[str, object] = {
        "id": entry.id,
        "kind": entry.kind,
        "member": entry.member,
        "cause": entry.cause,
        "rule": entry.rule,
        "program": entry.program,
        "occurred_at": entry.occurred_at,
        "postings": [
            {"from": move.source, "to": move.destination, "unit": move.unit, "amount": move.amount} for move in moves
        ],
    }
    return document if entry.details is None else document | {"details": parse_json(entry.details)}


def _check_details(kept: str | None) -> str:
    """The document's member ``details`` with its comma; empty when the entry has none."""
    if kept is None:
        return ""
    details = parse_json(kept)
    if not isinstance(details, dict) or canonical.encode(details) != kept.encode():
        raise ValueError("details are no canonical JSON object")
    return f'"details":{kept},'


def entry_digest(entry: EntryRow, moves: Sequence[Move]) -> str:
    """The digest of an entry by the general writer of canonical JSON, as 0x hex: the same, in another way."""
    return to_hex(canonical.digest(_make_document(entry, moves)))
