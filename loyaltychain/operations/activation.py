"""Pending points of one award, decided by hand: given before their time, or taken back. And which ones there are.

Who did it and why stands in the entries. What events and time decide is in ``signals.py`` and ``purse_time.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select, tuple_

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events.tables import members
from loyaltychain.ledger import book
from loyaltychain.ledger.lots import Lot, LotId, Stamp
from loyaltychain.ledger.tables import entries, lots
from loyaltychain.ledger.term_tables import lot_conditions
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations.conduct.names import rule_and_cause
from loyaltychain.operations.conduct.tables import grants
from loyaltychain.operations.identities import read_ids
from loyaltychain.operations.keep import keep, open_purse
from loyaltychain.operations.recorded import read_recorded
from loyaltychain.operations.request import check_text, is_named, name_of
from loyaltychain.operations.signal_store import qualifying_of
from loyaltychain.operations.tables import orders
from loyaltychain.operations.types import NO_BOUNDS, Bounds

Decision = Literal["activated", "cancelled"]
_KINDS: dict[Decision, str] = {"activated": "activate", "cancelled": "reverse"}


@dataclass(frozen=True, slots=True)
class DecidedAward:
    """What was decided about an award's pending points, as it was recorded."""

    award: str  # "source/id" of the event
    member: MemberNumber
    decision: Decision
    points: int
    entries: tuple[EntryId, ...]
    is_replay: bool = False


@dataclass(frozen=True, slots=True)
class PendingAward:
    """Points of one rule that wait until ``due_at``. ``until`` and ``reject`` are types of events, where they wait for
    any; ``otherwise`` says what becomes of them at ``due_at``."""

    lot_id: LotId
    award: str  # "source/id" of the event
    rule: str | None  # of the programme; ``behaviour:helpful-reply`` where a behaviour or its like gave them
    member: MemberNumber
    member_id: str
    points: int
    earned_at: UnixSeconds
    due_at: UnixSeconds
    until: str | None
    reject: str | None
    otherwise: Literal["give", "cancel"]

    @property
    def key(self) -> tuple[int, str]:
        """Its place in the list."""
        return self.due_at, self.lot_id


def activate_pending(
    tx: Tx, *, source: str, event_id: str, actor: str, reason: str, now: UnixSeconds, bounds: Bounds = NO_BOUNDS
) -> DecidedAward:
    """Give what is pending of the award of this event; what the member owes is paid first. Twice is as once.

    Args:
        actor: Who decides it; never the member herself, by any of her ids.

    Raises:
        UnknownAward: the event gave no points.
        AwardDecided: nothing of it is pending (any more), or it is a behaviour's, which events decide.
        InvalidOperation, MemberClosed.
    """
    return _decide(tx, name_of(source, event_id), "activated", actor=actor, reason=reason, now=now, bounds=bounds)


def cancel_pending(
    tx: Tx, *, source: str, event_id: str, actor: str, reason: str, now: UnixSeconds, bounds: Bounds = NO_BOUNDS
) -> DecidedAward:
    """Take back what is pending of the award of this event, as ``activate_pending`` gives it.

    Raises as that does, and AwardDecided for an order's award, which goes back with what is returned of the order.
    """
    cause = name_of(source, event_id)
    if tx.execute(select(orders.c.id).filter_by(source=source, event_id=event_id)).first() is not None:
        raise errors.AwardDecided("This award is an order's: cancel the order, or return its goods.", award=cause)
    return _decide(tx, cause, "cancelled", actor=actor, reason=reason, now=now, bounds=bounds)


