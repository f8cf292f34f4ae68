"""Orders as the API takes and answers them, as typed dictionaries. Amounts are minor units, points whole numbers."""

from typing import Any, Literal, NotRequired, TypedDict

from loyaltychain.client.types import Event


class OrderLine(TypedDict):
    """``quantity`` pieces of an article for ``amount`` minor units together."""

    line: str
    item: str
    quantity: int
    amount: int


class PutOrder(TypedDict):
    """An order as a whole. ``occurred_at``: RFC 3339 with offset; ``exchange``: the rate of a foreign currency."""

    member: str
    occurred_at: str
    currency: str
    lines: list[OrderLine]
    exchange: NotRequired[dict[str, Any]]


class ReturnedLine(TypedDict):
    """``quantity`` pieces came back: of a ``line``, or of an article (``item``)."""

    line: NotRequired[str]
    item: NotRequired[str]
    quantity: int


class RulePoints(TypedDict):
    """What one rule gave."""

    rule: str
    points: int


class OrderLineState(TypedDict):
    """A line with what came back of it: by returns that name it, by article, and by cancellation."""

    line: str
    item: str
    quantity: int
    amount: int
    returned: int
    cancelled: int
    kept: int
    awarded: int
    points: int
    rules: list[RulePoints]


class OrderBonus(TypedDict):
    """Points of the order as a whole, while ``threshold`` minor units of it are kept."""

    rule: str
    threshold: int
    points: int
    stands: bool


class OrderReturn(TypedDict):
    """A return or cancellation that names the order; ``applied`` is false while it waits."""

    source: str
    id: str
    kind: Literal["return", "cancellation"]
    line: str | None
    quantity: int | None
    applied: bool
    occurred_at: str


class Order(TypedDict):
    """An order."""

    source: str
    id: str
    member: str
    occurred_at: str
    currency: str
    counted_in: str
    state: Literal["open", "partially_returned", "closed", "cancelled"]
    decided: bool
    returnable_until: str | None
    program: str | None
    lines: list[OrderLineState]
    bonuses: list[OrderBonus]
    points: int
    rules: list[dict[str, Any]]
    returns: list[OrderReturn]


class OrderTold(TypedDict):
    """What a write to an order came to."""

    status: Literal["created", "changed", "unchanged", "accepted", "known"]
    event: Event | None
    order: Order
    not_undone: list[dict[str, Any]]
