"""The types of events that loyaltychain itself gives a meaning, whatever the programme says. Pure.

Their names begin with ``loyaltychain.``: no programme's own types do, so that none can be taken for another.
"""

from dataclasses import dataclass
from typing import Any

from loyaltychain.core import errors
from loyaltychain.events.types import Event, SequencedEvent, check_id

RESERVED = "loyaltychain."
REOPENED = "loyaltychain.order.reopened"  # {order}: what a cancellation took back of it is given again
CORRECTED = "loyaltychain.event.corrected"  # {corrects: {source, id}, payload}: that event had this content


@dataclass(frozen=True, slots=True)
class Correction:
    """``payload`` is what the event ``of_source/of_id`` should have said."""

    of_source: str
    of_id: str
    payload: dict[str, Any]

    @property
    def of(self) -> str:
        """How entries name the event that is corrected."""
        return f"{self.of_source}/{self.of_id}"


@dataclass(frozen=True, slots=True)
class Corrected:
    """An event that is to be corrected, with what became of it and the programme by which it was awarded.

    Args:
        root: The first of the chain; itself unless it is a correction.
        explanation: None while it waits: then it is decided in the same run.
        programs: By the digest that an explanation or entry names; those that were published.
        successor: The correction that it has already.
        was_cancelled: Its points were pending, and were taken back before they were due.
        is_act: Some version of the programme counts what members do by events of its type.
    """

    found: SequencedEvent
    root: SequencedEvent
    explanation: dict[str, Any] | None
    outcome: str | None
    program: str | None
    successor: str | None
    was_cancelled: bool
    programs: dict[str, str]
    is_act: bool = False


def parse_correction(event: Event) -> Correction:
    """The correction that the payload tells of. Raises InvalidEvent naming the field."""
    place, payload = event.payload.get("corrects"), event.payload.get("payload")
    if not isinstance(place, dict) or not all(isinstance(place.get(name), str) for name in ("source", "id")):
        raise errors.InvalidEvent("corrects must be an object with source and id.")
    if not isinstance(payload, dict):
        raise errors.InvalidEvent("payload must be an object: what the event should have said.")
    check_id("id", place["id"])
    return Correction(place["source"], place["id"], payload)
