"""Payloads of the types that the programme knows, checked before they are taken: a refusal now, not an outcome later.

Other types are the app's own: their payload may be any JSON object.
"""

import re
from collections.abc import Callable

from loyaltychain.api.problems import FieldProblem, Problem
from loyaltychain.core import errors
from loyaltychain.core.amounts import LANE_MAX, POINTS
from loyaltychain.events import orders
from loyaltychain.events.types import Event
from loyaltychain.program.types import Program

_FIELD = re.compile(r"^([a-z]+(?:\[[0-9]+\])?(?:\.[a-z]+)?)[ :]")  # what a message of events/orders.py begins with


def check_payload(program: Program, event: Event) -> None:
    """Raise a Problem with a pointer to the field when the payload is not what its type asks for."""
    check = _checks(program).get(event.type)
    if check is None:
        return
    try:
        check(event)
    except errors.InvalidEvent as error:
        raise Problem("invalid-event", error.message, [_place(error.message)]) from error


def _checks(program: Program) -> dict[str, Callable[[Event], object]]:
    found: dict[str, Callable[[Event], object]] = {}
    if program.redemption is not None:
        found[program.redemption.event] = _check_redemption
    if program.orders is not None:
        found |= {
            program.orders.event: orders.parse_order,
            program.orders.edits: orders.parse_order,
            program.orders.returns: orders.parse_return,
            program.orders.cancellations: orders.parse_cancellation,
        }
    return found


def _check_redemption(event: Event) -> None:
    amount = event.payload.get("amount")
    if type(amount) is not int or not 1 <= amount <= LANE_MAX:
        raise errors.InvalidEvent(f"amount must be a whole number of points from 1 to {LANE_MAX}.")
    if event.payload.get("unit") != POINTS:
        raise errors.InvalidEvent(f"unit must be {POINTS!r}.")
    orders.redemption_order(event)


def _place(message: str) -> FieldProblem:
    found = _FIELD.match(message)
    path = re.sub(r"[\[.]", "/", found[1]).replace("]", "") if found else ""
    return {"pointer": f"/payload/{path}".rstrip("/"), "message": message}
