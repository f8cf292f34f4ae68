"""The ledger's SQL for entries and volumes, one function a query. No decisions here.

What is written and read with every entry goes to the driver as it is: lists of tuples, or one text that the database
takes apart; a bind parameter a value would cost more than the row.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import orjson
from sqlalchemy import Row, Select, bindparam, select

from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS, Amount, Unit
from loyaltychain.core.hashing import ZERO_HASH, from_hex
from loyaltychain.db.bulk import any_of, as_list, fetch, insert_rows
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.accounts import ADJUSTED, ISSUED, may_overdraw
from loyaltychain.ledger.tables import entries, volumes
from loyaltychain.ledger.types import AccountId, Entry, Head, Posting, SequencedEntry

_IN_LIMIT = 10_000  # keys in one IN list: both engines bound a statement's parameters (SQLite: 32,766)

#: Opens accounts that are not open yet. SQLite would go on with a float where a total does not fit (TOTAL_MAX).
_ADD = {
    "sqlite": "INSERT INTO volumes (account, unit, total_in, total_out, may_overdraw) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (account, unit) DO UPDATE"
    " SET total_in = total_in + excluded.total_in, total_out = total_out + excluded.total_out"
    " WHERE total_in <= 9223372036854775807 - excluded.total_in"
    " AND total_out <= 9223372036854775807 - excluded.total_out",
    "postgresql": "INSERT INTO volumes AS v (account, unit, total_in, total_out, may_overdraw)"
    " SELECT * FROM unnest(string_to_array(%s, ','), string_to_array(%s, ','), string_to_array(%s, ',')::bigint[],"
    " string_to_array(%s, ',')::bigint[], string_to_array(%s, ',')::bigint[])"
    " ON CONFLICT (account, unit) DO UPDATE"
    " SET total_in = v.total_in + excluded.total_in, total_out = v.total_out + excluded.total_out",
}
_TAKE = {  # an insertion would be refused by itself: no account begins below zero
    "sqlite": "UPDATE volumes SET total_in = total_in + ?3, total_out = total_out + ?4 WHERE account = ?1 AND unit = ?2"
    " AND total_in <= 9223372036854775807 - ?3 AND total_out <= 9223372036854775807 - ?4",
    "postgresql": "UPDATE volumes AS v SET total_in = v.total_in + d.came_in, total_out = v.total_out + d.went_out"
    " FROM unnest(string_to_array(%s, ','), string_to_array(%s, ','), string_to_array(%s, ',')::bigint[],"
    " string_to_array(%s, ',')::bigint[]) AS d(account, unit, came_in, went_out)"
    " WHERE v.account = d.account AND v.unit = d.unit",
}

_RUN = (
    select(entries)
    .where(entries.c.position > bindparam("after"), entries.c.position <= bindparam("upto"))
    .order_by(entries.c.position)
)
_EVER_GIVEN = select(volumes.c.total_out).where(volumes.c.unit == POINTS, volumes.c.account.in_((ISSUED, ADJUSTED)))

_T = TypeVar("_T")
_Row = Row[*tuple[Any, ...]]
_Key = tuple[AccountId, Unit]


def insert_entries(tx: Tx, rows: Sequence[tuple[Any, ...]]) -> None:
    """Append entries (never updated, never deleted), each a tuple of the table's columns in their order."""
    insert_rows(tx, entries, rows)


def read_digests(tx: Tx, ids: Collection[str]) -> dict[str, bytes]:
    """The digest under which each id was first used; ids that are free are left out."""
    found = fetch(tx, _digests(tx.dialect.name), ids=as_list(ids)) if ids else []
    return {id_: from_hex(digest) for id_, digest in found}


@cache
def _digests(dialect: str) -> Select[Any]:
    return select(entries.c.id, entries.c.digest).where(any_of(dialect, entries.c.id, "ids"))


def add_volumes(tx: Tx, came_in: Mapping[_Key, int], went_out: Mapping[_Key, int]) -> None:
    """Add to the two monotone totals of each account and unit, and open those that are not open.

    Raises:
        ConstraintRefused: a total would not fit, or an account that may not overdraw would be below zero.
    """
    added, taken = [], []
    for key in sorted(came_in.keys() | went_out.keys()):
        account, unit = key
        came, went = came_in.get(key, 0), went_out.get(key, 0)
        overdraws = may_overdraw(account)
        if went > came and not overdraws:
            taken.append((account, unit, came, went))
        else:
            added.append((account, unit, came, went, int(overdraws)))
    _change(tx, _ADD, added)
    _change(tx, _TAKE, taken)


