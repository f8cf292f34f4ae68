"""Purses in the database: load them locked, record what they answered. Decides nothing about points."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from loyaltychain.core.amounts import POINTS, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, is_read_only
from loyaltychain.ledger import accounts, lot_store, store
from loyaltychain.ledger.lots import Hold, HoldEndKind, Lot, LotId, Movement, Redemption
from loyaltychain.ledger.post import post
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.purse_state import part_of
from loyaltychain.ledger.types import AccountId, EntryId

_Key = TypeVar("_Key", bound=str)


def load_purses(tx: Tx, members: Collection[MemberNumber]) -> dict[MemberNumber, Purse]:
    """What each member has; who has no account yet has an empty purse. Opens nothing.

    In a write transaction nobody else may move these members' points until its end. Spent lots are left out, but for
    those that an open hold drew from: ``Purse.adopt`` the others that a refund or a return needs.

    Raises:
        DatabaseBusy: another transaction kept them for too long.
    """
    wanted = sorted(set(members))
    debts = _lock(tx, wanted)
    open_holds, held_lots = lot_store.read_open_holds(tx, wanted)
    lots: dict[MemberNumber, dict[LotId, Lot]] = {member: {} for member in wanted}
    for lot in [*lot_store.read_open_lots(tx, wanted), *held_lots]:
        lots[lot.member][lot.id] = lot
    holds: dict[MemberNumber, list[Hold]] = {member: [] for member in wanted}
    for hold in open_holds:
        holds[hold.member].append(hold)
    return {
        member: Purse(
            member, lots=lots[member].values(), holds=holds[member], debt=-debts.get(accounts.debt(member), 0)
        )
        for member in wanted
    }


def record(tx: Tx, movements: Sequence[Movement]) -> None:
    """Post the entries and keep what goes with them, in lots, holds and redemptions. Opens the accounts they name.

    A movement whose entry is known already is skipped as a whole. Whoever catches an error must roll back.

    Raises:
        IdempotencyConflict: an entry's id was used before for other content.
        InsufficientBalance: an account that may not overdraw would go below zero.
        ConstraintRefused: a movement does not fit what is there; the purse was not loaded in this transaction.
    """
    entries = [movement.entry for movement in movements]
    accounts.open_named(tx, entries)
    posted = post(tx, entries)
    new = [movement for movement, is_new in zip(movements, posted, strict=True) if is_new]
    _keep_lots(tx, new)
    lot_store.insert_holds(tx, [movement.began for movement in new if movement.began])
    lot_store.insert_hold_ends(
        tx,
        [(*movement.ended[:2], movement.entry.id, movement.ended[2]) for movement in new if movement.ended],
    )
    lot_store.insert_redemptions(tx, [movement.redemption for movement in new if movement.redemption])
    lot_store.add_refunded(tx, _sums(movement.refunded for movement in new if movement.refunded))


def find_redemptions(
    tx: Tx, *, references: Collection[str] = (), entry_ids: Collection[EntryId] = ()
) -> list[Redemption]:
    """The redemptions that paid for one of ``references``, or are one of these entries; by entry id."""
    rows = lot_store.read_redemptions(tx, references=references, entry_ids=entry_ids)
    draws, _ = lot_store.read_draws(tx, {row.drawn_by for row in rows})
    return [
        Redemption(
            row.entry_id, row.member, row.drawn_by, row.amount, row.refunded, row.reference,
            draws=part_of(draws[row.drawn_by], 0, row.amount),
        )
        for row in rows
    ]  # fmt: skip


def find_hold(tx: Tx, hold_id: str) -> tuple[Hold, HoldEndKind | None] | None:
    """A hold and how it ended (None: it is open); None if there is no such hold."""
    return lot_store.read_hold(tx, hold_id)


def lots_by_id(tx: Tx, ids: Collection[LotId]) -> list[Lot]:
    """The lots of these ids, spent ones too."""
    return lot_store.read_lots(tx, ids)


def lots_of_awards(tx: Tx, awards: Collection[str]) -> list[Lot]:
    """All lots of these causes, spent ones too: a return needs to know what has expired of them."""
    return lot_store.read_lots_of_awards(tx, awards)


def members_due(tx: Tx, at: UnixSeconds, limit: int) -> list[MemberNumber]:
    """At most ``limit`` members for whom ``Purse.advance(at)`` has something to do, by number."""
    return lot_store.members_due(tx, at, limit)


def _lock(tx: Tx, members: Sequence[MemberNumber]) -> dict[AccountId, int]:
    """The balance of each member's debt account, all her accounts of points locked."""
    debts = [accounts.debt(member) for member in members]
    if is_read_only(tx):
        return dict(store.balances(tx, debts, POINTS))
    lot_store.lock_members(tx, members)
    buckets = (accounts.available, accounts.held, accounts.pending, accounts.debt)
    locked = store.lock_volumes(tx, [account(member) for member in members for account in buckets], POINTS)
    return {account: locked[account].balance for account in debts if account in locked}


def _keep_lots(tx: Tx, new: Sequence[Movement]) -> None:
    """Insert made lots as they are after all movements, change the others once each, append the moves."""
    moves = [(movement.entry.id, lot_id, amount) for movement in new for lot_id, amount in movement.lot_moves]
    remaining = _sums((lot_id, amount) for _, lot_id, amount in moves)
    expired = _sums(move for movement in new for move in movement.expired_moves)
    made = {movement.made.id: movement.made for movement in new if movement.made}
    returned_by = {
        lot_id: movement.entry.id
        for movement in new
        for lot_id, amount in movement.lot_moves
        if amount > 0 and (movement.made is None or lot_id != movement.made.id)
    }
    lot_store.insert_lots(
        tx,
        [
            replace(lot, remaining=remaining[id_], expired=expired.get(id_, 0), returned_by=returned_by.get(id_))
            for id_, lot in made.items()
        ],
    )
    changed = (remaining.keys() | expired.keys()) - made.keys()
    lot_store.change_lots(
        tx, {id_: (remaining.get(id_, 0), expired.get(id_, 0), returned_by.get(id_)) for id_ in changed}
    )
    lot_store.insert_lot_moves(tx, moves)


def _sums(parts: Iterable[tuple[_Key, int]]) -> dict[_Key, int]:
    sums: dict[_Key, int] = {}
    for key, amount in parts:
        sums[key] = sums.get(key, 0) + amount
    return sums
