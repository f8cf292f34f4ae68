"""The ledger's SQL for entries, postings and volumes, one function a query. No decisions here."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import Row, Select, bindparam, select, update

from loyaltychain.core import canonical, errors
from loyaltychain.core.amounts import Amount, MemberNumber, Unit
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import ZERO_HASH, from_hex, to_hex
from loyaltychain.db.engine import Tx
from loyaltychain.db.insert import insert_new
from loyaltychain.ledger.tables import entries, entry_positions, postings, volumes
from loyaltychain.ledger.types import AccountId, Entry, EntryId, Head, Posting, SequencedEntry, Volumes, Waiting

_POSTING = (postings.c.source, postings.c.destination, postings.c.unit, postings.c.amount)
_IN_LIMIT = 10_000  # keys in one IN list: both engines bound a statement's parameters (SQLite: 32,766)

_T = TypeVar("_T")
_Row = Row[*tuple[Any, ...]]


def open_accounts(tx: Tx, accounts: Iterable[AccountId], unit: Unit, *, may_overdraw: bool) -> None:
    """Insert an account's row for ``unit`` with zero totals, where there is none yet."""
    rows = [
        {"account": account, "unit": unit, "total_in": 0, "total_out": 0, "may_overdraw": int(may_overdraw)}
        for account in sorted(set(accounts))
    ]
    if rows:
        tx.execute(insert_new(tx, volumes), rows)


def insert_entries(tx: Tx, new: Mapping[EntryId, tuple[Entry, bytes]]) -> set[EntryId]:
    """Insert entries with their digests. Returns the ids that were free, and are taken now."""
    rows = [
        {
            "id": id_, "kind": entry.kind, "member": entry.member, "cause": entry.cause, "rule": entry.rule,
            "program": entry.program, "occurred_at": entry.occurred_at, "recorded_at": entry.recorded_at,
            "digest": to_hex(digest),
            "details": None if entry.details is None else canonical.encode(dict(entry.details)).decode(),
        }
        for id_, (entry, digest) in sorted(new.items())
    ]  # fmt: skip
    if not rows:
        return set()
    return set(tx.execute(insert_new(tx, entries).returning(entries.c.id), rows).scalars())


def read_digests(tx: Tx, ids: Collection[EntryId]) -> dict[EntryId, bytes]:
    """The digest under which each id was first used; ids that are free are left out."""
    query = select(entries.c.id, entries.c.digest)
    found = (row for part in parts(sorted(ids)) for row in tx.execute(query.where(entries.c.id.in_(part))))
    return {EntryId(id_): from_hex(digest) for id_, digest in found}


def insert_postings(tx: Tx, of: Sequence[Entry]) -> None:
    """Append the postings of new entries (never updated, never deleted)."""
    rows = [
        {
            "entry_id": entry.id, "line": line, "source": posting.source, "destination": posting.destination,
            "unit": posting.unit, "amount": posting.amount,
        }
        for entry in of
        for line, posting in enumerate(entry.postings)
    ]  # fmt: skip
    if rows:
        tx.execute(postings.insert(), rows)


def lock_volumes(tx: Tx, accounts: Collection[AccountId], unit: Unit) -> dict[AccountId, Volumes]:
    """Read accounts' totals of ``unit`` and keep them from changing until the end; unopened ones are left out.

    Rows are locked in code-point order of the account: two transactions cannot wait for each other.
    """
    query = select(volumes.c.account, volumes.c.total_in, volumes.c.total_out, volumes.c.may_overdraw)
    if tx.dialect.name == "postgresql":
        query = query.order_by(volumes.c.account.collate("C")).with_for_update()
    return {
        row.account: Volumes(Amount(row.total_in), Amount(row.total_out), may_overdraw=bool(row.may_overdraw))
        for row in _of_accounts(tx, query, accounts=accounts, unit=unit)
    }


def add_volumes(tx: Tx, changes: Mapping[tuple[AccountId, Unit], tuple[int, int]]) -> None:
    """Add (in, out) to the two monotone totals of each account and unit; a CHECK refuses an overdraft."""
    rows = [
        {"of_account": account, "of_unit": unit, "came_in": came_in, "went_out": went_out}
        for (account, unit), (came_in, went_out) in sorted(changes.items())
    ]
    statement = (
        update(volumes)
        .where(volumes.c.account == bindparam("of_account"), volumes.c.unit == bindparam("of_unit"))
        .values(
            total_in=volumes.c.total_in + bindparam("came_in"), total_out=volumes.c.total_out + bindparam("went_out")
        )
    )
    if rows:
        tx.execute(statement, rows)


