"""Signals as values: events that decide about pending points of another one, and those that wait for it. Pure."""

import re
from dataclasses import dataclass, field
from typing import Literal

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.events.types import PLAIN_NAME, Event, check_id

_PLAIN_NAME = re.compile(PLAIN_NAME)

SignalState = Literal["waiting", "applied", "refused"]


@dataclass(slots=True, eq=False)
class Signal:
    """An event of a member's that decides about the points of another: ``of`` is that one's "source/id"."""

    source: str
    event_id: str
    member: MemberNumber
    type: str
    of: str
    occurred_at: UnixSeconds
    state: SignalState = "waiting"
    is_stored: bool = False
    is_changed: bool = False

    @property
    def cause(self) -> str:
        """The event that it is."""
        return f"{self.source}/{self.event_id}"

    def settle(self, state: SignalState) -> None:
        """Say what became of it."""
        self.state = state
        self.is_changed = True


@dataclass(slots=True)
class SignalBook:
    """The signals of a run.

    Args:
        known: Position and member of the events that the run's signals are about, as far as they were taken.
        every: Those that waited before the run, or wait since it.
    """

    known: dict[str, tuple[int, MemberNumber]] = field(default_factory=dict)
    every: list[Signal] = field(default_factory=list)

    def waiting_for(self, cause: str) -> list[Signal]:
        """Those that wait for this event, oldest first."""
        found = [signal for signal in self.every if signal.of == cause and signal.state == "waiting"]
        return sorted(found, key=lambda signal: (signal.occurred_at, signal.source, signal.event_id))


def parse_signal(event: Event) -> str:
    """The "source/id" that the payload names, as ``event`` or as ``source`` and ``id``. Raises InvalidEvent."""
    payload = event.payload
    whole = payload.get("event", f"{payload.get('source', '')}/{payload.get('id', '')}")
    source, _, id_ = whole.partition("/") if isinstance(whole, str) else ("", "", "")
    if not _PLAIN_NAME.fullmatch(source) or not id_:
        raise errors.InvalidEvent(
            'It must name the event that it is about: {"event": "<source>/<id>"}, or {"source": …, "id": …}.',
            found=sorted(payload)[:10],
        )
    check_id("id", id_)
    return f"{source}/{id_}"
