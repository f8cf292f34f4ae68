"""What events tell, read once for a whole run: which part each plays in the programme, and its content. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from loyaltychain.core import errors
from loyaltychain.events.orders import Order, Return, parse_cancellation, parse_order, parse_return
from loyaltychain.events.types import Event, SequencedEvent
from loyaltychain.operations.conduct.told import check_act
from loyaltychain.operations.conduct.words import OWN_TYPES, RETRACTED
from loyaltychain.operations.own_events import CORRECTED, REOPENED, Correction, parse_correction
from loyaltychain.operations.signal_book import parse_signal
from loyaltychain.program.types import Program

Role = Literal["order", "return", "cancellation", "edit", "reopening", "correction", "redemption", "signal", "other"]


@dataclass(frozen=True, slots=True)
class Told:
    """An event with its content: an order's or edit's, a return's, the order that is cancelled or reopened, or a
    correction.

    ``problem`` is why it has none though its role needs one.
    """

    found: SequencedEvent
    role: Role
    order: Order | None = None
    returned: Return | None = None
    cancelled: str | None = None
    reopened: str | None = None
    correction: Correction | None = None
    signal: str | None = None  # "source/id" of the event whose pending points it decides about
    problem: errors.InvalidEvent | None = None


def read_all(program: Program, found: Sequence[SequencedEvent]) -> list[Told]:
    """Each event with its part and content. Never raises for what an event holds."""
    signals, acts = program.signals, types_of_acts(program)
    return [_read(program, each, signals, acts) for each in found]


def types_of_acts(program: Program) -> frozenset[str]:
    """The types of events of which behaviours count something, our own included."""
    return frozenset() if program.conduct is None else program.conduct.event_types | OWN_TYPES | {RETRACTED}


def _read(program: Program, found: SequencedEvent, signals: frozenset[str], acts: frozenset[str]) -> Told:
    role: Role = "signal" if found.event.type in signals else role_of(program, found.event)
    try:
        if found.event.type in acts:
            check_act(found.event.type, found.event.payload)
        if role == "signal":
            return Told(found, role, signal=parse_signal(found.event))
        if role in ("order", "edit"):
            return Told(found, role, order=parse_order(found.event))
        if role == "return":
            return Told(found, role, returned=parse_return(found.event))
        if role == "cancellation":
            return Told(found, role, cancelled=parse_cancellation(found.event))
        if role == "reopening":
            return Told(found, role, reopened=parse_cancellation(found.event))
        if role == "correction":
            return Told(found, role, correction=parse_correction(found.event))
    except errors.InvalidEvent as problem:
        return Told(found, role, problem=problem)
    return Told(found, role)


def role_of(program: Program, event: Event) -> Role:
    """Which part this event plays."""
    return role_of_type(program, event.type)


def role_of_type(program: Program, type_: str) -> Role:
    """Which part events of this type play."""
    if program.redemption is not None and type_ == program.redemption.event:
        return "redemption"
    if type_ == CORRECTED:
        return "correction"
    if program.orders is None:
        return "other"
    roles: dict[str, Role] = {
        program.orders.event: "order",
        program.orders.returns: "return",
        program.orders.cancellations: "cancellation",
        program.orders.edits: "edit",
        REOPENED: "reopening",
    }
    return roles.get(type_, "other")
