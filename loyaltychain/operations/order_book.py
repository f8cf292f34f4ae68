"""The orders and returns that a run works on, in memory: found by id and by article, and what changed of them. Pure."""

from dataclasses import dataclass, field

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.operations.match import Bought, BroughtBack, Key, match
from loyaltychain.operations.order_state import LineState, OrderState, Pair, ReturnState

PairKey = tuple[MemberNumber, str]  # member, item


@dataclass(slots=True, eq=False)
class ParkedReturn:
    """A return or cancellation of an order that nobody has told of yet. ``points``: paid for it, to be refunded."""

    source: str
    event_id: str
    member: MemberNumber
    occurred_at: UnixSeconds
    order_id: str
    points: int | None
    is_cancellation: bool  # of all that is left; its one line is ``order_state.WHOLE``
    lines: list[ReturnState]

    @property
    def cause(self) -> str:
        """The event that told of it."""
        return f"{self.source}/{self.event_id}"

    @property
    def key(self) -> Key:
        """When it happened, in the order of a member's purchases and returns."""
        return self.occurred_at, self.source, self.event_id, 0, ""


@dataclass(slots=True)
class OrderBook:
    """Whoever changes a line does it through ``change``, so that nothing that is owed to a member is forgotten.

    Only pairs of which something came back, or comes back in this run, are in ``pairs``.
    """

    orders: dict[str, OrderState] = field(default_factory=dict)
    pairs: dict[PairKey, Pair] = field(default_factory=dict)
    parked: dict[str, list[ParkedReturn]] = field(default_factory=dict)  # by the order that they name
    returns: list[ReturnState] = field(default_factory=list)
    _touched: dict[str, OrderState] = field(default_factory=dict)

    def add_order(self, order: OrderState) -> None:
        """Take in an order with the lines that are known of it."""
        self.orders[order.id] = order
        for line in order.lines.values():
            self.add_line(order, line)

    def add_line(self, order: OrderState, line: LineState) -> None:
        """Take in a line of an order, also where its article is looked for."""
        order.lines[line.line] = line
        pair = self.pairs.get((order.member, line.item))
        if pair is not None:
            pair.lines.append((order, line))

    def move_line(self, order: OrderState, line: LineState, item: str) -> None:
        """Say anew which article a line is of."""
        before = self.pairs.get((order.member, line.item))
        if before is not None:
            before.lines = [each for each in before.lines if each[1] is not line]
        line.item = item
        line.is_changed = True
        self.add_line(order, line)

    def add_return(self, line: ReturnState) -> None:
        """Take in a line that came back, also where its article is looked for."""
        self.returns.append(line)
        if line.item is not None and line.order_id is None:
            self.pairs.setdefault((line.member, line.item), Pair()).returns.append(line)

    def park(self, parked: ParkedReturn) -> None:
        """Keep a return until its order comes."""
        self.parked.setdefault(parked.order_id, []).append(parked)

    def change(self, order: OrderState, line: LineState, **change: object) -> None:
        """``OrderState.change_line``; what it is worth waits for ``take_touched``."""
        order.change_line(line, **change)  # type: ignore[arg-type]
        self._touched[order.id] = order

    def take_touched(self) -> list[OrderState]:
        """The orders that were changed since the last call, in the order in which they were placed."""
        touched = sorted(self._touched.values(), key=lambda order: order.key)
        self._touched = {}
        return touched

    def fold(self, key: PairKey) -> None:
        """Match all that was brought back of an article anew, and change what is not as it should be."""
        pair = self.pairs[key]
        bought = [Bought(o.key_of(line), line.quantity - line.named, o.until) for o, line in pair.lines]
        back = [BroughtBack(line.key, line.quantity) for line in pair.returns]
        matched, found = match(bought, back)
        changes = [(*each, now) for each, now in zip(pair.lines, matched, strict=True) if each[1].matched != now]
        for order, line, now in changes:
            self.change(order, line, matched=now)
        for returned, quantity in zip(pair.returns, found, strict=True):
            returned.set_matched(quantity)

    def matched_before(self, order: OrderState, line: LineState, key: Key) -> int:
        """How many pieces of a line are matched by what was brought back before ``key``."""
        pair = self.pairs.get((order.member, line.item))
        if pair is None:
            return line.matched
        bought = [Bought(o.key_of(each), each.quantity - each.named, o.until) for o, each in pair.lines]
        earlier = [BroughtBack(each.key, each.quantity) for each in pair.returns if each.key < key]
        matched, _ = match(bought, earlier)
        return next(now for (_, each), now in zip(pair.lines, matched, strict=True) if each is line)
