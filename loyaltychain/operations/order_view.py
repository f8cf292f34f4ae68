"""An order as it stands now, for who asks: its lines, what came back of each, its state. Reads only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.operations import order_store
from loyaltychain.operations.order_state import WHOLE, LineState, OrderState
from loyaltychain.operations.tables import return_lines

State = Literal["open", "partially_returned", "closed", "cancelled"]
_EVENTS_MAX = 1000  # of one order that are listed


@dataclass(frozen=True, slots=True)
class BroughtBackLine:
    """A line of a return or cancellation (then ``line`` is empty) that names the order; it waits unless applied."""

    source: str
    event_id: str
    line: str
    quantity: int
    is_applied: bool
    occurred_at: UnixSeconds


@dataclass(frozen=True, slots=True)
class OrderView:
    """The order with all its lines and bonuses; ``cancelled``: pieces of each line that a cancellation took back."""

    order: OrderState
    lines: tuple[LineState, ...]
    cancelled: dict[str, int]
    came_back: tuple[BroughtBackLine, ...]

    def state(self, now: UnixSeconds) -> State:
        """What can still become of it.

        ``open``: all of it is kept and can come back. ``partially_returned``: some came back, the rest still can.
        ``cancelled``: nothing is left, because it was cancelled. ``closed``: nothing can come back any more.
        """
        left = sum(line.kept for line in self.lines)
        if not left:
            return "cancelled" if any(self.cancelled.values()) else "closed"
        if self.order.until is not None and now >= self.order.until:
            return "closed"
        return "partially_returned" if any(line.named or line.matched for line in self.lines) else "open"


def find_order(tx: Tx, order_id: str) -> OrderView | None:
    """The order of this id as the worker has decided it; None when it has decided on none."""
    order = order_store.read_orders(tx, [order_id]).get(order_id)
    if order is None:
        return None
    for _, line in order_store.read_lines(tx, [order_id]):
        order.lines[line.line] = line
    for _, bonus in order_store.read_bonuses(tx, [order_id]):
        order.bonuses.append(bonus)
    lines = tuple(order.lines.values())
    by_name = count_named(tx, [order_id])
    cancelled = {line.line: line.named - by_name[order_id, line.line] for line in lines}
    return OrderView(order, lines, cancelled, _read_named(tx, order_id))


def count_named(tx: Tx, order_ids: Sequence[str]) -> Counter[tuple[str, str]]:
    """Pieces that came back by returns that name their line, by order and line; cancellations are no returns."""
    line = return_lines.c.line
    query = (
        select(return_lines.c.order_id, line, func.sum(return_lines.c.quantity))
        .where(return_lines.c.order_id.in_(order_ids), line != WHOLE)
        .where(return_lines.c.matched == return_lines.c.quantity)
        .group_by(return_lines.c.order_id, line)
    )
    return Counter({(order_id, name): int(pieces) for order_id, name, pieces in tx.execute(query)})


def _read_named(tx: Tx, order_id: str) -> tuple[BroughtBackLine, ...]:
    query = (
        select(return_lines)
        .where(return_lines.c.order_id == order_id)
        .order_by(return_lines.c.occurred_at, return_lines.c.source, return_lines.c.event_id, return_lines.c.line)
        .limit(_EVENTS_MAX)
    )
    return tuple(
        BroughtBackLine(
            row.source, row.event_id, row.line, row.quantity, row.matched == row.quantity, UnixSeconds(row.occurred_at)
        )
        for row in tx.execute(query)
    )
