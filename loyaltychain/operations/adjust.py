"""Correct a member's points by hand: who did it and why stands in the entry. Undoes no award (returns do).

Large ones, and too many a day, wait for a second person (``approvals.py``).
"""

from dataclasses import dataclass, replace
from typing import Any

from loyaltychain.actions import log
from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx
from loyaltychain.events import links
from loyaltychain.ledger.accounts import ADJUSTED
from loyaltychain.ledger.lots import Stamp
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations import act_details
from loyaltychain.operations.approval_limit import check_alone
from loyaltychain.operations.identities import read_ids
from loyaltychain.operations.keep import keep, open_purse
from loyaltychain.operations.recorded import Recorded, check_same, find_recorded
from loyaltychain.operations.request import check_cap, check_points, check_room, check_text, is_named, name_of
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
    approved_by: str | None = None,
    key: str | None = None,
    request_id: str | None = None,
) -> Adjusted:
    """Give points (what the member owes is paid first) or take them away.

    Args:
        points: Above 0 to give, below 0 to take.
        actor: Who decides it; never the member herself, by any of her ids.
        expires_at: Of points that are given, after ``now``; None: never.
        may_owe: Points that she has not are owed; otherwise that is refused.
        approved_by: Who agreed to more than ``bounds.approve_above`` points, or than ``bounds.approve_a_day`` of an
            actor's.
        key: ``key:<id>`` of the API key that asks for it.

    Raises:
        ApprovalNeeded: so many points, or so many a day, wait for a second person.
        InsufficientBalance: less can be taken, and she may not owe it.
        IdempotencyConflict: the id was used for another adjustment.
        MemberClosed, UnknownMember, InvalidOperation, OverCap, BalanceTooLarge.
    """
    cause = name_of(source, id_)
    check_adjustment(points, reason=reason, actor=actor, expires_at=expires_at, now=now)
    entry_id = EntryId(f"adjust:{cause}")
    details: dict[str, Any] = {"reason": reason, "actor": actor}
    details |= {"expires_at": expires_at} if expires_at is not None else {}
    details |= {"may_owe": True} if may_owe else {}
    known = find_recorded(tx, entry_id)
    if known is not None:
        done = _adjusted(known)
        said = {name: value for name, value in known.details.items() if name != "approved_by"}
        same = said == details and done.points == points and links.is_same(tx, done.member, member)
        check_same(cause, same=same)
        return replace(done, is_replay=True)
    if approved_by is not None:
        details["approved_by"] = approved_by
    else:
        check_alone(tx, points, actor=actor, key=key, now=now, bounds=bounds)
    purse, movements = open_purse(tx, member, now)
    check_actor(tx, member, actor)
    check_cap(abs(points), bounds.award if points > 0 else bounds.redemption)
    check_room(purse.owned + purse.pending, max(points, 0))
    stamp = Stamp(id=entry_id, cause=cause, occurred_at=now, recorded_at=now, details=details)
    movements.append(purse.adjust(stamp, points, at=now, expires_at=expires_at, may_owe=may_owe))
    keep(tx, movements, bounds=bounds)
    log.record(
        tx, actor=key or actor, action="adjustment.make", subject=f"entry:{entry_id}", reason=reason, at=now,
        request_id=request_id,
        details=act_details.of_adjustment(member, points, actor=actor, approved_by=approved_by),
    )  # fmt: skip
    return Adjusted(entry_id, member, points, reason, actor, expires_at, now)


def check_adjustment(points: int, *, reason: str, actor: str, expires_at: UnixSeconds | None, now: UnixSeconds) -> None:
    """Raise InvalidOperation for what cannot be an adjustment, whoever's."""
    if type(points) is not int or points == 0:
        raise errors.InvalidOperation("An adjustment is a whole number of points, and not 0.", points=points)
    check_points(abs(points))
    check_text("reason", reason)
    check_text("actor", actor)
    if expires_at is not None and (points < 0 or expires_at <= now):
        raise errors.InvalidOperation(
            "Only points that are given expire, and not before now.", expires_at=format_instant(expires_at)
        )


def check_actor(tx: Tx, member: MemberNumber, actor: str) -> None:
    """Raise InvalidOperation when the actor is the member herself, by any of her ids."""
    if is_named(actor, read_ids(tx, member)):
        raise errors.InvalidOperation("Nobody adjusts points of their own.", actor=actor)


def _adjusted(known: Recorded) -> Adjusted:
    details = known.details
    return Adjusted(
        known.id, known.member, -known.changes[ADJUSTED], details["reason"], details["actor"],
        details.get("expires_at"), known.occurred_at,
    )  # fmt: skip
