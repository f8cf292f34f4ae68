"""Returns and cancellations: what becomes of an event that brings goods back. Works on the desk alone.

Nothing that came back is ever a debt by itself: what finds no order is parked until one comes.
"""

from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.words import counted
from loyaltychain.events.orders import Return
from loyaltychain.events.types import SequencedEvent
from loyaltychain.ledger.purse import Purse
from loyaltychain.operations.changes import post_changes, refund_order, release_holds
from loyaltychain.operations.desk import Desk
from loyaltychain.operations.order_book import ParkedReturn
from loyaltychain.operations.order_state import WHOLE, OrderState, ReturnState
from loyaltychain.operations.summary import Fate, explain_changes, explain_released


def take_return(desk: Desk, found: SequencedEvent, told: Return) -> Fate:
    """Take back what goods that came back had earned.

    Raises ReturnRefused, and has changed nothing, when a line of it cannot be returned.
    """
    if told.order is None:
        return _take_by_items(desk, found, told)
    lines = [(line.line, line.item, line.quantity) for line in told.lines]
    return _take_named(desk, _make_named(found, told.order, lines, points=told.points))


def cancel_order(desk: Desk, found: SequencedEvent, order_id: str) -> Fate:
    """Take back all that is left of an order, and give back all that was paid for it with points."""
    return _take_named(desk, _make_named(found, order_id, [(WHOLE, None, 1)], is_cancellation=True))


def _make_named(
    found: SequencedEvent,
    order_id: str,
    lines: list[tuple[str, str | None, int]],
    *,
    points: int | None = None,
    is_cancellation: bool = False,
) -> ParkedReturn:
    event = found.event
    states = [
        ReturnState(event.source, event.id, line, found.member, item, order_id, quantity, event.occurred_at)
        for line, item, quantity in lines
    ]
    return ParkedReturn(
        event.source, event.id, found.member, event.occurred_at, order_id, points, is_cancellation, lines=states
    )


def _take_named(desk: Desk, told: ParkedReturn) -> Fate:
    order = desk.orders.orders.get(told.order_id)
    if order is None:
        desk.orders.park(told)
        for line in told.lines:
            desk.orders.add_return(line)
        result = f"Waits for the order {told.order_id!r}, of which nobody has told yet."
        return Fate({"result": result, "reason": "parked", "order": told.order_id}, is_parked=True)
    _check(desk, order, told, is_late=False)
    for line in told.lines:
        desk.orders.add_return(line)
    purse = desk.open_purse(told.member, told.occurred_at)
    start = len(desk.movements)
    _apply(desk, purse, order, told)
    nothing = "Nothing was left of this order." if told.is_cancellation else "These goods had earned nothing."
    freed = explain_released(desk.movements[start:])
    result = explain_changes(desk.movements[start:], nothing="" if freed else nothing)
    return Fate({"result": f"{result} {freed}".strip(), "order": order.id})


def apply_parked(desk: Desk, purse: Purse, order: OrderState) -> dict[str, Any]:
    """Apply the returns that waited for this order, oldest first; what cannot be applied goes on waiting.

    Returns what to add to the order's explanation.
    """
    applied: list[str] = []
    still_parked: list[dict[str, str]] = []
    waiting = desk.orders.parked.pop(order.id, [])
    for told in sorted(waiting, key=lambda each: each.key):
        try:
            _check(desk, order, told, is_late=True)
        except errors.ReturnRefused as problem:
            still_parked.append({"return": told.cause, "reason": str(problem.context["code"])})
            desk.orders.park(told)
            continue
        desk.open_purse(told.member, told.occurred_at)
        _apply(desk, purse, order, told)
        applied.append(told.cause)
    notes = {"returned_before": applied, "still_parked": still_parked}
    return {name: fact for name, fact in notes.items() if fact}


