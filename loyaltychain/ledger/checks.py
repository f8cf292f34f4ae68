"""Prove the ledger from nothing: entries against their digests, the chain, and the totals against the postings.

Reads bare rows, because what it looks for need not be valid. Repairs nothing, and knows nothing of batches.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from loyaltychain.core import canonical
from loyaltychain.core.hashing import ZERO_HASH, from_hex, to_hex
from loyaltychain.core.json_text import parse_json
from loyaltychain.db.engine import Tx
from loyaltychain.ledger import raw
from loyaltychain.ledger.accounts import is_member, may_overdraw
from loyaltychain.ledger.chain import next_head
from loyaltychain.ledger.lot_checks import check_lots
from loyaltychain.ledger.problems import Problem
from loyaltychain.ledger.types import DOCUMENT_FIELDS, AccountId, make_document

_Key = tuple[str, str]  # account, unit
_Line = tuple[str, str, str, int]  # source, destination, unit, amount


@dataclass(slots=True)
class _Fold:
    """What the walk over all entries carries along."""

    position: int = 0
    true_head: str = to_hex(ZERO_HASH)  # from the digests alone
    stored_head: str = to_hex(ZERO_HASH)  # what the row before says; one bad row must not accuse all after it
    came_in: Counter[_Key] = field(default_factory=Counter)
    went_out: Counter[_Key] = field(default_factory=Counter)


def check_ledger(tx: Tx) -> list[Problem]:
    """All that is wrong with the ledger in this snapshot; empty when it proves itself."""
    problems, fold = _check_entries(tx)
    keys = fold.came_in.keys() | fold.went_out.keys()
    balances = {key: fold.came_in[key] - fold.went_out[key] for key in keys}
    return [*problems, *check_lots(tx, balances)]


def check_entries(tx: Tx) -> list[Problem]:
    """The same without what goes along with the entries: lots, holds, debts."""
    return _check_entries(tx)[0]


def _check_entries(tx: Tx) -> tuple[list[Problem], _Fold]:
    fold = _Fold()
    problems: list[Problem] = []
    for row in raw.read_entries(tx):
        problems += _check_entry(row, fold)
    problems += _check_volumes(list(raw.read_volumes(tx)), fold)
    return problems, fold


def _check_entry(row: raw.Raw, fold: _Fold) -> Iterator[Problem]:
    yield from _check_place(row, fold)
    lines: list[_Line] = []
    try:
        lines += _read_postings(row.postings)
        actual = _digest(row, lines)
    except ValueError as error:  # rfc8785's and json's errors are of this kind
        actual = f"none: {error}"
    else:
        if not lines:
            yield Problem("empty-entry", row.id, expected="postings", actual="none")
            return
    if actual != row.digest:
        yield Problem("entry-digest", row.id, expected=row.digest, actual=actual)
    for source, destination, unit, amount in lines:
        fold.went_out[source, unit] += amount
        fold.came_in[destination, unit] += amount


def _check_place(row: raw.Raw, fold: _Fold) -> Iterator[Problem]:
    expected, fold.position = fold.position + 1, row.position
    if row.position != expected:
        yield Problem("position-gap", f"position {expected}", expected=str(expected), actual=str(row.position))
        fold.true_head = fold.stored_head = row.head  # what came before is unknown: go on from here
        return
    true_head, from_stored = _next(fold.true_head, row), _next(fold.stored_head, row)
    if not row.head.startswith("0x") or row.head not in (true_head, from_stored):
        yield Problem("chain-head", f"position {expected}", expected=true_head, actual=row.head)
    fold.true_head, fold.stored_head = true_head, row.head


def _check_volumes(rows: Sequence[raw.Raw], fold: _Fold) -> Iterator[Problem]:
    stored = {(row.account, row.unit): row for row in rows}
    for account, unit in sorted(stored.keys() | fold.came_in.keys() | fold.went_out.keys()):
        came_in, went_out = fold.came_in[account, unit], fold.went_out[account, unit]
        row = stored.get((account, unit))
        actual = "none" if row is None else f"in {row.total_in}, out {row.total_out}"
        if actual != (expected := f"in {came_in}, out {went_out}"):
            yield Problem("volume-mismatch", f"{account} {unit}", expected=expected, actual=actual)
        protected = not may_overdraw(AccountId(account)) if is_member(account) else row is None or not row.may_overdraw
        if protected and came_in < went_out:
            yield Problem("overdraft", f"{account} {unit}", expected=">= 0", actual=str(came_in - went_out))
    for unit in sorted({row.unit for row in rows}):
        total_in = sum(row.total_in for row in rows if row.unit == unit)
        total_out = sum(row.total_out for row in rows if row.unit == unit)
        if total_in != total_out:
            yield Problem("unbalanced", unit, expected=f"out {total_in}", actual=f"out {total_out}")


def _digest(row: raw.Raw, lines: Sequence[_Line]) -> str:
    fields = {name: getattr(row, name) for name in DOCUMENT_FIELDS}
    return to_hex(canonical.digest(make_document(fields, lines, details=_read_details(row.details))))


def _read_postings(text: str) -> list[_Line]:
    postings = parse_json(text)
    if not isinstance(postings, list) or canonical.encode(postings) != text.encode():
        raise ValueError("postings that are no canonical JSON list")
    return [_read_line(posting) for posting in postings]


def _read_line(posting: object) -> _Line:
    if not isinstance(posting, dict) or posting.keys() != {"from", "to", "unit", "amount"}:
        raise ValueError("a posting with other fields")
    source, destination, unit, amount = (posting[name] for name in ("from", "to", "unit", "amount"))
    if type(amount) is not int or amount < 1 or not all(isinstance(text, str) for text in (source, destination, unit)):
        raise ValueError("a posting that moves nothing")
    return source, destination, unit, amount


def _read_details(text: str | None) -> object:
    if text is None:
        return None
    details = parse_json(text)
    if not isinstance(details, dict) or canonical.encode(details) != text.encode():
        raise ValueError("details that are no canonical JSON object")
    return details


def _next(head: str, row: raw.Raw) -> str:
    try:
        digest = from_hex(row.digest)
        return to_hex(next_head(from_hex(head), position=row.position, recorded_at=row.recorded_at, digest=digest))
    except (ValueError, OverflowError) as error:  # a value that was never ours: no hex, or a time below zero
        return f"none: {error}"
