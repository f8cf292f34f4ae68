"""The bodies of requests. Strict: no unknown fields, no conversions; points are whole numbers."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from loyaltychain.api.instants import Instant
from loyaltychain.core.amounts import LANE_MAX
from loyaltychain.core.money import EXACT_MAX
from loyaltychain.events.types import PLAIN_NAME, TEXT_MAX

BATCH_MAX = 1000
ITEMS_MAX = 100
HOLD_SECONDS_MAX = 604_800
ORDER_LINES_MAX = 10_000
PIECES_MAX = 2**31


def printable(text: str) -> str:
    """``text`` unless it holds what cannot be printed. Raises ValueError."""
    if not text.isprintable():
        raise ValueError("use printable characters only")
    return text


Name = Annotated[str, Field(pattern=rf"^{PLAIN_NAME}$", description="1 to 64 letters, digits, dots, dashes.")]
Id = Annotated[str, AfterValidator(printable), Field(min_length=1, max_length=TEXT_MAX)]
Words = Annotated[str, AfterValidator(printable), Field(min_length=1, max_length=TEXT_MAX)]
Points = Annotated[int, Field(ge=1, le=LANE_MAX)]


class Body(BaseModel):
    """What all requests have in common."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NewEvent(Body):
    """One fact about a member; ``source`` and ``id`` name it for ever."""

    source: Name
    id: Id
    type: Name
    member: Id
    occurred_at: Instant
    payload: dict[str, Any]


class NewEvents(Body):
    """Up to a thousand events. Each is judged by itself, by the rules of one event."""

    events: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=BATCH_MAX)]


class Item(Body):
    """``quantity`` of a reward. A quoted ``cost`` (points, of one) that is no longer right is refused."""

    reward: Id
    quantity: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    cost: Points | None = None


class _Spending(Body):
    source: Name
    id: Id
    member: Id
    points: Points | None = None
    items: Annotated[list[Item], Field(fail_fast=True, min_length=1, max_length=ITEMS_MAX)] | None = None
    reference: Id | None = Field(None, description="What it pays for: an order's id.")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.points is None) == (self.items is None):
            raise ValueError("give either points or items")
        return self


class NewRedemption(_Spending):
    """Points that are spent at once."""


class NewHold(_Spending):
    """Points that are reserved until they are committed or released, or the time is over."""

    seconds: Annotated[int, Field(ge=1, le=HOLD_SECONDS_MAX)] = 900


class Commit(Body):
    """Spend what is held; fewer ``points`` than that release the rest."""

    points: Points | None = None


class Release(Body):
    """Give back what is held."""


class Refund(Body):
    """Give back what was redeemed: ``points``, or all that is left. ``source`` and ``id`` name this refund."""

    source: Name
    id: Id
    points: Points | None = None
    reason: Words
    restock: bool = Field(False, description="The rewards were never handed out: they go back on the shelf.")


class NewAdjustment(Body):
    """A correction by hand, signed. Below zero needs ``may_owe``."""

    source: Name
    id: Id
    member: Id
    points: Annotated[int, Field(ge=-LANE_MAX, le=LANE_MAX)]
    reason: Words
    actor: Words
    expires_at: Instant | None = None
    may_owe: bool = False

    @model_validator(mode="after")
    def _not_zero(self) -> Self:
        if self.points == 0:
            raise ValueError("points must not be 0")
        return self


class OrderLine(Body):
    """``quantity`` pieces of an article for ``amount`` minor units together, tax and discounts included."""

    line: Id
    item: Id
    quantity: Annotated[int, Field(ge=1, le=PIECES_MAX)]
    amount: Annotated[int, Field(ge=0, le=EXACT_MAX)]


class PutOrder(Body):
    """An order as a whole, as it stands now in the shop. Its id is the path's."""

    member: Id
    occurred_at: Instant
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217")]
    lines: Annotated[list[OrderLine], Field(fail_fast=True, min_length=1, max_length=ORDER_LINES_MAX)]
    exchange: dict[str, Any] | None = Field(None, description="The rate of a foreign currency, where it counts.")


class ReturnedLine(Body):
    """``quantity`` pieces came back: of the line, or of the article, whose lines are then found."""

    line: Id | None = None
    item: Id | None = None
    quantity: Annotated[int, Field(ge=1, le=PIECES_MAX)]

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.line is None) == (self.item is None):
            raise ValueError("give either line or item")
        return self


class OrderStep(Body):
    """What happens to an order. ``source`` and ``id`` name this for ever; ``occurred_at`` is now unless it is given."""

    source: Name
    id: Id
    reason: Words | None = None
    occurred_at: Instant | None = None


class NewReturn(OrderStep):
    """Goods that came back; ``points``: so many of those paid for the order come back too."""

    lines: Annotated[list[ReturnedLine], Field(fail_fast=True, min_length=1, max_length=ORDER_LINES_MAX)]
    points: Points | None = None


class Cancellation(OrderStep):
    """All that is left of the order comes back, and all that was paid for it with points."""


class Reopening(OrderStep):
    """What a cancellation took back is given again."""


class NewCorrection(Body):
    """What the event in the path should have said. ``source`` and ``id`` name this correction for ever."""

    source: Name
    id: Id
    payload: dict[str, Any]
    reason: Words
    actor: Words
    occurred_at: Instant | None = Field(None, description="When it was corrected: now unless it is given.")


class PutReward(Body):
    """A reward as it is from now on. Without ``stock`` there is no limit."""

    name: Words
    cost: Points
    stock: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None
