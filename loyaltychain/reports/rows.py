"""The SQL of all reports, one function a query. The only file of this package that knows the ledger's tables.

Decides nothing. Streams what may be long.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, FromClause, Row, Select, case, func, or_, select, union_all

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events.tables import events, member_closures, members
from loyaltychain.ledger.tables import entries, hold_ends, holds, postings
from loyaltychain.ledger.tables import lot_moves as _stored_moves
from loyaltychain.ledger.tables import lots as _stored_lots
from loyaltychain.ledger.term_tables import lapses
from loyaltychain.operations.policy_tables import notices
from loyaltychain.operations.tables import outcomes

Found = Row[*tuple[Any, ...]]
By = Literal["recorded", "occurred", "position"]

_ROWS_AT_ONCE = 5_000
#: Lots by their entries' ids, each with its award; and all their moves, the first one of each among them.
lots = (
    select(
        entries.c.id, func.coalesce(_stored_lots.c.award, entries.c.cause).label("award"), _stored_lots.c.position,
        _stored_lots.c.member, _stored_lots.c.earned_at, _stored_lots.c.expires_at, _stored_lots.c.due_at,
        _stored_lots.c.in_grace, _stored_lots.c.amount,
    )
    .join_from(_stored_lots, entries, entries.c.position == _stored_lots.c.position)
    .subquery("lots_by_id")
)  # fmt: skip
lot_moves = union_all(
    select(_stored_moves.c.position, _stored_moves.c.lot, _stored_moves.c.amount),
    select(_stored_lots.c.position, _stored_lots.c.position.label("lot"), _stored_lots.c.amount),
).subquery("every_move")
_LOT = (lots.c.id, lots.c.member, lots.c.award, lots.c.earned_at, lots.c.expires_at, lots.c.due_at, lots.c.in_grace,
        lots.c.amount)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """The entries that count: those that were recorded, or that happened, at or before an instant; or up to a
    position."""

    by: By
    upto: int

    def holds(self, entry_id: ColumnElement[str]) -> ColumnElement[bool]:
        """Whether the entry of this id is among them."""
        known = entries.alias()
        return select(known.c.id).where(known.c.id == entry_id, self._column(known) <= self.upto).exists()

    def holds_at(self, position: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether the entry at this position is among them."""
        if self.by == "position":
            return position <= self.upto
        known = entries.alias()
        return select(known.c.id).where(known.c.position == position, self._column(known) <= self.upto).exists()

    def _column(self, of: FromClause) -> ColumnElement[int]:
        return {"position": of.c.position, "recorded": of.c.recorded_at, "occurred": of.c.occurred_at}[self.by]


def numbers(tx: Tx, *, after: int, limit: int) -> list[MemberNumber]:
    """The members' numbers above ``after``, at most ``limit``."""
    query = select(members.c.number).where(members.c.number > after).order_by(members.c.number).limit(limit)
    return [MemberNumber(number) for number in tx.execute(query).scalars()]


def last_number(tx: Tx) -> int:
    """The last member's number; 0 before the first."""
    return int(tx.execute(select(func.coalesce(func.max(members.c.number), 0))).scalar_one())


def closures(tx: Tx, wanted: Sequence[MemberNumber]) -> dict[int, UnixSeconds]:
    """Since when those of these members that are closed are."""
    query = select(member_closures.c.number, member_closures.c.closed_at).where(member_closures.c.number.in_(wanted))
    return {number: UnixSeconds(at) for number, at in tx.execute(query)}


def lots_in(tx: Tx, scope: Scope, wanted: Sequence[MemberNumber]) -> list[Found]:
    """Lots of these members with ``remaining``, the sum of their moves in ``scope``, where it is not 0."""
    moved = func.sum(lot_moves.c.amount)
    query = (
        select(*_LOT, moved.label("remaining"))
        .join(lot_moves, lot_moves.c.lot == lots.c.position)
        .where(lots.c.member.in_(wanted), scope.holds_at(lot_moves.c.position))
        .group_by(*_LOT)
        .having(moved != 0)
    )
    return list(tx.execute(query))


