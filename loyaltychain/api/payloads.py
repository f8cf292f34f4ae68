"""Payloads of the types that the programme knows, checked before they are taken: a refusal now, not an outcome later.

Other types are the app's own: their payload may be any JSON object.
"""

import re
from collections.abc import Callable, Mapping

from loyaltychain.api.problems import FieldProblem, Problem
from loyaltychain.core import errors
from loyaltychain.core.amounts import LANE_MAX, POINTS
from loyaltychain.events import orders
from loyaltychain.events.types import Event
from loyaltychain.operations.conduct.told import check_act
from loyaltychain.operations.conduct.words import OWN_TYPES, RETRACTED
from loyaltychain.operations.own_events import CORRECTED, REOPENED, RESERVED, parse_correction
from loyaltychain.operations.signal_book import parse_signal
from loyaltychain.program.types import Program

_PROGRAMS_MAX = 64  # whose checks are kept: one a project, and one more for each change of its file
_made: dict[int, tuple[Program, dict[str, Callable[[Event], object]]]] = {}
_FIELD = re.compile(r"^([a-z]+(?:\[[0-9]+\])?(?:\.[a-z]+)?)[ :]")  # what a message of events/orders.py begins with


def check_payload(program: Program, event: Event) -> None:
    """Raise a Problem with a pointer to the field when the payload is not what its type asks for."""
    check = _checks_of(program).get(event.type)
    if check is None:
        if event.type.startswith(RESERVED):
            message = f"type: what begins with {RESERVED} has a meaning of its own, and this one has none here."
            raise Problem("invalid-event", message, [{"pointer": "/type", "message": message}])
        return
    try:
        check(event)
    except errors.InvalidEvent as error:
        raise Problem("invalid-event", error.message, [_place(error.message)]) from error


def _checks_of(program: Program) -> Mapping[str, Callable[[Event], object]]:
    """The checks of a programme; made once for as long as it is the same value."""
    known = _made.get(id(program))
    if known is None or known[0] is not program:
        if len(_made) >= _PROGRAMS_MAX:
            _made.clear()
        known = _made[id(program)] = program, _checks(program)
    return known[1]


def _checks(program: Program) -> dict[str, Callable[[Event], object]]:
    found: dict[str, Callable[[Event], object]] = {}
    if program.conduct is not None:
        found = dict.fromkeys((*OWN_TYPES, RETRACTED, *program.conduct.event_types), _check_act)
    found[CORRECTED] = parse_correction
    found |= dict.fromkeys(program.signals, parse_signal)
    if program.redemption is not None:
        found[program.redemption.event] = _check_redemption
    if program.orders is not None:
        found |= {
            program.orders.event: orders.parse_order,
            program.orders.edits: orders.parse_order,
            REOPENED: orders.parse_cancellation,
            program.orders.returns: orders.parse_return,
            program.orders.cancellations: orders.parse_cancellation,
        }
    return found


def _check_act(event: Event) -> None:
    check_act(event.type, event.payload)


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
