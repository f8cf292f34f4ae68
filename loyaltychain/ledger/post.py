"""Post entries: the only way that anything moves. Gives each its position and extends the hash chain at once."""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import compress

from loyaltychain.core import errors
from loyaltychain.core.amounts import Unit
from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.ledger import store
from loyaltychain.ledger.accounts import DEBT, ON_CHAIN, is_debt, may_overdraw
from loyaltychain.ledger.types import AccountId, Entry
from loyaltychain.ledger.written import Move, Written, write_entry

_POSTS = "ledger.posts"
_Key = tuple[AccountId, Unit]


def lock_posts(tx: Tx) -> None:
    """Let nobody else post until this transaction ends: what is read of purses after it stays true.

    Raises:
        DatabaseBusy: another transaction kept its turn for too long.
    """
    lock(tx, _POSTS)


def post(tx: Tx, entries: Sequence[Entry]) -> list[bool]:
    """Record each entry once, however often it is called: all new ones, or none when it raises.

    Whoever catches an error must roll the transaction back. Positions follow in the order given. No account on chain
    is below zero after any of them, and after all of them no other one that may not overdraw. Accounts open when they
    are first named.

    Args:
        entries: the same entry may stand in it twice.

    Returns:
        One answer an entry: True if it was recorded now, False if it was there already.

    Raises:
        IdempotencyConflict: an id was used before for other content.
        InsufficientBalance: an account that may not overdraw would go below zero.
        ConstraintRefused: an account's total would grow beyond what the database can count, or more of a debt would be
            paid than is owed.
        DatabaseBusy: another transaction kept its turn for too long.

    Source: key and digest of the input together, as in Formance's ledger.
    """
    return [position > 0 for position in place(tx, [write_entry(entry) for entry in entries])]


def place(tx: Tx, written: Sequence[Written]) -> list[int]:
    """As ``post``, of entries that are written already. The position that each was given; 0: it was there before."""
    lock_posts(tx)
    ids = [each.id for each in written]
    known = store.read_digests(tx, ids)
    if not known and len(set(ids)) == len(ids):  # nearly always
        _move(tx, [move for each in written for move in each.moves])
        return list(_append(tx, written))
    fresh = [known.setdefault(each.id, each.digest) is each.digest for each in written]
    for each in written:
        if known[each.id] != each.digest:
            raise errors.IdempotencyConflict(entry_id=each.id)
    new = list(compress(written, fresh))
    _move(tx, [move for each in new for move in each.moves])
    positions = iter(_append(tx, new))
    return [next(positions) if is_fresh else 0 for is_fresh in fresh]


def _append(tx: Tx, new: Sequence[Written]) -> range:
    last = store.head(tx)
    position, head, sha256, rows = last.position, last.hash, hashlib.sha256, []
    for id_, kind, member, cause, rule, program, occurred_at, recorded_at, postings, digest, details, _ in new:
        position += 1
        # as in ledger/chain.py, without a call an entry
        head = sha256(head + position.to_bytes(8) + recorded_at.to_bytes(8) + digest).digest()
        rows.append(
            (
                position, id_, kind, member, cause, rule, program, occurred_at, recorded_at, postings,
                "0x" + digest.hex(), "0x" + head.hex(), details,
            )
        )  # fmt: skip
    store.insert_entries(tx, rows)
    return range(last.position + 1, position + 1)


def _move(tx: Tx, moves: Sequence[Move]) -> None:
    """Change the totals of accounts, in this order. Raises as ``post`` does."""
    came_in: dict[_Key, int] = {}
    went_out: dict[_Key, int] = {}
    for source, destination, unit, amount in moves:
        key = source, unit
        went_out[key] = went_out.get(key, 0) + amount
        key = destination, unit
        came_in[key] = came_in.get(key, 0) + amount
    watched = {key for key in went_out if not may_overdraw(key[0])}
    watched |= {key for key in came_in if key[0].endswith(DEBT)}
    if watched:
        balances = store.read_balances(tx, watched)
        _watch(balances, moves)
        for (account, unit), left in balances.items():
            if left < 0 and not may_overdraw(account):
                wanted = went_out[account, unit]
                raise errors.InsufficientBalance(account=account, unit=unit, wanted=wanted, balance=left + wanted)
    store.add_volumes(tx, came_in, went_out)


def _watch(balances: dict[_Key, int], moves: Iterable[Move]) -> None:
    """Raise where one of these accounts would leave its side of zero: on chain, since a batch may be cut anywhere.

    What stands on no chain may do so in between (a merge that is undone gives and takes the same points).
    """
    for source, destination, unit, amount in moves:
        if (source, unit) in balances:
            left = balances[source, unit] = balances[source, unit] - amount
            if left < 0 and source.endswith(ON_CHAIN):
                raise errors.InsufficientBalance(account=source, unit=unit, wanted=amount, balance=left + amount)
        if (destination, unit) in balances:
            left = balances[destination, unit] = balances[destination, unit] + amount
            if left > 0 and is_debt(destination):
                raise errors.ConstraintRefused("More would be paid than is owed.", account=destination, unit=unit)
