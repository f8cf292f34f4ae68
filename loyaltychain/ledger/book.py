"""Purses in the database: load them locked, record what they answered. Decides nothing about points."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from loyaltychain.core.amounts import POINTS, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, is_read_only
from loyaltychain.ledger import accounts, lot_store, store, term_store
from loyaltychain.ledger.lots import Hold, HoldEndKind, Lot, LotId, Movement, Redemption
from loyaltychain.ledger.plain import Plain
from loyaltychain.ledger.post import lock_posts, place
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.purse_state import part_of
from loyaltychain.ledger.types import EntryId
from loyaltychain.ledger.written import write_entry

_Key = TypeVar("_Key", bound=str)


def award_id(cause: str, rule: str) -> EntryId:
    """The id of the entry by which a rule of the programme awards points for a cause."""
    return EntryId(f"earn:{cause}:{rule}")


def load_purses(tx: Tx, members: Collection[MemberNumber]) -> dict[MemberNumber, Purse]:
    """What each member has; who has no account yet has an empty purse. Opens nothing.

    In a write transaction nobody else may move points until its end. Spent lots are left out, but for
    those that an open hold drew from: ``Purse.adopt`` the others that a refund or a return needs.

    Raises:
        DatabaseBusy: another transaction kept its turn for too long.
    """
    wanted = sorted(set(members))
    if not is_read_only(tx):
        lock_posts(tx)
    debts = store.read_balances(tx, [(accounts.debt(member), POINTS) for member in wanted])
    open_holds, held_lots = lot_store.read_open_holds(tx, wanted)
    lots: dict[MemberNumber, dict[LotId, Lot]] = {member: {} for member in wanted}
    for lot in [*lot_store.read_open_lots(tx, wanted), *held_lots]:
        lots[lot.member][lot.id] = lot
    _add_conditions(tx, lots)
    lapses = term_store.read_lapses(tx, wanted)
    holds: dict[MemberNumber, list[Hold]] = {member: [] for member in wanted}
    for hold in open_holds:
        holds[hold.member].append(hold)
    return {
        member: Purse(
            member,
            lots=lots[member].values(),
            holds=holds[member],
            debt=-debts[accounts.debt(member), POINTS],
            lapses=lapses.get(member, ()),
        )
        for member in wanted
    }


def record(tx: Tx, movements: Sequence[Movement | Plain]) -> None:
    """Post the entries and keep what goes with them, in lots, holds and redemptions.

    A movement whose entry is known already is skipped as a whole. Whoever catches an error must roll back.

    Raises:
        IdempotencyConflict: an entry's id was used before for other content.
        InsufficientBalance: an account that may not overdraw would go below zero.
        ConstraintRefused: a movement does not fit what is there; the purse was not loaded in this transaction.
    """
    written = [each.written if isinstance(each, Plain) else write_entry(each.entry) for each in movements]
    made: list[tuple[int | str | None, ...]] = []
    new: dict[EntryId, int] = {}
    moved: list[Movement] = []
    for position, row, each in zip(place(tx, written), written, movements, strict=True):
        if isinstance(each, Plain):
            amount = each.amount
            if not position or not amount:
                continue
            made.append(
                (
                    position, row.member, each.award, row.occurred_at, each.expires_at, each.due_at, 0, amount, amount,
                    0, None,
                )
            )  # fmt: skip
        elif position:
            new[each.entry.id] = position
            moved.append(each)
    made += _keep_lots(tx, new, moved)
    lot_store.insert_lots(tx, made)
    _keep_others(tx, moved)


def _keep_others(tx: Tx, new: Sequence[Movement]) -> None:
    lot_store.insert_holds(tx, [movement.began for movement in new if movement.began])
    lot_store.insert_hold_ends(
        tx,
        [(*movement.ended[:2], movement.entry.id, movement.ended[2]) for movement in new if movement.ended],
    )
    lot_store.insert_redemptions(tx, [movement.redemption for movement in new if movement.redemption])
    lot_store.add_refunded(tx, _sums(movement.refunded for movement in new if movement.refunded))
    members = {movement.entry.member for movement in new if _comes_back(movement)}
    term_store.reopen_lapses(tx, [member for member in members if member is not None])
    term_store.undo_lapses(tx, ((lapse, movement.entry.id) for movement in new for lapse in movement.undone))


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


def lots_by_id(tx: Tx, ids: Collection[str]) -> list[Lot]:
    """The lots of these ids, spent ones too; ids of entries that made none are left out."""
    return lot_store.read_lots(tx, ids)


def lots_of_awards(tx: Tx, awards: Mapping[str, Collection[str]]) -> list[Lot]:
    """All lots of these causes, spent ones too: a return needs to know what has expired of them.

    Args:
        awards: By each cause, the rules that may have awarded it.
    """
    ids = {award_id(cause, rule) for cause, rules in awards.items() for rule in rules}
    return [*lot_store.read_lots(tx, ids), *lot_store.read_lots_of_awards(tx, awards.keys())]


def lots_of_award(tx: Tx, cause: str) -> list[Lot]:
    """All lots of this cause, spent ones too, whatever rules awarded it."""
    return lot_store.read_lots_of_cause(tx, cause)


def members_due(tx: Tx, at: UnixSeconds, limit: int) -> list[MemberNumber]:
    """At most ``limit`` members for whom ``Purse.advance(at)`` has something to do, by number."""
    due = {*lot_store.members_due(tx, at, limit), *term_store.members_lapsed(tx, at, limit)}
    return sorted(due)[:limit]


def _keep_lots(tx: Tx, positions: Mapping[EntryId, int], new: Sequence[Movement]) -> list[tuple[int | str | None, ...]]:
    """Change lots that there are once each, and append the moves. The rows of lots that are made, after all moves.

    A lot that both plain awards and movements of one call are about is not thought of: who takes has a purse.
    """
    made = {movement.made.id: movement for movement in new if movement.made}
    moves = [
        (movement.entry.id, lot_id, amount)
        for movement in new
        for lot_id, amount in movement.lot_moves
        if movement.made is None or lot_id != movement.made.id
    ]
    made_lots = [(positions[each.entry.id], each.made) for each in made.values() if each.made]
    term_store.insert_conditions(tx, {position: lot.condition for position, lot in made_lots if lot.condition})
    moved = _sums((lot_id, amount) for _, lot_id, amount in moves)
    expired = _sums(move for movement in new for move in movement.expired_moves)
    returned_by = {lot_id: entry_id for entry_id, lot_id, amount in moves if amount > 0}
    changed = (moved.keys() | expired.keys()) - made.keys()
    places = store.read_positions(tx, changed) | {str(id_): position for id_, position in positions.items()}
    lot_store.change_lots(
        tx, {places[id_]: (moved.get(id_, 0), expired.get(id_, 0), returned_by.get(id_)) for id_ in changed}
    )
    lot_store.insert_lot_moves(tx, [(places[entry_id], places[lot_id], amount) for entry_id, lot_id, amount in moves])
    return [
        _lot_row(movement, positions[movement.entry.id], moved.get(id_, 0), expired.get(id_, 0), returned_by.get(id_))
        for id_, movement in made.items()
    ]


def _lot_row(
    movement: Movement, position: int, moved: int, expired: int, returned_by: EntryId | None
) -> tuple[int | str | None, ...]:
    lot, entry = movement.made, movement.entry
    assert lot is not None
    is_plain = entry.rule is not None and lot.award == entry.cause and entry.id == award_id(entry.cause, entry.rule)
    return (
        position, lot.member, None if is_plain else lot.award, lot.earned_at, lot.expires_at, lot.due_at,
        int(lot.in_grace), lot.amount, lot.amount + moved, expired, returned_by,
    )  # fmt: skip


def _comes_back(movement: Movement) -> bool:
    """Whether points came to lots that were earned before."""
    return movement.entry.kind not in ("earn", "adjust") and any(amount > 0 for _, amount in movement.lot_moves)


def _add_conditions(tx: Tx, lots: dict[MemberNumber, dict[LotId, Lot]]) -> None:
    waiting = {lot.id: lot for of in lots.values() for lot in of.values() if lot.due_at is not None}
    for lot_id, condition in term_store.read_conditions(tx, waiting).items():
        lots[waiting[lot_id].member][lot_id] = replace(waiting[lot_id], condition=condition)


def _sums(parts: Iterable[tuple[_Key, int]]) -> dict[_Key, int]:
    sums: dict[_Key, int] = {}
    for key, amount in parts:
        sums[key] = sums.get(key, 0) + amount
    return sums
