"""Give redeemed points back, to the lots they came from and with the expiry they had. Reverses no award.

What comes back to a member who went over into another one goes on to that one in the same transaction.
"""

from dataclasses import dataclass, replace
from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.words import counted
from loyaltychain.db.engine import Tx
from loyaltychain.ledger import book
from loyaltychain.ledger.accounts import REDEEMED
from loyaltychain.ledger.lots import Redemption, Stamp
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations import stock
from loyaltychain.operations.keep import keep, open_to_refund
from loyaltychain.operations.passage import pass_on
from loyaltychain.operations.recorded import Recorded, check_same, find_recorded
from loyaltychain.operations.redeem import answer, find_stored
from loyaltychain.operations.request import check_cap, check_points, check_room, check_text, name_of
from loyaltychain.operations.types import NO_BOUNDS, Bounds


@dataclass(frozen=True, slots=True)
class Refunded:
    """A refund as it was recorded; ``points`` came back, what the member owed was paid from them first."""

    entry_id: EntryId
    member: MemberNumber
    redemption: EntryId
    points: int
    reason: str
    restock: bool
    occurred_at: UnixSeconds
    is_replay: bool = False


def refund(
    tx: Tx,
    *,
    source: str,
    id_: str,
    redemption: str,
    points: int | None = None,
    reason: str,
    restock: bool = False,
    grace_seconds: int,
    now: UnixSeconds,
    bounds: Bounds = NO_BOUNDS,
) -> Refunded:
    """Give points of a redemption back. Points whose expiry has passed are good for ``grace_seconds``, once.

    Args:
        redemption: Its ``source/id`` or its entry's id.
        points: None for all that is left of it.
        reason: For people; in the entry.
        restock: The rewards come back too (they never went out): only with all points of a redemption at once.

    Raises:
        UnknownRedemption: there is none of this id.
        ReturnRefused: so much is not left to give back.
        IdempotencyConflict, MemberClosed, InvalidOperation, OverCap, BalanceTooLarge.
    """
    cause = name_of(source, id_)
    check_text("reason", reason)
    if points is not None:
        check_points(points)
    entry_id = EntryId(f"refund:request:{cause}")  # a return event of this name may have a refund of its own
    known = find_recorded(tx, entry_id)
    stored = find_stored(tx, redemption)
    details: dict[str, Any] = {"redemption": stored.entry_id, "reason": reason} | ({"restock": True} if restock else {})
    if known is not None:
        done = _refunded(known)
        check_same(cause, same=known.details == details and points in (None, done.points))
        return replace(done, is_replay=True)
    purse, survivor, movements = open_to_refund(tx, stored.member, now)
    stored = find_stored(tx, stored.entry_id)  # as it is behind the lock
    amount = _amount(stored, points, restock=restock)
    check_cap(amount, bounds.award)
    owner = survivor or purse
    check_room(owner.owned + owner.pending, amount)
    purse.adopt(book.lots_by_id(tx, [lot for lot, _ in stored.draws]))
    stamp = Stamp(id=entry_id, cause=cause, occurred_at=now, recorded_at=now, details=details)
    movements.append(purse.refund(stamp, stored, amount, at=now, grace_seconds=grace_seconds))
    if survivor is not None:
        movements += pass_on(purse, survivor, name=entry_id, cause=cause, now=now, bounds=bounds)
    if restock:
        stock.give_back(tx, answer(tx, stored).items)
    keep(tx, movements, bounds=bounds)
    return Refunded(entry_id, stored.member, stored.entry_id, amount, reason, restock, now)


def _amount(stored: Redemption, points: int | None, *, restock: bool) -> int:
    left = stored.amount - stored.refunded
    amount = left if points is None else points
    if amount > left or amount == 0:
        raise errors.ReturnRefused(
            f"{counted(left, 'point')} of this redemption are left to give back.", wanted=points, left=left
        )
    if restock and amount != stored.amount:
        raise errors.InvalidOperation(
            "Rewards go back into stock only when all points of their redemption come back at once.",
            points=amount,
            redeemed=stored.amount,
        )
    return amount


def _refunded(known: Recorded) -> Refunded:
    details = known.details
    return Refunded(
        known.id, known.member, EntryId(details["redemption"]), -known.changes[REDEEMED], details["reason"],
        bool(details.get("restock", False)), known.occurred_at,
    )  # fmt: skip