def _decide(
    tx: Tx, cause: str, decision: Decision, *, actor: str, reason: str, now: UnixSeconds, bounds: Bounds = NO_BOUNDS
) -> DecidedAward:
    check_text("actor", actor)
    check_text("reason", reason)
    member = _member_of(tx, cause)
    purse, movements = open_purse(tx, member, now)
    if is_named(actor, read_ids(tx, member)):
        raise errors.InvalidOperation("Nobody decides about points of their own.", actor=actor)
    waiting = sorted((lot for lot in purse.lots if lot.award == cause and _is_pending(lot)), key=lambda lot: lot.id)
    if not waiting:
        return _decided_before(tx, cause, member, decision)
    counted = qualifying_of(tx, [EntryId(lot.id) for lot in waiting]) if decision == "cancelled" else {}
    made: list[EntryId] = []
    for lot in waiting:
        id_ = EntryId(f"{_KINDS[decision]}:{lot.id}")  # as time alone would name it: it happens once
        stamp = Stamp(id_, cause, now, now, details={"reason": reason, "actor": actor})
        if decision == "activated":
            movements.append(purse.activate(stamp, lot.id))
        else:
            movements.append(purse.cancel(stamp, lot.id, qualifying=counted.get(EntryId(lot.id), 0)))
        made.append(id_)
    keep(tx, movements, bounds=bounds)
    return DecidedAward(cause, member, decision, sum(lot.remaining for lot in waiting), tuple(made))


def _is_pending(lot: Lot) -> bool:
    return lot.due_at is not None and lot.remaining > 0


def _member_of(tx: Tx, cause: str) -> MemberNumber:
    """Whose the award is: where its pending points are now, which may have gone over into another member."""
    found = book.lots_of_award(tx, cause)
    if not found:
        _refuse_conduct(tx, cause)
        raise errors.UnknownAward("No points were given for this event.", award=cause)
    return min(found, key=lambda lot: (not _is_pending(lot), lot.id)).member


def _refuse_conduct(tx: Tx, cause: str) -> None:
    """What behaviours and their like gave is worked out from events alone, so that anybody can work it out again."""
    waits = grants.c.state.in_(("pending", "held")), grants.c.is_latest == 1, grants.c.cause == cause
    rules = sorted(tx.execute(select(grants.c.rule).where(*waits)).scalars())
    if rules:
        raise errors.AwardDecided(
            "Such an award is not decided by hand: tell one of the events for which its rule waits, as `explain` says.",
            award=cause,
            rules=rules,
        )


def _decided_before(tx: Tx, cause: str, member: MemberNumber, decision: Decision) -> DecidedAward:
    """The same decision as it was made by hand before. Raises AwardDecided when it was another, or made otherwise."""
    pending = sorted((lot for lot in book.lots_of_award(tx, cause) if lot.due_at is not None), key=lambda lot: lot.id)
    known = [read_recorded(tx, EntryId(f"{_KINDS[decision]}:{lot.id}")) for lot in pending]
    by_hand = [each for each in known if each is not None and "actor" in each.details]
    if not by_hand:
        raise errors.AwardDecided("Nothing of this award is pending.", award=cause)
    points = sum(lot.amount for lot, each in zip(pending, known, strict=True) if each in by_hand)
    return DecidedAward(cause, member, decision, points, tuple(each.id for each in by_hand), is_replay=True)


def list_pending(
    tx: Tx, *, member: MemberNumber | None = None, after: tuple[int, str] | None = None, limit: int = 100
) -> Sequence[PendingAward]:
    """At most ``limit`` awards that are pending, of one member or of all, soonest due first; those beyond ``after``."""
    key = (lots.c.due_at, entries.c.id)
    award = func.coalesce(lots.c.award, entries.c.cause).label("award")
    query = (
        select(
            entries.c.id,
            award,
            entries.c.rule,
            lots.c.member,
            lots.c.remaining,
            lots.c.earned_at,
            lots.c.due_at,
            members.c.member_id,
            lot_conditions.c.until,
            lot_conditions.c.reject,
            lot_conditions.c.otherwise,
        )
        .select_from(lots)
        .join(entries, entries.c.position == lots.c.position)
        .join(members, members.c.number == lots.c.member)
        .outerjoin(lot_conditions, lot_conditions.c.lot == lots.c.position)
        .where(lots.c.remaining > 0, lots.c.due_at.is_not(None))
        .order_by(*key)
        .limit(limit)
    )
    if member is not None:
        query = query.where(lots.c.member == member)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    found = tx.execute(query).all()
    named = [rule_and_cause(row.award) or (row.rule, row.award) for row in found]
    return [
        PendingAward(
            row.id, cause, rule, row.member, row.member_id, row.remaining, row.earned_at, row.due_at, row.until,
            row.reject, row.otherwise or "give",
        )
        for row, (rule, cause) in zip(found, named, strict=True)
    ]  # fmt: skip
