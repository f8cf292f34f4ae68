"""A row and a map without lines make an event. Pure; the same row always makes the same event."""

from loyaltychain.core.amounts import POINTS
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.events.cells import read_amount, read_field, read_id, read_member, read_time, read_type
from loyaltychain.events.map import EventMap
from loyaltychain.events.map_fields import Value
from loyaltychain.events.map_parts import OneAmount
from loyaltychain.events.rows import Row
from loyaltychain.events.types import Event


def make_event(event_map: EventMap, row: Row, *, file_id: str, received_at: UnixSeconds) -> Event:
    """The event that the row tells of.

    Args:
        file_id: Identity of the file's content; part of the ids when the map says ``id: line``.
        received_at: Events may lie at most five minutes after it.

    Raises:
        InvalidEvent: saying which cell is wrong and what stands in it.
    """
    occurred_at = read_time(event_map, row, received_at=received_at)
    event_type = read_type(event_map.type, row)
    return Event(
        source=event_map.source,
        id=read_id(event_map.id, row, prefix=f"{file_id}:"),
        type=event_type,
        member_id=read_member(event_map.member, row),
        occurred_at=occurred_at,
        payload=_payload(event_map, row, event_type),
    )


def _payload(event_map: EventMap, row: Row, event_type: str) -> dict[str, Value]:
    payload: dict[str, Value] = _amount(event_map, row, event_type)
    for name, part in (event_map.fields or {}).items():
        value = read_field(part, row) if part.types is None or event_type in part.types else None
        if value is not None:
            payload[name] = value
    return payload


def _amount(event_map: EventMap, row: Row, event_type: str) -> dict[str, Value]:
    if event_map.amount is None:
        return {}
    part: OneAmount = event_map.amount
    if event_map.amount.by_type is not None:
        if event_type not in event_map.amount.by_type:
            return {}  # an event of this type has no amount
        part = event_map.amount.by_type[event_type]
    amount, currency = read_amount(part, row)
    return {"amount": amount, "currency": currency} if currency else {"amount": amount, "unit": POINTS}
