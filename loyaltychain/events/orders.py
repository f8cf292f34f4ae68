"""The payloads of orders and of what undoes them, read and checked. Pure.

Knows the shapes alone: which type of event is an order is the programme's word, and whether an order is known is the
ledger's. Keys that are not known here are the app's own and are passed over; a known key of a wrong type never is,
``null`` included: what is not there is left out.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from loyaltychain.core import errors
from loyaltychain.core.money import EXACT_MAX, EXPONENTS
from loyaltychain.events.types import TEXT_MAX, Event

LINES_MAX = 10_000  # lines of one event
QUANTITY_MAX = 2**31

Payload = dict[str, Any]
_Line = TypeVar("_Line", "OrderLine", "ReturnLine")


@dataclass(frozen=True, slots=True)
class OrderLine:
    """``quantity`` pieces of an article for ``amount`` minor units together, tax and discounts included."""

    line: str
    item: str
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True)
class Order:
    """What was bought together. ``order`` is its id; the ids of its lines are unique within it."""

    order: str
    currency: str
    lines: tuple[OrderLine, ...]


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """``quantity`` pieces came back. Of which line: see Return."""

    line: str
    item: str | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Return:
    """Goods that came back.

    With ``order``, each ``line`` is the id of that order's line. Without, it is the return's own, every ``item`` is
    given, and finding the lines is up to a policy. ``points`` are those paid for the order that come back.
    """

    order: str | None
    points: int | None
    lines: tuple[ReturnLine, ...]


def parse_order(event: Event) -> Order:
    """The order that the payload tells of; its id is the event's when the payload names none.

    Raises InvalidEvent naming the field.
    """
    payload = event.payload
    order = _text(payload, "order") if "order" in payload else event.id
    currency = payload.get("currency")
    if not isinstance(currency, str) or currency not in EXPONENTS:
        raise _wrong("currency", "a known ISO 4217 code", currency)
    lines = _lines(payload, make_order_line)
    if sum(line.amount for line in lines) > EXACT_MAX:
        raise errors.InvalidEvent("The amounts of all lines together are too large.", largest=EXACT_MAX)
    return Order(order, currency, lines)


def parse_return(event: Event) -> Return:
    """The return that the payload tells of. Raises InvalidEvent naming the field."""
    payload = event.payload
    if "order" in payload:
        points = _whole(payload, "points", least=1, most=EXACT_MAX) if "points" in payload else None
        return Return(_text(payload, "order"), points, _lines(payload, make_named_line))
    if "points" in payload:
        raise errors.InvalidEvent("points come back for an order that is named: add order.", points=payload["points"])
    return Return(None, None, _lines(payload, make_return_line))


def parse_cancellation(event: Event) -> str:
    """The id of the order that is cancelled. Raises InvalidEvent naming the field."""
    return _text(event.payload, "order")


def redemption_order(event: Event) -> str | None:
    """The id of the order that a redemption pays for; None when it names none. Raises InvalidEvent as above."""
    return _text(event.payload, "order") if "order" in event.payload else None


def _lines(payload: Payload, parse: Callable[[Payload, str], _Line]) -> tuple[_Line, ...]:
    listed = payload.get("lines")
    if not isinstance(listed, list) or not 1 <= len(listed) <= LINES_MAX:
        raise _wrong("lines", f"a list of 1 to {LINES_MAX} lines", listed)
    for place, content in enumerate(listed):
        if not isinstance(content, dict):
            raise _wrong(f"lines[{place}]", "an object", content)
    lines = tuple(parse(content, f"lines[{place}].") for place, content in enumerate(listed))
    if len({line.line for line in lines}) != len(lines):
        twice, _ = Counter(line.line for line in lines).most_common(1)[0]
        raise errors.InvalidEvent("lines: two lines have the same id.", line=twice)
    return lines


def make_order_line(content: Payload, where: str = "") -> OrderLine:
    """The line that ``content`` tells of. Raises InvalidEvent naming the field, with ``where`` before it."""
    return OrderLine(
        _text(content, "line", where),
        _text(content, "item", where),
        _whole(content, "quantity", where, least=1, most=QUANTITY_MAX),
        _whole(content, "amount", where, least=0, most=EXACT_MAX),
    )


def make_named_line(content: Payload, where: str = "") -> ReturnLine:
    """As ``make_order_line``, of a return that names its order: the article may be left out."""
    item = _text(content, "item", where) if "item" in content else None
    quantity = _whole(content, "quantity", where, least=1, most=QUANTITY_MAX)
    return ReturnLine(_text(content, "line", where), item, quantity)


def make_return_line(content: Payload, where: str = "") -> ReturnLine:
    """As ``make_order_line``, of a return by items."""
    quantity = _whole(content, "quantity", where, least=1, most=QUANTITY_MAX)
    return ReturnLine(_text(content, "line", where), _text(content, "item", where), quantity)


def _text(content: Payload, key: str, where: str = "") -> str:
    found = content.get(key)
    if isinstance(found, str) and 0 < len(found) <= TEXT_MAX and found.isprintable():
        return found
    raise _wrong(where + key, f"printable text of 1 to {TEXT_MAX} characters", found)


def _whole(content: Payload, key: str, where: str = "", *, least: int, most: int) -> int:
    found = content.get(key)
    if type(found) is int and least <= found <= most:  # type: a bool is an int to isinstance
        return found
    raise _wrong(where + key, f"a whole number of {least} to {most}", found)


def _wrong(field: str, rule: str, found: object) -> errors.InvalidEvent:
    if found is None:
        return errors.InvalidEvent(f"{field} is missing: it must be {rule}.")
    shown = found[:60] if isinstance(found, str) else f"{found!r:.60}"
    return errors.InvalidEvent(f"{field} must be {rule}.", found=shown)
