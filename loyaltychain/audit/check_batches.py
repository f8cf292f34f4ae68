"""The database's batches against the chain's and against the ledger's entries in them. One pass over the ledger."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from sqlalchemy import Connection

from loyaltychain.audit.backfill import BackfillCount
from loyaltychain.audit.check_changes import check_changes
from loyaltychain.audit.check_programs import ProgramCheck
from loyaltychain.audit.check_receipts import Due, check_receipts
from loyaltychain.audit.check_voids import check_void_row, check_voids, find_void, is_same
from loyaltychain.audit.data import VERSIONS
from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.headers import Header, hash_header
from loyaltychain.audit.helper import ALONE, Helper
from loyaltychain.audit.publications import Publication
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.settled import SettledBatch, versions_of
from loyaltychain.audit.store import (
    OnCount,
    ReceiptRow,
    Row,
    last_position,
    octets,
    read_batch,
    read_batches,
    read_receipts,
    read_updates,
    read_voids,
)
from loyaltychain.audit.volumes import Volumes
from loyaltychain.audit.walk_ledger import ProvenEntry, walk_ledger
from loyaltychain.core.hashing import keccak256, to_hex


@dataclass(frozen=True, slots=True)
class Place:
    """Where batches are bound to."""

    chain_id: int
    ledger: str
    block: int  # the pinned one: what the database saw later cannot be judged here


def check_books(
    tx: Connection,
    rebuilt: Rebuilt,
    *,
    place: Place,
    later: Sequence[Publication] = (),
    backfill: BackfillCount | None = None,
    volumes: Volumes | None = None,
    helper: Helper = ALONE,
    on_step: OnCount = lambda *_: None,
) -> tuple[list[Finding], int]:
    """What is wrong between ledger, batches, receipts and chain; and how many receipts there are.

    A void batch's row is checked for itself; its entries are settled by later batches.

    Args:
        later: Publications that the database saw after the pinned block; entries may have been made under them.
        backfill: Is shown every entry.
        volumes: Is told of every posting.
        helper: Checks the receipts.
        on_step: Is told how many entries are checked, batch by batch, and of how many.
    """
    findings: list[Finding] = []
    entries = _Reader(walk_ledger(tx, findings, volumes), (*rebuilt.publications, *later), findings, backfill)
    settled = {batch.header.batch_id: batch for batch in rebuilt.batches}
    rows = read_batches(tx)
    voids = read_voids(tx)
    findings += check_voids(voids, rebuilt, block=place.block)
    void_ids = find_void(rows, voids, rebuilt)
    total = last_position(tx, "entries")
    receipts = 0
    last = 0
    answers: list[Callable[[], list[Finding]]] = []
    for line in rows:
        row = read_batch(tx, line)
        if row["id"] in void_ids:
            batch = None
            inside = entries.look(row["from_position"], row["to_position"])
            standing = settled.pop(row["id"]) if is_same(row, settled.get(row["id"])) else None
            findings += check_void_row(row, standing, voids, block=place.block)
        else:
            batch = settled.pop(row["id"], None)
            inside = entries.take(row["to_position"])
            findings += _check_positions(row, inside, last=last)
            findings += _check_on_chain(row, batch, place)
            last = row["to_position"]
        header = batch.header if batch else _header(row)
        findings += _check_row(row, header, place=place) + _check_entries(header, inside)
        kept = read_receipts(tx, row["id"])
        receipts += len(kept)
        source = (octets(row["data"]), VERSIONS) if batch is None else (batch.content, versions_of(batch.mode))
        updates = dict(read_updates(tx, row["id"]))
        answers.append(helper.run(check_contents, _due(header, inside, place), *source, updates, kept))
        on_step(last, total)
    entries.take(None)
    for answer in answers:
        findings += answer()
    for batch_id, batch in settled.items():
        block = batch.place.block_number
        findings.append(
            make_finding("batch-unknown", f"batch {batch_id}", expected="a row", actual=batch.hash, block=block)
        )
    return findings, receipts


def _check_positions(row: Row, inside: Sequence[ProvenEntry], *, last: int) -> list[Finding]:
    subject = f"batch {row['id']}"
    reached = inside[-1].position if inside else None
    found = differences("batch-positions", subject, expected=last + 1, actual=row["from_position"])
    return found + differences("batch-positions", f"{subject} end", expected=reached, actual=row["to_position"])


def _check_on_chain(row: Row, batch: SettledBatch | None, place: Place) -> list[Finding]:
    if row["state"] == "void":
        return [make_finding("batch-row", f"batch {row['id']} state", expected="not void", actual="void")]
    if batch is not None or row["state"] != "final" or _is_later(row, place):
        return []
    return [make_finding("batch-not-on-chain", f"batch {row['id']}", expected="settled", actual=None)]


def check_contents(
    due: Due, content: bytes, versions: Set[int], updates: Mapping[int, int], receipts: Sequence[ReceiptRow]
) -> list[Finding]:
    """What is wrong with a batch's changes and receipts. Asks nobody.

    Args:
        content: The batch's data on chain, or the row's own without a batch there.
        versions: Those of data that the ledger takes.
        updates: The database's change by member.
    """
    moved = [changes for _, _, changes in due.entries]
    return check_changes(due.batch_id, content, updates, moved, versions=versions) + check_receipts(due, receipts)


def _due(header: Header, inside: Sequence[ProvenEntry], place: Place) -> Due:
    entries = [(entry.entry_id, entry.digest, entry.changes) for entry in inside]
    return Due(header.batch_id, header.receipt_root, place.chain_id, place.ledger, entries)


class _Reader:
    """Hands out the ledger batch by batch, each entry checked against the publications as it passes."""

    def __init__(
        self,
        entries: Iterator[ProvenEntry],
        publications: tuple[Publication, ...],
        findings: list[Finding],
        backfill: BackfillCount | None,
    ) -> None:
        self._entries = entries
        self._programs = ProgramCheck(publications)
        self._findings = findings
        self._backfill = backfill
        self._waiting: deque[ProvenEntry] = deque()  # read, and not taken yet

    def take(self, upto: int | None) -> list[ProvenEntry]:
        """The entries not yet taken up to a position, or all the rest."""
        if upto is None:
            self._waiting.clear()
            while self._read() is not None:
                self._waiting.clear()
            return []
        self._read_to(upto)
        taken = []
        while self._waiting and self._waiting[0].position <= upto:
            taken.append(self._waiting.popleft())
        return taken

    def look(self, first: int, last: int) -> list[ProvenEntry]:
        """Those not yet taken from one position to another; they can be taken later."""
        self._read_to(last)
        return [entry for entry in self._waiting if first <= entry.position <= last]

    def _read_to(self, position: int) -> None:
        while not self._waiting or self._waiting[-1].position < position:
            if self._read() is None:
                return

    def _read(self) -> ProvenEntry | None:
        entry = next(self._entries, None)
        if entry is not None:
            self._findings += self._programs.check(entry)
            self._waiting.append(entry)
            if self._backfill is not None:
                self._backfill.take(entry)
        return entry


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
        supply=row["supply"],
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
        "supply": header.supply,
    }
    found = []
    for column, value in expected.items():
        kept = octets(row[column]) if isinstance(value, bytes) else row[column]
        found += differences("batch-row", f"{subject} {column}", expected=value, actual=kept)
    content_hash = keccak256(octets(row["data"]))
    return found + differences("batch-row", f"{subject} data", expected=header.data_hash, actual=content_hash)


def _check_entries(header: Header, inside: Sequence[ProvenEntry]) -> list[Finding]:
    """The ledger's head after these entries, and the programme that they name, against the header."""
    head = inside[-1].head if inside else None
    found = differences("ledger-head", f"batch {header.batch_id}", expected=head, actual=header.ledger_head)
    named = to_hex(header.program_hash)
    for entry in inside:
        if entry.program is not None and entry.program != named:
            program = octets(entry.program)
            found += differences("batch-program", entry.entry_id, expected=header.program_hash, actual=program)
    return found