def balances(tx: Tx, accounts: Collection[AccountId], unit: Unit) -> dict[AccountId, Amount]:
    """What each account holds of ``unit``; accounts that were never opened are left out."""
    query = select(volumes.c.account, (volumes.c.total_in - volumes.c.total_out).label("balance"))
    return {row.account: Amount(row.balance) for row in _of_accounts(tx, query, accounts=accounts, unit=unit)}


def balance(tx: Tx, account: AccountId, unit: Unit) -> Amount:
    """What ``account`` holds of ``unit``.

    Raises:
        MissingAccount: the account was never opened in that unit.
    """
    found = balances(tx, [account], unit)
    if account not in found:
        raise errors.MissingAccount(account=account, unit=unit)
    return found[account]


def head(tx: Tx) -> Head:
    """The last position and the hash chain up to it; position 0 and zeros before the first."""
    query = select(entry_positions.c.position, entry_positions.c.head)
    last = tx.execute(query.order_by(entry_positions.c.position.desc()).limit(1)).one_or_none()
    return Head(last.position, from_hex(last.head)) if last else Head(0, ZERO_HASH)


def read_waiting(tx: Tx) -> tuple[list[Waiting], dict[tuple[AccountId, Unit], Amount]]:
    """The entries without a position, and the balances of all accounts in them.

    One statement, so that on PostgreSQL both are of the same moment.
    """
    gives, takes = volumes.alias("gives"), volumes.alias("takes")
    query = (
        select(
            entries.c.id, entries.c.recorded_at, entries.c.digest, *_POSTING,
            (gives.c.total_in - gives.c.total_out).label("source_balance"),
            (takes.c.total_in - takes.c.total_out).label("destination_balance"),
        )
        .outerjoin(entry_positions, entry_positions.c.entry_id == entries.c.id)
        .join(postings, postings.c.entry_id == entries.c.id)
        .join(gives, (gives.c.account == postings.c.source) & (gives.c.unit == postings.c.unit))
        .join(takes, (takes.c.account == postings.c.destination) & (takes.c.unit == postings.c.unit))
        .where(entry_positions.c.position.is_(None))
        .order_by(entries.c.id, postings.c.line)
    )  # fmt: skip
    waiting: list[Waiting] = []
    standing: dict[tuple[AccountId, Unit], Amount] = {}
    for _, same in groupby(tx.execute(query), key=lambda line: line.id):
        lines = list(same)
        waiting.append(Waiting(lines[0].id, lines[0].recorded_at, from_hex(lines[0].digest), _postings(lines)))
        standing |= {(line.source, line.unit): line.source_balance for line in lines}
        standing |= {(line.destination, line.unit): line.destination_balance for line in lines}
    return waiting, standing


def insert_positions(tx: Tx, places: Sequence[tuple[int, EntryId, bytes]]) -> None:
    """Append (position, entry id, head)."""
    rows = [{"position": position, "entry_id": id_, "head": to_hex(head)} for position, id_, head in places]
    if rows:
        tx.execute(entry_positions.insert(), rows)


def read_entries(tx: Tx, after: int, upto: int) -> list[SequencedEntry]:
    """The entries at positions ``after + 1`` to ``upto``, in order; fewer when the ledger ends before."""
    query = (
        select(entry_positions.c.position, entry_positions.c.head, entries, *_POSTING)
        .join(entries, entries.c.id == entry_positions.c.entry_id)
        .join(postings, postings.c.entry_id == entries.c.id)
        .where(entry_positions.c.position > after, entry_positions.c.position <= upto)
        .order_by(entry_positions.c.position, postings.c.line)
    )
    lines = tx.execute(query)
    return [_sequenced(list(same)) for _, same in groupby(lines, key=lambda line: line.position)]


def _sequenced(lines: Sequence[_Row]) -> SequencedEntry:
    row = lines[0]
    entry = Entry(
        id=EntryId(row.id), kind=row.kind, member=None if row.member is None else MemberNumber(row.member),
        cause=row.cause, rule=row.rule, program=row.program, occurred_at=UnixSeconds(row.occurred_at),
        recorded_at=UnixSeconds(row.recorded_at),
        postings=_postings(lines),
        details=None if row.details is None else json.loads(row.details),
    )  # fmt: skip
    return SequencedEntry(row.position, from_hex(row.head), entry)


def _postings(lines: Iterable[_Row]) -> tuple[Posting, ...]:
    return tuple(Posting(line.source, line.destination, line.unit, line.amount) for line in lines)


def _of_accounts(
    tx: Tx, query: Select[*tuple[Any, ...]], *, accounts: Collection[AccountId], unit: Unit
) -> Iterator[_Row]:
    for part in parts(sorted(accounts)):
        yield from tx.execute(query.where(volumes.c.unit == unit, volumes.c.account.in_(part)))


def parts(keys: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """``keys`` in runs that fit one IN list."""
    return (keys[start : start + _IN_LIMIT] for start in range(0, len(keys), _IN_LIMIT))
