"""What changes of orders do to a member's points: the difference is taken back or given, and payments are refunded.

Amounts beyond what a batch can settle become several entries; none is refused, because goods did come back.
"""

from collections.abc import Callable, Iterator
from typing import Literal

from loyaltychain.core.amounts import QUALIFYING, Amount
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.ledger import accounts
from loyaltychain.ledger.lots import Movement, Stamp
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.types import Entry, EntryId, Posting
from loyaltychain.operations.desk import Desk
from loyaltychain.operations.order_state import OrderState
from loyaltychain.operations.passage import pass_on
from loyaltychain.program.expiry import DAY_SECONDS
from loyaltychain.program.types import GRACE_DAYS

Giving = Literal["reinstate", "earn"]


def post_changes(
    desk: Desk, purse: Purse, cause: str, occurred_at: UnixSeconds, *, giving: Giving = "reinstate"
) -> None:
    """Post what the orders changed since the last time are worth, one entry an order.

    Args:
        cause: The event that brought the change.
        giving: The kind of entry by which points are given: ``earn`` when an order was edited.
    """
    for order in desk.orders.take_touched():
        change = order.settle()
        # An edit gives all that it adds, and takes what of that had come back: whatever comes back to the member later,
        # by a reopening or a correction, was then taken from this order before.
        is_edit = giving == "earn"
        up = max(change.points, change.worth if is_edit else 0, 0)
        up_qualifying = max(change.qualifying, change.worth_qualifying if is_edit else 0, 0)
        down, down_qualifying = up - change.points, up_qualifying - change.qualifying
        if up:
            _give(desk, purse, order, up, qualifying=up_qualifying, cause=cause, occurred_at=occurred_at, giving=giving)
            up_qualifying = 0
        if down:
            _take(desk, purse, order, down, qualifying=down_qualifying, cause=cause, occurred_at=occurred_at)
            down_qualifying = 0
        for moved in (up_qualifying, -down_qualifying):
            if moved:
                _move_qualifying(desk, order, moved, cause=cause, occurred_at=occurred_at, giving=giving)


def _take(
    desk: Desk,
    purse: Purse,
    order: OrderState,
    amount: int,
    *,
    qualifying: int,
    cause: str,
    occurred_at: UnixSeconds,
) -> None:
    for part in _split(amount, desk.bounds.redemption):
        stamp = desk.stamp("reverse", cause, occurred_at)
        desk.movements.append(purse.take_back(stamp, part, award=order.cause, qualifying=qualifying))
        qualifying = 0


def _give(
    desk: Desk,
    purse: Purse,
    order: OrderState,
    amount: int,
    *,
    qualifying: int,
    cause: str,
    occurred_at: UnixSeconds,
    giving: Giving,
) -> None:
    due_at, expiry = _lot_terms(order, desk.moment(occurred_at))
    for part in _split(amount, desk.bounds.award):
        give: Callable[..., Movement]
        if giving == "earn":
            stamp = desk.stamp("earn", cause, occurred_at, order=order.id, rules="as recorded")
            give = purse.earn
        else:
            stamp = desk.stamp("reinstate", cause, occurred_at)
            give = purse.reinstate
        desk.movements.append(
            give(stamp, part, award=order.cause, expires_at=expiry, due_at=due_at, qualifying=qualifying)
        )
        qualifying = 0


def _lot_terms(order: OrderState, at: UnixSeconds) -> tuple[UnixSeconds | None, UnixSeconds | None]:
    """When points given for an order now are due (None: at once) and when they expire.

    Where the order's rules differ in that, the later is taken for the one and the earlier for the other: nobody gains
    time by bringing goods back and having it corrected.
    """
    shortest, longest = order.terms.pending_days
    due_at = UnixSeconds(order.occurred_at + longest * DAY_SECONDS)
    expiries = order.terms.expiries(UnixSeconds(order.occurred_at + shortest * DAY_SECONDS))
    expiry = min((each for each in expiries if each is not None), default=None)
    return (due_at if longest and due_at > at else None), expiry


def _move_qualifying(
    desk: Desk, order: OrderState, change: int, *, cause: str, occurred_at: UnixSeconds, giving: Giving
) -> None:
    """Qualifying points alone: the points of the same change were rounded away."""
    account = accounts.qualifying(order.member)
    if change < 0:
        kind, source, destination = "reverse", account, accounts.REVERSED
    else:
        kind, source, destination = giving, accounts.ISSUED if giving == "earn" else accounts.REVERSED, account
    stamp = desk.stamp(kind, cause, occurred_at)
    entry = Entry(
        id=stamp.id,
        kind=kind,
        member=order.member,
        cause=cause,
        rule=None,
        program=None,
        occurred_at=occurred_at,
        recorded_at=desk.now,
        postings=(Posting(source, destination, QUALIFYING, Amount(abs(change))),),
        details={"award": order.cause},
    )
    desk.movements.append(Movement(entry))


def refund_order(
    desk: Desk, purse: Purse, order_id: str, *, points: int | None, cause: str, occurred_at: UnixSeconds
) -> None:
    """Give back ``points`` of what the member paid for the order with; None: all that is left of it."""
    expiry = desk.program.expiry
    grace = (GRACE_DAYS if expiry is None else expiry.grace_days) * DAY_SECONDS
    open_redemptions = desk.open_redemptions(order_id, purse.member)
    left = sum(each.amount - each.refunded for each in open_redemptions) if points is None else points
    for redemption in open_redemptions:
        amount = min(left, redemption.amount - redemption.refunded)
        left -= amount
        for part in _split(amount, desk.bounds.award):
            stamp = desk.stamp("refund", cause, occurred_at)
            at = desk.moment(occurred_at)
            giver = desk.purses[redemption.member]
            desk.movements.append(giver.refund(stamp, redemption, part, at=at, grace_seconds=grace))
            if giver is not purse:  # she went over into this member since
                desk.movements += pass_on(giver, purse, name=stamp.id, cause=cause, now=desk.now, bounds=desk.bounds)
            redemption = desk.count_refund(redemption, part)
    assert left == 0, (order_id, points)


def release_holds(desk: Desk, purse: Purse, order_id: str, *, cause: str, occurred_at: UnixSeconds) -> None:
    """Release what the member holds for the order and has not run out: nobody pays any more for what is cancelled.

    Each is recorded as its own release would be: whoever releases it later gets that answer.
    """
    for held in sorted(purse.holds, key=lambda each: each.id):
        if held.reference == order_id and desk.now < held.until:
            stamp = Stamp(EntryId(f"release:{held.id}"), cause, occurred_at, desk.now)
            desk.movements.append(purse.release(stamp, held.id, at=desk.now))


def _split(amount: int, most: int) -> Iterator[int]:
    """``amount`` in parts of at most ``most``."""
    while amount > 0:
        part = min(amount, max(most, 1))
        yield part
        amount -= part
