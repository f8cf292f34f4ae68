"""The bodies of answers about orders. Points are whole numbers, amounts minor units."""

from typing import Any, Literal

from pydantic import Field

from loyaltychain.api.answers import Answer, Event


class RulePoints(Answer):
    """What one rule gave."""

    rule: str
    points: int


class OrderLineState(Answer):
    """A line with what came back of it: by returns that name it, by article, and by cancellation."""

    line: str
    item: str
    quantity: int
    amount: int
    returned: int = Field(description="pieces, by returns")
    cancelled: int = Field(description="pieces, by a cancellation")
    kept: int = Field(description="quantity - returned - cancelled")
    awarded: int = Field(description="points of all that was bought")
    points: int = Field(description="points of what is kept")
    rules: list[RulePoints] = Field(description="awarded, by rule, as told last")


class OrderBonus(Answer):
    """Points of the order as a whole, while ``threshold`` minor units of it are kept."""

    rule: str
    threshold: int
    points: int
    stands: bool


class OrderReturn(Answer):
    """A return or cancellation that names the order; ``applied`` is false while it waits."""

    source: str
    id: str
    kind: Literal["return", "cancellation"]
    line: str | None
    quantity: int | None
    applied: bool
    occurred_at: str


class Order(Answer):
    """An order. Until the worker has decided on it (``decided``), lines are as told and nothing is awarded yet."""

    source: str = Field(description="which told of it first")
    id: str
    member: str
    occurred_at: str
    currency: str
    counted_in: str = Field(description="the currency of the amounts of lines and thresholds, once it is decided")
    state: Literal["open", "partially_returned", "closed", "cancelled"]
    decided: bool
    returnable_until: str | None
    program: str | None = Field(description="digest of the rules that it was awarded by")
    lines: list[OrderLineState]
    bonuses: list[OrderBonus]
    points: int = Field(description="of all that is kept, bonuses that stand included")
    rules: list[dict[str, Any]] = Field(description="each rule's inputs, arithmetic and result, as told last")
    returns: list[OrderReturn]


class OrderTold(Answer):
    """What a write to an order came to.

    ``created``, ``changed``: a new event says so. ``unchanged``: the order is known as it was told. ``accepted``,
    ``known``: of a return, cancellation or reopening. ``not_undone`` lists what a reopening leaves as it is.
    """

    status: Literal["created", "changed", "unchanged", "accepted", "known"]
    event: Event | None = Field(description="null: unchanged, and told by another source or as an event")
    order: Order
    not_undone: list[dict[str, Any]]