def _check(desk: Desk, order: OrderState, told: ParkedReturn, *, is_late: bool) -> None:
    """Raise ReturnRefused unless the whole return can be applied.

    Args:
        is_late: The order was told of after the return: what was brought back by items before the return counts,
            though it is not matched yet.
    """
    if order.member != told.member:
        raise errors.ReturnRefused("This order is another member's.", code="foreign-order", order=order.id)
    if told.is_cancellation:
        return
    if order.until is not None and told.occurred_at >= order.until:
        raise errors.ReturnRefused(
            "The time in which this order can be returned is over.",
            code="too-late",
            order=order.id,
            within_days=order.terms.return_within_days,
        )
    for returned in told.lines:
        line = order.lines.get(returned.line)
        if line is None:
            raise errors.ReturnRefused(
                "The order has no such line.", code="unknown-line", order=order.id, line=returned.line
            )
        if returned.item not in (None, line.item):
            raise errors.ReturnRefused(
                f"This line is of {line.item!r}.", code="wrong-item", order=order.id, line=returned.line
            )
        matched = desk.orders.matched_before(order, line, told.key) if is_late else line.matched
        left = line.quantity - line.named - matched
        if returned.quantity > left:
            raise errors.ReturnRefused(
                f"{counted(returned.quantity, 'piece')} came back, and the order has {left:,} left of this line.",
                code="more-than-bought",
                order=order.id,
                line=returned.line,
            )
    _check_points(desk, order, told)


def _check_points(desk: Desk, order: OrderState, told: ParkedReturn) -> None:
    paid = sum(each.amount - each.refunded for each in desk.open_redemptions(order.id, told.member))
    if told.points is not None and told.points > paid:
        raise errors.ReturnRefused(
            f"{counted(told.points, 'point')} to be refunded, and {paid:,} were paid for this order and not refunded.",
            code="more-than-paid",
            order=order.id,
        )


def _apply(desk: Desk, purse: Purse, order: OrderState, told: ParkedReturn) -> None:
    """Make a return true that was checked. Refunds come first, so that no debt is made that they would pay at once."""
    if told.is_cancellation:
        release_holds(desk, purse, order.id, cause=told.cause, occurred_at=told.occurred_at)
        refund_order(desk, purse, order.id, points=None, cause=told.cause, occurred_at=told.occurred_at)
        for line in list(order.lines.values()):
            if line.kept:
                desk.orders.change(order, line, named=line.named + line.kept)
    else:
        if told.points is not None:
            refund_order(desk, purse, order.id, points=told.points, cause=told.cause, occurred_at=told.occurred_at)
        for returned in told.lines:
            line = order.lines[returned.line]
            desk.orders.change(order, line, named=line.named + returned.quantity)
    for returned in told.lines:
        returned.set_matched(returned.quantity)
    post_changes(desk, purse, told.cause, told.occurred_at)


def _take_by_items(desk: Desk, found: SequencedEvent, told: Return) -> Fate:
    event = found.event
    lines = [
        ReturnState(event.source, event.id, line.line, found.member, line.item, None, line.quantity, event.occurred_at)
        for line in told.lines
    ]
    for line in lines:
        desk.orders.add_return(line)
    assert desk.program.orders is not None
    if desk.program.orders.match == "none":
        result = "Waits: this programme does not look for the order of a return that names none."
        return Fate({"result": result, "reason": "parked"}, is_parked=True)
    for key in sorted({(found.member, str(line.item)) for line in lines}):
        desk.orders.fold(key)
    purse = desk.open_purse(found.member, event.occurred_at)
    start = len(desk.movements)
    post_changes(desk, purse, event.cause, event.occurred_at)
    parked = sum(line.quantity - line.matched for line in lines)
    result = explain_changes(desk.movements[start:], nothing="No points to take back.")
    explanation: dict[str, Any] = {
        "result": result,
        "lines": [[line.line, line.item, line.quantity, line.matched] for line in lines],
    }
    if parked:
        explanation["result"] += f" {counted(parked, 'piece')} wait for the order that they were bought with."
        explanation |= {"reason": "parked", "pieces_parked": parked}
    return Fate(explanation, is_parked=parked > 0)
