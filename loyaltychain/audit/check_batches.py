"""The database's batches against the chain's and against the ledger's entries in them. One pass over the ledger."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from loyaltychain.audit.check_receipts import check_receipts
from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.headers import Header, hash_header
from loyaltychain.audit.publications import Publication, in_force
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.records import Malformed, decode_records
from loyaltychain.audit.store import Row, octets, read_batches, read_receipts, read_updates
from loyaltychain.audit.walk_ledger import ProvenEntry, walk_ledger
from loyaltychain.core.hashing import keccak256


@dataclass(frozen=True, slots=True)
class Place:
    """Where batches are bound to."""

    chain_id: int
    ledger: str
    block: int  # the pinned one: what the database saw later cannot be judged here


def check_books(
    tx: Connection, rebuilt: Rebuilt, *, place: Place, later: Sequence[Publication] = ()
) -> tuple[list[Finding], int]:
    """What is wrong between ledger, batches, receipts and chain; and how many receipts there are.

    Args:
        later: Publications that the database saw after the pinned block; entries may have been made under them.
    """
    findings: list[Finding] = []
    entries = _Reader(walk_ledger(tx, findings), (*rebuilt.publications, *later), findings)
    settled = {batch.header.batch_id: batch for batch in rebuilt.batches}
    rows = read_batches(tx)
    receipts = 0
    last = 0
    for row in rows:
        subject = f"batch {row['id']}"
        findings += differences("batch-positions", subject, expected=last + 1, actual=row["from_position"])
        last = row["to_position"]
        batch = settled.pop(row["id"], None)
        inside = entries.take(last)
        reached = inside[-1].position if inside else None
        findings += differences("batch-positions", f"{subject} end", expected=reached, actual=last)
        header = batch.header if batch else _header(row)
        findings += _check_row(row, header, place=place)
        if batch is None and row["state"] == "final" and not _is_later(row, place):
            findings.append(make_finding("batch-not-on-chain", subject, expected="settled", actual=None))
        changes = batch.changes if batch else _decode(row)
        findings += _check_updates(tx, subject, row=row, changes=changes)
        findings += _check_entries(header, inside, changes)
        rows_of_receipts = read_receipts(tx, row["id"])
        receipts += len(rows_of_receipts)
        findings += check_receipts(header, rows_of_receipts, inside, chain_id=place.chain_id, ledger=place.ledger)
    entries.take(None)
    for batch_id, batch in settled.items():
        block = batch.place.block_number
        findings.append(
            make_finding("batch-unknown", f"batch {batch_id}", expected="a row", actual=batch.hash, block=block)
        )
    return findings, receipts


class _Reader:
    """Hands out the ledger batch by batch, each entry checked against the publications as it passes."""

    def __init__(
        self, entries: Iterator[ProvenEntry], publications: tuple[Publication, ...], findings: list[Finding]
    ) -> None:
        self._entries = entries
        self._publications = publications
        self._findings = findings
        self._next: ProvenEntry | None = next(entries, None)

    def take(self, upto: int | None) -> list[ProvenEntry]:
        """The entries not yet taken up to a position, or all the rest."""
        taken = []
        while self._next is not None and (upto is None or self._next.position <= upto):
            self._findings += check_program(self._next, self._publications)
            if upto is not None:
                taken.append(self._next)
            self._next = next(self._entries, None)
        return taken


def check_program(entry: ProvenEntry, publications: tuple[Publication, ...]) -> list[Finding]:
    """Nothing when the entry was made under no rules, or under those in force at its position."""
    if entry.program is None:
        return []
    program = octets(entry.program)
    if not any(p.program_hash == program and p.from_position <= entry.position for p in publications):
        expected = f"published for position {entry.position}"
        return [make_finding("entry-program", entry.entry_id, expected=expected, actual=entry.program)]
    current = in_force(publications, entry.position)
    assert current is not None, entry
    return differences("program-superseded", entry.entry_id, expected=current.program_hash, actual=program)


def _header(row: Row) -> Header:
    """The header that a row holds. Used for what is sealed and not yet on chain."""
    return Header(
        batch_id=row["id"],
        prev_hash=_hash(row["prev_hash"]),
        balance_root=_hash(row["balance_root"]),
        receipt_root=_hash(row["receipt_root"]),
        ledger_head=_hash(row["ledger_head"]),
        program_hash=_hash(row["program_hash"]),
        data_hash=_hash(row["data_hash"]),
        time=row["time"],
        updates=row["updates"],
        issued=row["issued"],
        burned=row["burned"],
    )


def _is_later(row: Row, place: Place) -> bool:
    return row["settled_in"] is not None and row["settled_in"] > place.block


def _hash(column: object) -> bytes:
    content = octets(column)
    return content if len(content) == 32 else bytes(32)


def _check_row(row: Row, header: Header, *, place: Place) -> list[Finding]:
    subject = f"batch {row['id']}"
    expected: dict[str, bytes | int] = {
        "prev_hash": header.prev_hash,
        "balance_root": header.balance_root,
        "receipt_root": header.receipt_root,
        "ledger_head": header.ledger_head,
        "program_hash": header.program_hash,
        "data_hash": header.data_hash,
        "batch_hash": hash_header(header, chain_id=place.chain_id, ledger=place.ledger),
        "time": header.time,
        "updates": header.updates,
        "issued": header.issued,
        "burned": header.burned,
    }
    found = []
    for column, value in expected.items():
        kept = octets(row[column]) if isinstance(value, bytes) else row[column]
        found += differences("batch-row", f"{subject} {column}", expected=value, actual=kept)
    content_hash = keccak256(octets(row["data"]))
    return found + differences("batch-row", f"{subject} data", expected=header.data_hash, actual=content_hash)


def _decode(row: Row) -> tuple[tuple[int, int], ...]:
    changes = decode_records(octets(row["data"]))
    return () if isinstance(changes, Malformed) else changes


def _check_updates(tx: Connection, subject: str, *, row: Row, changes: tuple[tuple[int, int], ...]) -> list[Finding]:
    kept = dict(read_updates(tx, row["id"]))
    expected = dict(changes)
    found = []
    for member in sorted(kept.keys() | expected.keys()):
        found += differences(
            "update-row", f"{subject} member {member}", expected=expected.get(member), actual=kept.get(member)
        )
    return found


def _check_entries(header: Header, inside: list[ProvenEntry], changes: tuple[tuple[int, int], ...]) -> list[Finding]:
    subject = f"batch {header.batch_id}"
    head = inside[-1].head if inside else None
    found = differences("ledger-head", subject, expected=head, actual=header.ledger_head)
    folded: dict[int, int] = {}
    for entry in inside:
        program = octets(entry.program)
        if entry.program is not None:
            found += differences("batch-program", entry.entry_id, expected=header.program_hash, actual=program)
        for member, change in entry.changes.items():
            folded[member] = folded.get(member, 0) + change
    settled = dict(changes)
    for member in sorted(folded.keys() | settled.keys()):
        found += differences(
            "batch-delta",
            f"{subject} member {member}",
            expected=folded.get(member, 0),
            actual=settled.get(member, 0),
        )
    return found
