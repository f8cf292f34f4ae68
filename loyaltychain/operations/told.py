"""What events tell, read once for a whole run: which part each plays in the programme, and its content. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from loyaltychain.core import errors
from loyaltychain.events.orders import Order, Return, parse_cancellation, parse_order, parse_return
from loyaltychain.events.types import Event, SequencedEvent
from loyaltychain.program.types import Program

Role = Literal["order", "return", "cancellation", "edit", "redemption", "other"]


@dataclass(frozen=True, slots=True)
class Told:
    """An event with its content: an order's or edit's, a return's, or the order that is cancelled.

    ``problem`` is why it has none though its role needs one.
    """

    found: SequencedEvent
    role: Role
    order: Order | None = None
    returned: Return | None = None
    cancelled: str | None = None
    problem: errors.InvalidEvent | None = None


def read_all(program: Program, found: Sequence[SequencedEvent]) -> list[Told]:
    """Each event with its part and content. Never raises for what an event holds."""
    return [_read(program, each) for each in found]


def _read(program: Program, found: SequencedEvent) -> Told:
    role = role_of(program, found.event)
    try:
        if role in ("order", "edit"):
            return Told(found, role, order=parse_order(found.event))
        if role == "return":
            return Told(found, role, returned=parse_return(found.event))
        if role == "cancellation":
            return Told(found, role, cancelled=parse_cancellation(found.event))
    except errors.InvalidEvent as problem:
        return Told(found, role, problem=problem)
    return Told(found, role)


def role_of(program: Program, event: Event) -> Role:
    """Which part an event of this type plays."""
    if program.redemption is not None and event.type == program.redemption.event:
        return "redemption"
    if program.orders is None:
        return "other"
    roles: dict[str, Role] = {
        program.orders.event: "order",
        program.orders.returns: "return",
        program.orders.cancellations: "cancellation",
        program.orders.edits: "edit",
    }
    return roles.get(event.type, "other")
