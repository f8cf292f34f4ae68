"""Rows and a map with lines make an order or a return. Pure; the same rows in any order make the same event."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.events import orders
from loyaltychain.events.cells import (
    read_amount,
    read_cell,
    read_filled,
    read_id,
    read_member,
    read_time,
    read_type,
    read_whole,
)
from loyaltychain.events.map import EventMap
from loyaltychain.events.map_parts import LinesPart
from loyaltychain.events.orders import OrderLine, ReturnLine
from loyaltychain.events.rows import Row
from loyaltychain.events.types import Event


@dataclass(frozen=True, slots=True)
class LineRow:
    """What one row says: about its event, which all rows of it must say alike, and about its own line.

    ``names`` is the order and the line of it that a return's row gives back; None when it names none.
    """

    type: str
    member_id: str
    currency: str | None
    occurred_at: UnixSeconds
    line: OrderLine | ReturnLine
    names: tuple[str, str] | None = None


def make_line(event_map: EventMap, row: Row, *, received_at: UnixSeconds) -> LineRow:
    """What the row says. Raises InvalidEvent saying which cell is wrong and what stands in it."""
    part = event_map.lines
    assert part is not None
    event_type = read_type(event_map.type, row)
    member_id = read_member(event_map.member, row)
    occurred_at = read_time(event_map, row, received_at=received_at)
    content: dict[str, Any] = {
        "line": read_id(part.id, row, prefix=""),
        "quantity": read_whole(row, part.quantity.column),
    }
    if event_type in part.returns:
        names = _read_names(part, row)
        content["quantity"] = abs(content["quantity"])
        if names is None or read_cell(row, part.item.column):
            content["item"] = read_filled(row, part.item.column)
        make = orders.make_return_line if names is None else orders.make_named_line
        return LineRow(event_type, member_id, None, occurred_at, make(content), names)
    content["item"] = read_filled(row, part.item.column)
    content["amount"], currency = read_amount(part.amount, row)
    return LineRow(event_type, member_id, currency, occurred_at, orders.make_order_line(content))


def _read_names(part: LinesPart, row: Row) -> tuple[str, str] | None:
    if part.names is None:
        return None
    order, line = read_cell(row, part.names.order.column), read_cell(row, part.names.line.column)
    if bool(order) != bool(line):
        raise errors.InvalidEvent("The row names an order or a line of it, but not both.", order=order, line=line)
    return (order, line) if order else None


def make_event(event_map: EventMap, event_id: str, rows: Collection[LineRow]) -> Event:
    """The event whose lines these are, at least one, each line's id once. It happened when the first of them did.

    Raises InvalidEvent: the rows contradict each other, or are too many.
    """
    for field in ("type", "member_id", "currency"):
        found = sorted({str(getattr(row, field)) for row in rows})
        if len(found) > 1:
            name = field.removesuffix("_id")
            raise errors.InvalidEvent(f"The rows of one order differ in {name}.", found=found[:3])
    first = next(iter(rows))
    is_return = isinstance(first.line, ReturnLine)
    event = Event(
        source=event_map.source,
        id=event_id,
        type=first.type,
        member_id=first.member_id,
        occurred_at=min(row.occurred_at for row in rows),
        payload=_return_payload(rows) if is_return else _order_payload(rows),
    )
    # One definition of these shapes: what comes from a file is held against it like what comes from an app.
    if is_return:
        orders.parse_return(event)
    else:
        orders.parse_order(event)
    return event


def _order_payload(rows: Collection[LineRow]) -> dict[str, Any]:
    lines = [
        {"amount": row.line.amount, "item": row.line.item, "line": row.line.line, "quantity": row.line.quantity}
        for row in rows
        if isinstance(row.line, OrderLine)
    ]
    return {"currency": next(iter(rows)).currency, "lines": sorted(lines, key=_by_line)}


def _return_payload(rows: Collection[LineRow]) -> dict[str, Any]:
    named = {row.names[0] if row.names else None for row in rows}
    if len(named) > 1:
        raise errors.InvalidEvent(
            "The rows of a return must all name one and the same order, or all none.",
            orders=sorted(str(order) for order in named)[:3],
        )
    (order,) = named
    if order is None:
        lines = [{"item": row.line.item, "line": row.line.line, "quantity": row.line.quantity} for row in rows]
        return {"lines": sorted(lines, key=_by_line)}
    counted: Counter[str] = Counter()
    for row in rows:
        assert row.names is not None
        counted[row.names[1]] += row.line.quantity  # two rows may give back pieces of one line
    lines = [{"line": line, "quantity": quantity} for line, quantity in counted.items()]
    return {"lines": sorted(lines, key=_by_line), "order": order}


def _by_line(line: dict[str, Any]) -> tuple[int, str]:
    """Shorter ids first, so that numbers stand in the order of numbers."""
    return len(line["line"]), line["line"]
