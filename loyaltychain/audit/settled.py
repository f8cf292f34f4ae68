"""One settled batch: its header out of its log, and what can be said of it without the balances before it."""

from collections.abc import Set
from dataclasses import dataclass, fields
from typing import Final

from loyaltychain.audit.data import PUSH_VERSIONS, VERSIONS, decode_data
from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.headers import Header, hash_header
from loyaltychain.audit.lies import Fraud
from loyaltychain.audit.log_shapes import Fact, Place
from loyaltychain.audit.malformed import Changes, Malformed
from loyaltychain.audit.manifest import Mode
from loyaltychain.core.hashing import keccak256

CONTENT_BYTES_MAX: Final = 32_768
UPDATES_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class LoggedBatch:
    """A batch as its logs tell it. ``hash`` is recomputed."""

    header: Header
    hash: bytes
    logged_hash: bytes
    content: bytes | None  # None: it was not logged
    changes: Changes | Malformed  # none at all where content is missing
    place: Place
    mode: Mode  # in which it was settled

    @property
    def subject(self) -> str:
        """How findings name it."""
        return f"batch {self.header.batch_id}"

    @property
    def is_whole(self) -> bool:
        """Whether header, hash and content belong together, as the contract makes sure: else a log is false."""
        return (
            self.content is not None
            and keccak256(self.content) == self.header.data_hash
            and self.hash == self.logged_hash
        )


@dataclass(frozen=True, slots=True)
class SettledBatch:
    """A batch as it stands on chain. ``hash`` is recomputed."""

    header: Header
    hash: bytes
    content: bytes  # its data; empty where they are missing or malformed
    updates: int  # how many members its data change
    place: Place
    mode: Mode  # in which it was settled
    fraud: Fraud | None = None  # what is false about it
    is_judged: bool = True  # False: logs are missing, or it hangs on a false root, so that nobody can tell

    @property
    def changes(self) -> Changes:
        """(member, delta in points) by ascending member, read anew from its data: only these are kept."""
        changes = decode_data(self.content, versions=versions_of(self.mode)) if self.content else ()
        assert not isinstance(changes, Malformed), "malformed data are not kept"
        return changes

    @property
    def is_lie(self) -> bool:
        """Whether it is false for certain."""
        return self.is_judged and self.fraud is not None


def read_batch(settled: Fact, content: bytes | None, *, chain_id: int, mode: Mode) -> LoggedBatch:
    """The batch of a ``BatchSettled`` and its content."""
    values = settled.numbers | settled.octets
    header = Header(**{field.name: values[field.name] for field in fields(Header)})  # type: ignore[arg-type]  # one kind per name
    return LoggedBatch(
        header=header,
        hash=hash_header(header, chain_id=chain_id, ledger=settled.address),
        logged_hash=settled.octets["hash"],
        content=content,
        changes=() if content is None else decode_data(content, versions=versions_of(mode)),
        place=settled.place,
        mode=mode,
    )


def versions_of(mode: Mode) -> Set[int]:
    """The versions of data that a ledger takes."""
    return VERSIONS if mode.is_root else PUSH_VERSIONS


def check_place(batch: LoggedBatch, *, id_before: int, hash_before: bytes, supply_before: int) -> list[Finding]:
    """What the contract makes sure of, whatever the settler says: that it hangs where it should, and its supply."""
    header, subject, block = batch.header, batch.subject, batch.place.block_number
    found = differences("batch-hash", subject, expected=batch.hash, actual=batch.logged_hash, block=block)
    gap = differences("batch-sequence", subject, expected=id_before + 1, actual=header.batch_id, block=block)
    if gap:
        return found + gap  # behind a gap the batch before is unknown, and so are its hash and supply
    supply = supply_before + header.issued - header.burned
    found += differences("prev-hash", subject, expected=hash_before, actual=header.prev_hash, block=block)
    return found + differences("batch-supply", subject, expected=supply, actual=header.supply, block=block)


def check_data_hash(batch: LoggedBatch) -> list[Finding]:
    """Nothing when the content is the one that the header commits to, or is missing."""
    if batch.content is None:
        return []
    header, block = batch.header, batch.place.block_number
    actual = keccak256(batch.content)
    return differences("data-hash", batch.subject, expected=header.data_hash, actual=actual, block=block)


def check_form(batch: LoggedBatch) -> list[Finding]:
    """Nothing when the content has the form that the protocol gives it."""
    changes = batch.changes
    if not isinstance(changes, Malformed):
        return []
    wrong = f"{changes.reason} at byte {changes.offset}"
    block = batch.place.block_number
    return [make_finding("data-malformed", batch.subject, expected="well-formed data", actual=wrong, block=block)]


def check_totals(batch: LoggedBatch) -> list[Finding]:
    """Totals and bounds of the content against the header."""
    if batch.content is None:
        return []
    header, subject, block = batch.header, batch.subject, batch.place.block_number
    deltas = [] if isinstance(batch.changes, Malformed) else [delta for _, delta in batch.changes]
    issued = sum(delta for delta in deltas if delta > 0)
    burned = -sum(delta for delta in deltas if delta < 0)
    found = differences("batch-updates", subject, expected=len(deltas), actual=header.updates, block=block)
    found += differences("batch-issued", subject, expected=issued, actual=header.issued, block=block)
    found += differences("batch-burned", subject, expected=burned, actual=header.burned, block=block)
    if len(batch.content) > CONTENT_BYTES_MAX or len(deltas) > UPDATES_MAX:
        bounds = f"{CONTENT_BYTES_MAX} bytes, {UPDATES_MAX} updates"
        size = f"{len(batch.content)} bytes, {len(deltas)} updates"
        found.append(make_finding("batch-bounds", subject, expected=bounds, actual=size, block=block))
    return found
