"""Correct a member's points by hand: who did it and why stands in the entry. Undoes no award (returns do)."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select, union

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx
from loyaltychain.events.tables import member_aliases, members
from loyaltychain.ledger.accounts import ADJUSTED
from loyaltychain.ledger.lots import Stamp
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations.keep import keep, open_purse
from loyaltychain.operations.recorded import Recorded, check_same, find_recorded
from loyaltychain.operations.request import check_cap, check_points, check_room, check_text, name_of
from loyaltychain.operations.types import NO_BOUNDS, Bounds


@dataclass(frozen=True, slots=True)
class Adjusted:
    """An adjustment as it was recorded; ``points`` is signed."""

    entry_id: EntryId
    member: MemberNumber
    points: int
    reason: str
    actor: str
    expires_at: UnixSeconds | None
    occurred_at: UnixSeconds
    is_replay: bool = False


def adjust(
    tx: Tx,
    *,
    source: str,
    id_: str,
    member: MemberNumber,
    points: int,
    reason: str,
    actor: str,
    expires_at: UnixSeconds | None = None,
    may_owe: bool = False,
    now: UnixSeconds,
    bounds: Bounds = NO_BOUNDS,
) -> Adjusted:
    """Give points (what the member owes is paid first) or take them away.

    Args:
        points: Above 0 to give, below 0 to take.
        actor: Who decides it; never the member herself, by any of her ids.
        expires_at: Of points that are given, after ``now``; None: never.
        may_owe: Points that she has not are owed; otherwise that is refused.

    Raises:
        InsufficientBalance: less can be taken, and she may not owe it.
        IdempotencyConflict: the id was used for another adjustment.
        MemberClosed, UnknownMember, InvalidOperation, OverCap, BalanceTooLarge.
    """
    cause = name_of(source, id_)
    _check(points, reason=reason, actor=actor, expires_at=expires_at, now=now)
    entry_id = EntryId(f"adjust:{cause}")
    details: dict[str, Any] = {"reason": reason, "actor": actor}
    details |= {"expires_at": expires_at} if expires_at is not None else {}
    details |= {"may_owe": True} if may_owe else {}
    known = find_recorded(tx, entry_id)
    if known is not None:
        done = _adjusted(known)
        check_same(cause, same=known.details == details and (done.member, done.points) == (member, points))
        return replace(done, is_replay=True)
    purse, movements = open_purse(tx, member, now)
    if actor in _ids(tx, member):
        raise errors.InvalidOperation("Nobody adjusts points of their own.", actor=actor)
    check_cap(abs(points), bounds.award if points > 0 else bounds.redemption)
    check_room(purse.owned + purse.pending, max(points, 0))
    stamp = Stamp(id=entry_id, cause=cause, occurred_at=now, recorded_at=now, details=details)
    movements.append(purse.adjust(stamp, points, at=now, expires_at=expires_at, may_owe=may_owe))
    keep(tx, movements, bounds=bounds)
    return Adjusted(entry_id, member, points, reason, actor, expires_at, now)


def _check(points: int, *, reason: str, actor: str, expires_at: UnixSeconds | None, now: UnixSeconds) -> None:
    if type(points) is not int or points == 0:
        raise errors.InvalidOperation("An adjustment is a whole number of points, and not 0.", points=points)
    check_points(abs(points))
    check_text("reason", reason)
    check_text("actor", actor)
    if expires_at is not None and (points < 0 or expires_at <= now):
        raise errors.InvalidOperation(
            "Only points that are given expire, and not before now.", expires_at=format_instant(expires_at)
        )


def _ids(tx: Tx, member: MemberNumber) -> set[str]:
    """All ids that name the member."""
    first = select(members.c.member_id).where(members.c.number == member)
    others = select(member_aliases.c.member_id).where(member_aliases.c.number == member)
    return set(tx.execute(union(first, others)).scalars())


def _adjusted(known: Recorded) -> Adjusted:
    details = known.details
    return Adjusted(
        known.id, known.member, -known.changes[ADJUSTED], details["reason"], details["actor"],
        details.get("expires_at"), known.occurred_at,
    )  # fmt: skip
