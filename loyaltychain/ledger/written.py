"""Entries as their rows have them: canonical texts, put together from parts, and the digest over them. Pure.

An entry's document is canonical JSON of fixed keys, so it is a template with quoted parts; a property test holds it
against ``Entry.document`` and the library.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from loyaltychain.core.amounts import Unit
from loyaltychain.core.canonical import quote
from loyaltychain.ledger.types import AccountId, Entry

Move = tuple[AccountId, AccountId, Unit, int]  # from, to, unit, amount


class Written(NamedTuple):
    """The columns of ``entries`` but for position and head, with the digest as bytes; and what the postings move."""

    id: str
    kind: str
    member: int | None
    cause: str
    rule: str | None
    program: str | None
    occurred_at: int
    recorded_at: int
    postings: str
    digest: bytes
    details: str | None
    moves: Sequence[Move]


def write_entry(entry: Entry) -> Written:
    """The entry as it is stored.

    Source: docs/PROTOCOL.md, section 6; the document's keys in the order of RFC 8785.
    """
    moves = tuple([(each.source, each.destination, each.unit, each.amount) for each in entry.postings])
    return write_parts(
        entry.id, entry.kind, entry.member, entry.cause, entry.rule, entry.program, entry.occurred_at,
        entry.recorded_at, moves, entry.details_text,
    )  # fmt: skip


def write_parts(
    id_: str,
    kind: str,
    member: int | None,
    cause: str,
    rule: str | None,
    program: str | None,
    occurred_at: int,
    recorded_at: int,
    moves: Sequence[Move],
    details: str | None,
) -> Written:
    """The same of an entry's parts; ``details`` is canonical JSON."""
    postings = write_postings(moves)
    document = (
        f'{{"cause":{quote(cause)}{"" if details is None else _DETAILS + details},"id":{quote(id_)}'
        f',"kind":{quote(kind)}'
        f',"member":{"null" if member is None else member},"occurred_at":{occurred_at}'
        f',"postings":{postings}{_end(program, rule)}'
    )
    return Written(
        id_, kind, member, cause, rule, program, occurred_at, recorded_at, postings,
        sha256(document.encode()).digest(), details, moves,
    )  # fmt: skip


def write_postings(moves: Iterable[Move]) -> str:
    """Postings as the entry's document has them: canonical JSON."""
    lines = [
        f'{{"amount":{amount},"from":{quote(source)},"to":{quote(destination)},"unit":{quote(unit)}}}'
        for source, destination, unit, amount in moves
    ]
    return f"[{','.join(lines)}]"


_DETAILS = ',"details":'


@lru_cache(maxsize=1024)
def _end(program: str | None, rule: str | None) -> str:
    """Programme and rule, which are the same for many entries."""
    said = ["null" if text is None else quote(text) for text in (program, rule)]
    return f',"program":{said[0]},"rule":{said[1]}}}'