def _change(tx: Tx, statement: Mapping[str, str], rows: list[tuple[Any, ...]]) -> None:
    if not rows:
        return
    if tx.dialect.name == "sqlite":
        changed = tx.exec_driver_sql(statement["sqlite"], rows).rowcount
    else:
        columns = tuple(",".join(map(str, column)) for column in zip(*rows, strict=True))
        changed = tx.exec_driver_sql(statement["postgresql"], columns).rowcount
    if changed != len(rows):
        accounts = sorted({account for account, *_ in rows})[:3]
        raise errors.ConstraintRefused("An account's total would not fit.", accounts=accounts)


def read_balances(tx: Tx, keys: Collection[_Key]) -> dict[_Key, int]:
    """What each account holds of each unit; 0 where it was never opened."""
    found: dict[_Key, int] = dict.fromkeys(keys, 0)
    for unit in {unit for _, unit in keys}:
        named = as_list(account for account, its in keys if its == unit)
        for account, balance_now in fetch(tx, _balances(tx.dialect.name), accounts=named, its=unit):
            found[AccountId(account), unit] = balance_now
    return found


@cache
def _balances(dialect: str) -> Select[Any]:
    named = any_of(dialect, volumes.c.account, "accounts")
    query = select(volumes.c.account, volumes.c.total_in - volumes.c.total_out)
    return query.where(named, volumes.c.unit == bindparam("its"))


def below_zero(tx: Tx, accounts: Iterable[AccountId]) -> list[AccountId]:
    """Those of the accounts that hold less than no points."""
    return [AccountId(row[0]) for row in fetch(tx, _below_zero(tx.dialect.name), accounts=as_list(accounts))]


@cache
def _below_zero(dialect: str) -> Select[Any]:
    named = any_of(dialect, volumes.c.account, "accounts")
    return select(volumes.c.account).where(named, volumes.c.unit == POINTS, volumes.c.total_in < volumes.c.total_out)


def ever_given(tx: Tx) -> int:
    """The points that were ever awarded or given by hand."""
    return sum(row[0] for row in fetch(tx, _EVER_GIVEN))


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
    query = select(entries.c.position, entries.c.head).order_by(entries.c.position.desc()).limit(1)
    last = tx.execute(query).one_or_none()
    return Head(last.position, from_hex(last.head)) if last else Head(0, ZERO_HASH)


def read_entries(tx: Tx, after: int, upto: int) -> list[SequencedEntry]:
    """The entries at positions ``after + 1`` to ``upto``, in order; fewer when the ledger ends before."""
    return [_sequenced(row) for row in fetch(tx, _RUN, after=after, upto=upto)]


def read_positions(tx: Tx, ids: Collection[str]) -> dict[str, int]:
    """The positions of these entries; ids that are free are left out."""
    return dict(fetch(tx, _positions(tx.dialect.name), ids=as_list(ids))) if ids else {}


@cache
def _positions(dialect: str) -> Select[Any]:
    return select(entries.c.id, entries.c.position).where(any_of(dialect, entries.c.id, "ids"))


def _sequenced(row: tuple[Any, ...]) -> SequencedEntry:
    position, id_, kind, member, cause, rule, program, occurred_at, recorded_at, postings, _digest, head, details = row
    lines = [Posting(each["from"], each["to"], each["unit"], each["amount"]) for each in orjson.loads(postings)]
    entry = Entry(
        id_, kind, member, cause, rule, program, occurred_at, recorded_at, tuple(lines),
        None if details is None else json.loads(details),
    )  # fmt: skip
    return SequencedEntry(position, from_hex(head), entry)


def _of_accounts(
    tx: Tx, query: Select[*tuple[Any, ...]], *, accounts: Collection[AccountId], unit: Unit
) -> Iterator[_Row]:
    for part in parts(sorted(accounts)):
        yield from tx.execute(query.where(volumes.c.unit == unit, volumes.c.account.in_(part)))


def parts(keys: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """``keys`` in runs that fit one IN list."""
    return (keys[start : start + _IN_LIMIT] for start in range(0, len(keys), _IN_LIMIT))
