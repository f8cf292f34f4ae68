"""Post entries: the only way that anything moves. Gives no positions (``ledger/sequence.py``)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from loyaltychain.core import errors
from loyaltychain.core.amounts import Unit
from loyaltychain.db.engine import Tx
from loyaltychain.ledger import store
from loyaltychain.ledger.accounts import is_debt
from loyaltychain.ledger.types import TOTAL_MAX, AccountId, Entry, EntryId, Volumes

_Key = tuple[Unit, AccountId]  # in this order volumes are locked


def post(tx: Tx, entries: Sequence[Entry]) -> list[bool]:
    """Record each entry once, however often it is called: all new ones, or none when it raises.

    Whoever catches an error must roll the transaction back. Accounts are judged by their balance after the
    whole call. Keys are taken in sorted order, so that two calls cannot deadlock.

    Args:
        entries: in any order; the same entry may stand in it twice.

    Returns:
        One answer an entry: True if it was recorded now, False if it was there already.

    Raises:
        IdempotencyConflict: an id was used before for other content.
        InsufficientBalance: an account that may not overdraw would go below zero.
        MissingAccount: an account was never opened in that unit.
        ConstraintRefused: an account's total would grow beyond what the database can count, or more of a debt would be
            paid than is owed.

    Source: key and digest of the input together, as in Formance's ledger.
    """
    given = _once_each(entries)
    taken = store.insert_entries(tx, given)
    known = given.keys() - taken
    for id_, digest in sorted(store.read_digests(tx, known).items()):
        if digest != given[id_][1]:
            raise errors.IdempotencyConflict(entry_id=id_)
    recorded = [entry for id_, (entry, _) in given.items() if id_ in taken]
    _move(tx, recorded)
    store.insert_postings(tx, recorded)
    return [_take(taken, entry.id) for entry in entries]


def _once_each(entries: Iterable[Entry]) -> dict[EntryId, tuple[Entry, bytes]]:
    given: dict[EntryId, tuple[Entry, bytes]] = {}
    for entry in entries:
        digest = entry.digest
        if given.setdefault(entry.id, (entry, digest))[1] != digest:
            raise errors.IdempotencyConflict(entry_id=entry.id)
    return given


def _take(taken: set[EntryId], id_: EntryId) -> bool:
    """Whether this is the first mention of an id that was recorded now."""
    first = id_ in taken
    taken.discard(id_)
    return first


def _move(tx: Tx, recorded: Iterable[Entry]) -> None:
    came_in: Counter[_Key] = Counter()
    went_out: Counter[_Key] = Counter()
    for entry in recorded:
        for posting in entry.postings:
            went_out[posting.unit, posting.source] += posting.amount
            came_in[posting.unit, posting.destination] += posting.amount

    for unit, keys in groupby(sorted(came_in.keys() | went_out.keys()), key=lambda key: key[0]):
        accounts = [account for _, account in keys]
        before = store.lock_volumes(tx, accounts, unit)
        for account in accounts:
            if account not in before:
                raise errors.MissingAccount(account=account, unit=unit)
            key = unit, account
            _check_volumes(before[account], key, came_in=came_in[key], went_out=went_out[key])
        store.add_volumes(
            tx, {(account, unit): (came_in[unit, account], went_out[unit, account]) for account in accounts}
        )


def _check_volumes(before: Volumes, key: _Key, *, came_in: int, went_out: int) -> None:
    unit, account = key
    if max(before.total_in + came_in, before.total_out + went_out) > TOTAL_MAX:
        raise errors.ConstraintRefused("The account's total would not fit.", account=account, unit=unit)
    if is_debt(account) and before.balance + came_in > went_out:
        raise errors.ConstraintRefused("More would be paid than is owed.", account=account, unit=unit)
    if not before.may_overdraw and before.balance + came_in < went_out:
        raise errors.InsufficientBalance(account=account, unit=unit, wanted=went_out, balance=before.balance + came_in)
