"""The ledger's nouns. Immutable, without I/O, and without logic beyond their own validity."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NewType

import orjson

from loyaltychain.core import canonical
from loyaltychain.core.amounts import Amount, MemberNumber, Unit
from loyaltychain.core.calendar import UnixSeconds

AccountId = NewType("AccountId", str)  # "member:<number>:<bucket>" or "program:<purpose>"
EntryId = NewType("EntryId", str)  # made from the cause, so that a retry has the same id

AMOUNT_MAX = 2**53 - 1  # the largest integer that canonical JSON holds exactly
TOTAL_MAX = 2**63 - 1  # what the database can count to


@dataclass(frozen=True, slots=True)
class Posting:
    """``amount`` of ``unit`` moves from ``source`` to ``destination``: balanced by construction."""

    source: AccountId
    destination: AccountId
    unit: Unit
    amount: Amount  # 1 .. AMOUNT_MAX

    def __post_init__(self) -> None:
        assert type(self.amount) is int, self.amount
        assert 0 < self.amount <= AMOUNT_MAX, self.amount
        assert self.source != self.destination, self.source


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact about points: an atomic, immutable, idempotent set of postings for one cause.

    An entry moves the points of at most one member.
    """

    id: EntryId
    kind: str  # "earn", "redeem", ...
    member: MemberNumber | None
    cause: str
    rule: str | None
    program: str | None  # programme digest, 0x hex
    occurred_at: UnixSeconds  # claimed by the source of the cause
    recorded_at: UnixSeconds  # ours; in the hash chain, not in the digest
    postings: tuple[Posting, ...]
    details: Mapping[str, Any] | None = field(default=None, hash=False)  # what else there is to say, as JSON has it
    details_text: str | None = field(default=None, init=False, repr=False, compare=False)  # the same, canonical JSON

    def __post_init__(self) -> None:
        assert self.postings, self.id
        if self.details is not None:
            text = canonical.encode_text(dict(self.details))
            object.__setattr__(self, "details_text", text)
            object.__setattr__(self, "details", MappingProxyType(orjson.loads(text)))

    @property
    def document(self) -> dict[str, Any]:
        """The entry as it is hashed and published."""
        return make_document(
            {name: getattr(self, name) for name in DOCUMENT_FIELDS},
            ((posting.source, posting.destination, posting.unit, posting.amount) for posting in self.postings),
            details=None if self.details is None else dict(self.details),
        )

    @property
    def digest(self) -> bytes:
        """32 bytes over the document: equal ids must have equal digests."""
        return canonical.digest(self.document)


DOCUMENT_FIELDS = ("id", "kind", "member", "cause", "rule", "program", "occurred_at")


def make_document(
    fields: dict[str, Any], postings: Iterable[tuple[str, str, str, int]], *, details: Any = None
) -> dict[str, Any]:
    """The document of an entry from bare values, valid or not.

    Args:
        fields: the values of ``DOCUMENT_FIELDS``.
        postings: (source, destination, unit, amount) in line order.
        details: a JSON object; without it the document says nothing of any.

    Source: docs/PROTOCOL.md, section 6.
    """
    lines = [
        {"from": source, "to": destination, "unit": unit, "amount": amount}
        for source, destination, unit, amount in postings
    ]
    return {**fields, "postings": lines} if details is None else {**fields, "details": details, "postings": lines}


@dataclass(frozen=True, slots=True)
class Head:
    """The ledger's last position (0: none) and the hash chain up to it (32 bytes)."""

    position: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class SequencedEntry:
    """An entry with its place: ``head`` (32 bytes) is the hash chain up to and including it."""

    position: int
    head: bytes
    entry: Entry
