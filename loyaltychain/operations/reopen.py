"""Reopen an order that was cancelled: what the cancellation took back is given again. Works on the desk alone.

What came back by returns stays back, and what was paid for the order with points stays refunded: the explanation
lists it.
"""

from collections.abc import Sequence
from typing import Any

from loyaltychain.core import errors
from loyaltychain.events.types import SequencedEvent
from loyaltychain.ledger.lots import Movement
from loyaltychain.operations.changes import post_changes
from loyaltychain.operations.desk import Desk
from loyaltychain.operations.order_state import WHOLE, LineState, OrderState
from loyaltychain.operations.summary import Fate, explain_changes


def reopen_order(desk: Desk, found: SequencedEvent, order_id: str) -> Fate:
    """Give again what a cancellation took back, with the expiry that it had.

    Raises ReturnRefused, and has changed nothing: the order is unknown, another member's, or not cancelled.
    """
    order = desk.orders.orders.get(order_id)
    if order is None:
        raise errors.ReturnRefused("There is no such order to be reopened.", code="unknown-order", order=order_id)
    if order.member != found.member:
        raise errors.ReturnRefused("This order is another member's.", code="foreign-order", order=order_id)
    cancelled = [(line, pieces) for line in order.lines.values() if (pieces := _cancelled(desk, order, line))]
    if not cancelled:
        raise errors.ReturnRefused("Nothing of this order was cancelled.", code="not-cancelled", order=order_id)
    for line, pieces in cancelled:
        desk.orders.change(order, line, named=line.named - pieces)
    for key in sorted({(order.member, line.item) for line, _ in cancelled}):
        if key in desk.orders.pairs:
            desk.orders.fold(key)
    purse = desk.open_purse(found.member, found.event.occurred_at)
    start = len(desk.movements)
    post_changes(desk, purse, found.event.cause, found.event.occurred_at)
    given = desk.moved_since(start)
    said: dict[str, Any] = {
        "result": explain_changes(given, nothing="The goods of this order had earned nothing."),
        "order": order_id,
    }
    not_undone = _not_undone(desk, order, given)
    return Fate(said | ({"not_undone": not_undone} if not_undone else {}))


def _cancelled(desk: Desk, order: OrderState, line: LineState) -> int:
    """Pieces of a line that came back by a cancellation: those that no return names."""
    stored = desk.named_before[order.id, line.line]
    here = sum(
        each.quantity
        for each in desk.orders.returns
        if each.order_id == order.id
        and each.line == line.line != WHOLE
        and each.matched == each.quantity
        and (each.is_changed or not each.is_stored)
    )
    return line.named - stored - here


def _not_undone(desk: Desk, order: OrderState, given: Sequence[Movement]) -> list[dict[str, Any]]:
    """What the cancellation did and this does not undo: payments that were refunded, and points that have run out."""
    paid = [each for each in desk.redemptions.get(order.id, ()) if desk.owner(each.member) == order.member]
    lots = [each.made for each in given if each.made is not None]
    parts = {
        "refunded": sum(each.refunded for each in paid),
        "expired": sum(lot.amount for lot in lots if lot.has_expired(desk.now)),
    }
    return [{"what": what, "points": points} for what, points in parts.items() if points]
