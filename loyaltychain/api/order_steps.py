"""Returns, cancellations and reopenings of an order as events: made, judged as things stand, and taken.

The same step again, by its source and id, is the same event, whatever the order looks like by then.
"""

from typing import Any

from loyaltychain.api import store
from loyaltychain.api.context import Context
from loyaltychain.api.instants import parse_instant
from loyaltychain.api.intake import take
from loyaltychain.api.order_views import waiting_event
from loyaltychain.api.problems import KINDS, Problem
from loyaltychain.api.requests import Cancellation, NewReturn, OrderStep, Reopening, ReturnedLine
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events.orders import parse_order
from loyaltychain.events.store import read_event, read_member
from loyaltychain.events.types import Event, SequencedEvent
from loyaltychain.operations.order_view import OrderView, find_order
from loyaltychain.operations.own_events import REOPENED
from loyaltychain.operations.preview import NOT_YET, preview
from loyaltychain.program.types import Orders

Step = tuple[str, Event | None]
Line = tuple[str, str, int]  # line, article, pieces that can come back


def take_return(context: Context, tx: Tx, order: tuple[str, str], asked: NewReturn, *, now: UnixSeconds) -> Step:
    """Take goods back. Raises UnknownOrder, and a Problem for what the worker would refuse."""
    payload: dict[str, Any] = {"order": order[1]} | ({} if asked.points is None else {"points": asked.points})
    told = [line.model_dump(exclude_none=True) for line in asked.lines]
    known = read_event(tx, asked.source, asked.id)
    if known is not None and known.event.payload.get("asked", known.event.payload.get("lines")) == told:
        payload["lines"] = known.event.payload["lines"]  # found by article when it was first told
    else:
        payload["lines"] = _find_lines(_lines(tx, order), asked.lines)
    if payload["lines"] != told:
        payload["asked"] = told
    return _take(context, tx, order, asked, _orders(context).returns, payload, now=now)


def cancel(context: Context, tx: Tx, order: tuple[str, str], asked: Cancellation, *, now: UnixSeconds) -> Step:
    """Cancel the order. Raises as ``take_return``."""
    _lines(tx, order)
    return _take(context, tx, order, asked, _orders(context).cancellations, {"order": order[1]}, now=now)


def reopen(context: Context, tx: Tx, order: tuple[str, str], asked: Reopening, *, now: UnixSeconds) -> Step:
    """Reopen the order. Raises as ``take_return``."""
    _lines(tx, order)
    _orders(context)
    return _take(context, tx, order, asked, REOPENED, {"order": order[1]}, now=now)


def refuse_now(
    context: Context, tx: Tx, event: Event, member: int, now: UnixSeconds, *, otherwise: str = "return-refused"
) -> None:
    """Raise a Problem when the worker, as things stand, would refuse this event. Nothing is written.

    Its code is the reason, where that is a problem's; ``otherwise`` where it is one of events alone.
    """
    found = SequencedEvent(NOT_YET, member, event)  # type: ignore[arg-type]
    decision = preview(tx, context.program(), found, now=now, bounds=context.bounds())
    if decision.outcome != "refused":
        return
    said = decision.explanation
    code = said["reason"] if said["reason"] in KINDS else otherwise
    detail = str(said["result"]).removeprefix("Refused: ")
    raise Problem(code, detail, facts={"reason": said["reason"], **said.get("facts", {})})


def _take(
    context: Context, tx: Tx, order: tuple[str, str], asked: OrderStep, type_: str, payload: dict[str, Any], *,
    now: UnixSeconds,
) -> Step:  # fmt: skip
    if asked.reason is not None:
        payload["reason"] = asked.reason
    known = read_event(tx, asked.source, asked.id)
    at = now if asked.occurred_at is None else parse_instant(asked.occurred_at)
    if known is not None and asked.occurred_at is None:
        at = known.event.occurred_at
    view = find_order(tx, order[1])
    event = Event(asked.source, asked.id, type_, _member(tx, order, view), at, payload)
    if known is None and view is not None:
        refuse_now(context, tx, event, view.order.member, now)
    [taken] = take(context, tx, [event], now=now)
    if taken.problem is not None:
        raise taken.problem
    return "known" if taken.is_known else "accepted", event


def _orders(context: Context) -> Orders:
    found = context.program().orders
    if found is None:
        raise errors.InvalidOperation("This programme has no section `orders`: tell of events instead.")
    return found


def _member(tx: Tx, order: tuple[str, str], view: OrderView | None) -> str:
    if view is not None:
        found = read_member(tx, view.order.member)
        assert found is not None, view.order.member
        return found.member_id
    waiting = waiting_event(tx, *order)
    assert waiting is not None, order
    return waiting.event.member_id


def _lines(tx: Tx, order: tuple[str, str]) -> list[Line]:
    """The lines of the order with what can come back of each, as it stands or was told. Raises UnknownOrder."""
    view = find_order(tx, order[1])
    if view is not None:
        return [(line.line, line.item, line.kept) for line in view.lines]
    waiting = waiting_event(tx, *order)
    if waiting is None:
        raise errors.UnknownOrder(
            "There is no order of this id. A return that comes before its order is told as an event: it waits.",
            order=order[1],
        )
    assert store.outcome_at(tx, waiting.position) is None
    return [(line.line, line.item, line.quantity) for line in parse_order(waiting.event).lines]


def _find_lines(lines: list[Line], asked: list[ReturnedLine]) -> list[dict[str, Any]]:
    """What came back, by line: an article's pieces are taken from its lines in their order, as far as they have some.

    Pieces of an article beyond what is left stand on its last line, so that the refusal names it.
    """
    left = {line: pieces for line, _, pieces in lines}
    taken: dict[str, int] = {}
    for each in asked:
        if each.line is not None:
            taken[each.line] = taken.get(each.line, 0) + each.quantity
            left[each.line] = left.get(each.line, 0) - each.quantity
    for each in asked:
        if each.item is None:
            continue
        of_item = [line for line, item, _ in lines if item == each.item]
        if not of_item:
            raise Problem(
                "return-refused", f"The order has no line of {each.item!r}.", facts={"reason": "unknown-line"}
            )
        rest = each.quantity
        for line in of_item:
            part = rest if line == of_item[-1] else min(rest, max(left[line], 0))
            if part:
                taken[line] = taken.get(line, 0) + part
                left[line] -= part
                rest -= part
    return [{"line": line, "quantity": pieces} for line, pieces in taken.items()]
