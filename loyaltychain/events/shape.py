"""A row and a map make an event. Pure; the same row always makes the same event."""

from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.money import EXPONENTS, Exact, make_minor_units, parse_decimal
from loyaltychain.core.times import parse_instant, parse_zone
from loyaltychain.events.map import EventMap, OneAmount
from loyaltychain.events.rows import Row
from loyaltychain.events.types import Event

CLOCK_SKEW_SECONDS = 300  # how far a source's clock may run ahead of ours


def is_left_out(event_map: EventMap, row: Row) -> bool:
    """Whether one of the map's skip conditions holds for the row."""
    return any(_cell(row, part.column) == (part.equals or "") for part in event_map.skip)


def make_event(event_map: EventMap, row: Row, *, file_id: str, received_at: UnixSeconds) -> Event:
    """The event that the row tells of.

    Args:
        file_id: Identity of the file's content; part of the ids when the map says ``id: line``.
        received_at: Events may lie at most five minutes after it.

    Raises:
        InvalidEvent: saying which cell is wrong and what stands in it.
    """
    occurred_at = _occurred_at(event_map, row)
    if occurred_at > received_at + CLOCK_SKEW_SECONDS:
        raise errors.InvalidEvent("The time lies in the future.", occurred_at=occurred_at, received_at=received_at)
    event_type = _event_type(event_map, row)
    return Event(
        source=event_map.source,
        id=_event_id(event_map, row, file_id),
        type=event_type,
        member_id=_filled(row, event_map.member.column),
        occurred_at=occurred_at,
        payload=_amount(event_map, row, event_type),
    )


def _cell(row: Row, column: str) -> str:
    text = row.cells.get(column, "")
    if text is None:
        raise errors.InvalidEvent("This is a list or an object, not a plain value.", column=column)
    return text.strip()


def _filled(row: Row, column: str) -> str:
    text = _cell(row, column)
    if not text:
        raise errors.InvalidEvent("This cell is empty or missing.", column=column)
    return text


def _event_id(event_map: EventMap, row: Row, file_id: str) -> str:
    if event_map.id.line:
        return f"{file_id}:{row.line}"
    if event_map.id.column is not None:
        return _filled(row, event_map.id.column)
    # Escaped, so that ("a:b", "c") and ("a", "b:c") stay two ids.
    parts = (_filled(row, column) for column in event_map.id.columns or ())
    return ":".join(part.replace("%", "%25").replace(":", "%3A") for part in parts)


def _event_type(event_map: EventMap, row: Row) -> str:
    part = event_map.type
    if part.column is None:
        assert part.constant is not None
        return part.constant
    word = _filled(row, part.column)
    if part.values is None:
        return word
    if word not in part.values:
        raise errors.InvalidEvent("The map has no type for this word.", column=part.column, found=word[:60])
    return part.values[word]


def _occurred_at(event_map: EventMap, row: Row) -> UnixSeconds:
    part = event_map.time
    zone = parse_zone(part.zone) if part.zone is not None else None
    return parse_instant(_filled(row, part.column), pattern=part.format, zone=zone)


def _amount(event_map: EventMap, row: Row, event_type: str) -> dict[str, str | int]:
    part: OneAmount = event_map.amount
    if event_map.amount.by_type is not None:
        if event_type not in event_map.amount.by_type:
            return {}  # an event of this type has no amount
        part = event_map.amount.by_type[event_type]
    written = {column: _filled(row, column) for column in part.product or [part.column or ""]}
    currency = _currency(part, row)
    try:
        exact = Exact(1, 0)
        for text in written.values():
            exact = exact.times(parse_decimal(text))
        amount = make_minor_units(exact, exponent=EXPONENTS.get(currency, 0), rounding=part.rounding)
    except errors.InvalidEvent as problem:
        shown = {column: text[:60] for column, text in written.items()}
        raise errors.InvalidEvent(problem.message, amount=shown) from problem
    return {"amount": amount, "currency": currency} if currency else {"amount": amount, "unit": POINTS}


def _currency(part: OneAmount, row: Row) -> str:
    """The code of the amount's currency; empty for points."""
    if part.currency_column is None:
        return part.currency or ""
    code = _filled(row, part.currency_column)
    if code not in EXPONENTS:
        raise errors.InvalidEvent("This is not a known ISO 4217 code.", column=part.currency_column, found=code[:60])
    return code
