"""What an event names, read once. Pure: knows no programme."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import parse_zone
from loyaltychain.events.store import EventRow, parse_payload
from loyaltychain.events.types import TEXT_MAX, SequencedEvent
from loyaltychain.operations.conduct.words import PAUSED, RESTORED, RETRACTED, REVOKED, ZONE
from loyaltychain.rules.engine.types import FactKey

#: Words of the payload that have a meaning, and are printable text where they are there.
NAMES = ("object", "parent", "recipient", "referrer", "device", "order", "event")
_NAMED = ("object", "parent", "recipient", "referrer", "order", "event")  # as ``Told`` has them


@dataclass(slots=True)
class Told:
    """An event, and what it names: ids of objects, of members, of an order, and of another event ("source/id").

    Nobody changes it. It is not frozen, since a run makes one for each event that it looks at.

    ``position`` is the event's; below 0 it is no event but a ledger entry, negated.
    """

    position: int
    member: MemberNumber
    source: str
    id: str
    type: str
    at: UnixSeconds
    payload: Mapping[str, Any]
    object: str | None = None
    parent: str | None = None
    recipient: str | None = None
    referrer: str | None = None
    order: str | None = None
    event: str | None = None

    @property
    def key(self) -> FactKey:
        """Its place among facts."""
        return self.at, self.source, self.id

    @property
    def cause(self) -> str:
        """How others name it."""
        return f"{self.source}/{self.id}"

    @property
    def things(self) -> list[tuple[str, str]]:
        """The object and the order that it names, as (kind, name)."""
        found = [] if self.object is None else [("object", self.object)]
        if self.order is not None:
            found.append(("order", self.order))
        return found


def read_told(row: EventRow) -> Told:
    """The event with what it names. A name that is no text is as good as none: see ``check_act``."""
    return _told(row.position, row.member, row.source, row.id, row.type, row.occurred_at, parse_payload(row.payload))


def told_of(found: SequencedEvent) -> Told:
    """The same of an event that was read as a whole."""
    event = found.event
    return _told(found.position, found.member, event.source, event.id, event.type, event.occurred_at, event.payload)


def _told(
    position: int,
    member: MemberNumber,
    source: str,
    id_: str,
    type_: str,
    at: UnixSeconds,
    payload: Mapping[str, Any],
) -> Told:
    named = [_text(payload[name]) if name in payload else None for name in _NAMED]
    return Told(position, member, source, id_, type_, at, payload, *named)


def check_act(type_: str, payload: Mapping[str, Any]) -> None:
    """Raise InvalidEvent naming the field where a word with a meaning does not hold what it must."""
    for name in NAMES:
        if name in payload and _text(payload[name]) is None:
            raise _wrong(name, f"printable text of 1 to {TEXT_MAX} characters, as behaviours use it", payload)
    if type_ == RETRACTED:
        if "/" not in str(payload.get("event", "")):
            raise _wrong("event", "the act that is taken back, as <source>/<id>", payload)
        if type(payload.get("fraud", False)) is not bool:
            raise _wrong("fraud", "true or false", payload)
    for name in _NEEDS.get(type_, ()):
        if _text(payload.get(name)) is None:
            raise _wrong(name, "text", payload)
    if type_ == ZONE and not is_zone(payload["zone"]):
        raise _wrong("zone", "a zone of the IANA list, like Europe/London", payload)
    for name in ("from", "to") if type_ == PAUSED else ():
        if not is_day(payload[name]):
            raise _wrong(name, "a day, like 2026-03-01", payload)


def is_good(type_: str, payload: Mapping[str, Any]) -> bool:
    """Whether ``check_act`` lets it pass."""
    try:
        check_act(type_, payload)
    except errors.InvalidEvent:
        return False
    return True


def is_zone(name: str) -> bool:
    """Whether there is such a zone."""
    try:
        parse_zone(name)
    except (ValueError, errors.LoyaltyError):
        return False
    return True


def is_day(text: str) -> bool:
    """Whether it is a day of the calendar."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


_NEEDS = {
    ZONE: ("zone",),
    PAUSED: ("streak", "from", "to"),
    RESTORED: ("streak",),
    REVOKED: ("achievement",),
}


def _wrong(name: str, wanted: str, payload: Mapping[str, Any]) -> errors.InvalidEvent:
    return errors.InvalidEvent(f"{name}: must be {wanted}.", **{name: str(payload.get(name))[:TEXT_MAX]})


def _text(value: Any) -> str | None:
    if isinstance(value, str) and 1 <= len(value) <= TEXT_MAX and value.isprintable():
        return value
    return None