def holds_in(tx: Tx, scope: Scope, wanted: Sequence[MemberNumber]) -> list[Found]:
    """One row for each lot that a hold of these members drew from, which was open in ``scope``: ``hold``, its fields,
    the lot's, and ``drawn``."""
    return list(tx.execute(_open_draws(scope).where(holds.c.member.in_(wanted))))


def moved_in(tx: Tx, scope: Scope, wanted: Sequence[MemberNumber]) -> list[Found]:
    """(member, unit, source, destination, amount): what these members' entries in ``scope`` moved, added up."""
    query = (
        select(
            entries.c.member, postings.c.unit, postings.c.source, postings.c.destination,
            func.sum(postings.c.amount).label("amount"),
        )
        .join(postings, postings.c.position == entries.c.position)
        .where(entries.c.member.in_(wanted), scope.holds_at(entries.c.position))
        .group_by(entries.c.member, postings.c.unit, postings.c.source, postings.c.destination)
    )  # fmt: skip
    return list(tx.execute(query))


def lapses_in(tx: Tx, scope: Scope, wanted: Sequence[MemberNumber]) -> list[Found]:
    """(id, member, since, at): when these members' points run out by inactivity, as far as ``scope`` knows.

    By ``recorded`` those count whose notice was sent by then; otherwise all that stand today.
    """
    query = select(lapses.c.id, lapses.c.member, lapses.c.since, lapses.c.at).where(lapses.c.member.in_(wanted))
    if scope.by == "recorded":
        sent = select(notices.c.id).where(notices.c.id == lapses.c.id, notices.c.sent_at <= scope.upto).exists()
        undone = lapses.c.undone_by.is_not(None) & scope.holds(lapses.c.undone_by)
        return list(tx.execute(query.where(sent, ~undone)))
    return list(tx.execute(query.where(lapses.c.undone_by.is_(None))))


def lot_state(tx: Tx, scope: Scope) -> Iterator[Found]:
    """(is_pending, earned_at, points): what lots had left in ``scope``; what open holds drew is not among it."""
    is_pending = case((lots.c.due_at.is_(None), 0), else_=1).label("is_pending")
    query = (
        select(is_pending, lots.c.earned_at, func.sum(lot_moves.c.amount).label("points"))
        .join(lot_moves, lot_moves.c.lot == lots.c.position)
        .where(scope.holds_at(lot_moves.c.position))
        .group_by(is_pending, lots.c.earned_at)
    )
    return _stream(tx, query)


def held_state(tx: Tx, scope: Scope) -> Iterator[Found]:
    """(earned_at, points): what holds that were open in ``scope`` had drawn from lots."""
    draws = _open_draws(scope).subquery()
    return _stream(tx, select(draws.c.earned_at, func.sum(draws.c.drawn).label("points")).group_by(draws.c.earned_at))


def bucket_state(tx: Tx, scope: Scope, suffix: str) -> list[Found]:
    """(unit, points): what all members' accounts that end in ``suffix`` held in ``scope``."""
    comes = case((postings.c.destination.endswith(suffix), postings.c.amount), else_=0)
    goes = case((postings.c.source.endswith(suffix), postings.c.amount), else_=0)
    query = (
        select(postings.c.unit, func.sum(comes - goes).label("points"))
        .where(or_(postings.c.destination.endswith(suffix), postings.c.source.endswith(suffix)))
        .where(scope.holds_at(postings.c.position))
        .group_by(postings.c.unit)
    )
    return list(tx.execute(query))


def last_position(tx: Tx, *, before: UnixSeconds | None = None) -> tuple[int, str]:
    """The last position, of what was recorded before an instant if given, and its head; 0 and zeros before the first.

    Everything at a smaller position belongs to it, whatever its clock said.
    """
    query = select(entries.c.position, entries.c.head).order_by(entries.c.position.desc())
    if before is not None:
        query = query.where(entries.c.recorded_at < before)
    row = tx.execute(query.limit(1)).one_or_none()
    return (int(row.position), row.head) if row else (0, "0x" + "00" * 32)


def posting_lines(tx: Tx, *, after: int, upto: int) -> list[Found]:
    """One row a posting of the entries at these positions, by position and line."""
    query = (
        select(
            entries, postings.c.line, postings.c.source, postings.c.destination,
            postings.c.unit, postings.c.amount,
        )
        .join(postings, postings.c.position == entries.c.position)
        .where(entries.c.position > after, entries.c.position <= upto)
        .order_by(entries.c.position, postings.c.line)
    )  # fmt: skip
    return list(tx.execute(query))


def move_lines(tx: Tx, *, after: int, upto: int) -> list[Found]:
    """(position, moved, lot): what the entries at these positions did to lots."""
    here = lot_moves.c.position
    query = select(here, lot_moves.c.amount.label("moved"), *_LOT).select_from(lot_moves)
    return list(tx.execute(_of_lots(query, here, after, upto)))


def hold_lines(tx: Tx, *, after: int, upto: int) -> list[Found]:
    """(position, moved, lot): what holds that began at these positions took over from lots, and what those that ended
    at them gave up (below zero)."""
    began, by = entries.alias("began"), entries.alias("by")
    draws = lot_moves.join(began, began.c.position == lot_moves.c.position).join(holds, holds.c.entry_id == began.c.id)
    ends = draws.join(hold_ends, hold_ends.c.hold == holds.c.id).join(by, by.c.id == hold_ends.c.entry_id)
    begun = select(began.c.position, (-lot_moves.c.amount).label("moved"), *_LOT).select_from(draws)
    ended = select(by.c.position, lot_moves.c.amount.label("moved"), *_LOT).select_from(ends)
    return [
        row
        for query, here in ((begun, began.c.position), (ended, by.c.position))
        for row in tx.execute(_of_lots(query, here, after, upto))
    ]


def last_acts(tx: Tx, scope: Scope, kinds: Sequence[str]) -> Iterator[Found]:
    """(member, at): when each member last did something of these kinds, as far as ``scope`` knows."""
    query = (
        select(entries.c.member, func.max(entries.c.occurred_at).label("at"))
        .where(entries.c.kind.in_(kinds), entries.c.member.is_not(None), scope.holds_at(entries.c.position))
        .group_by(entries.c.member)
    )
    return _stream(tx, query)


def last_event(tx: Tx) -> int:
    """The last position of events; 0 before the first."""
    return int(tx.execute(select(func.coalesce(func.max(events.c.position), 0))).scalar_one())


def event_lines(tx: Tx, *, after: int, upto: int) -> list[Found]:
    """Events at these positions, in order, with their outcome where they were decided on."""
    query = (
        select(events, outcomes.c.outcome)
        .outerjoin(outcomes, outcomes.c.position == events.c.position)
        .where(events.c.position > after, events.c.position <= upto)
        .order_by(events.c.position)
    )
    return list(tx.execute(query))


def member_rows(tx: Tx, wanted: Sequence[MemberNumber]) -> dict[int, Found]:
    """Number, first id and joining of these members."""
    return {row.number: row for row in tx.execute(select(members).where(members.c.number.in_(wanted)))}


def _open_draws(scope: Scope) -> Select[*tuple[Any, ...]]:
    ended = select(hold_ends.c.hold).where(hold_ends.c.hold == holds.c.id, scope.holds(hold_ends.c.entry_id)).exists()
    return (
        select(
            holds.c.id.label("hold"), holds.c.entry_id, holds.c.created_at, holds.c.until,
            holds.c.amount.label("held"), (-lot_moves.c.amount).label("drawn"), *_LOT,
        )
        .join(entries, entries.c.id == holds.c.entry_id)
        .join(lot_moves, lot_moves.c.position == entries.c.position)
        .join(lots, lots.c.position == lot_moves.c.lot)
        .where(scope.holds(holds.c.entry_id), ~ended)
    )  # fmt: skip


def _of_lots(
    query: Select[*tuple[Any, ...]], here: ColumnElement[int], after: int, upto: int
) -> Select[*tuple[Any, ...]]:
    return query.join(lots, lots.c.position == lot_moves.c.lot).where(here > after, here <= upto)


def _stream(tx: Tx, query: Select[*tuple[Any, ...]]) -> Iterator[Found]:
    yield from tx.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE})
