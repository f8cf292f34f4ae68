"""One immutable fact about a member, as a value. Knows nothing of files, rules or the database."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Literal

import rfc8785

from loyaltychain.core import canonical, errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant

TEXT_MAX = 200  # characters of an id
PLAIN_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_PLAIN_NAME = re.compile(PLAIN_NAME)


def check_id(field: str, text: str) -> None:
    """Raise InvalidEvent naming the field unless ``text`` is printable, of 1 to 200 characters."""
    if not text or len(text) > TEXT_MAX or not text.isprintable():
        raise errors.InvalidEvent(
            f"The {field} must be printable text of 1 to {TEXT_MAX} characters.", **{field: text[: TEXT_MAX + 1]}
        )


@dataclass(frozen=True, slots=True)
class Event:
    """``(source, id)`` is one event for ever; a correction is a new event.

    Args:
        source: Namespace of the ids. It holds no ``/``, so ``source/id`` names exactly one event.
        id: The source's own id: printable text of 1 to 200 characters.
        member_id: The programme's own opaque id of the member, like ``id``.
        occurred_at: What the source claims; unix seconds, not before 1970.
        payload: JSON object; amounts are integers in minor units (or whole points).

    Raises:
        InvalidEvent: a field is outside of these bounds.
    """

    source: str
    id: str
    type: str
    member_id: str
    occurred_at: UnixSeconds
    payload: dict[str, Any]

    def __post_init__(self) -> None:
        for field, text in (("source", self.source), ("type", self.type)):
            if not _PLAIN_NAME.fullmatch(text):
                raise errors.InvalidEvent(
                    f"The {field} may hold 1 to 64 letters, digits, dots, dashes and underscores.", **{field: text}
                )
        check_id("id", self.id)
        check_id("member", self.member_id)
        if self.occurred_at < 0:
            raise errors.InvalidEvent("The time lies before 1970.", occurred_at=format_instant(self.occurred_at))

    @property
    def cause(self) -> str:
        """``source/id``: how entries name this event."""
        return f"{self.source}/{self.id}"

    @property
    def document(self) -> dict[str, Any]:
        """All that the digest covers; when we received the event is not part of it."""
        return {
            "id": self.id,
            "member_id": self.member_id,
            "occurred_at": self.occurred_at,
            "payload": self.payload,
            "source": self.source,
            "type": self.type,
        }

    @property
    def digest(self) -> bytes:
        """SHA-256 of the document as canonical JSON.

        Raises InvalidEvent when the payload holds what JSON cannot hold exactly.
        """
        return encode_event(self).digest


@dataclass(frozen=True, slots=True)
class EncodedEvent:
    """An event with its payload as canonical JSON and its digest (32 bytes)."""

    event: Event
    payload: str
    digest: bytes


def encode_event(event: Event) -> EncodedEvent:
    """The event as it is stored. The payload, long where it is an order's, is encoded once for table and digest.

    Canonical JSON sorts keys, so in the document the payload's text stands between ``occurred_at`` and ``source``.

    Raises InvalidEvent when the payload holds what JSON cannot hold exactly.
    """
    document = event.document
    before = canonical.encode({key: document[key] for key in ("id", "member_id", "occurred_at")})
    after = canonical.encode({key: document[key] for key in ("source", "type")})
    try:
        payload = canonical.encode(event.payload)
    except rfc8785.CanonicalizationError as problem:
        raise errors.InvalidEvent("The payload is not exact JSON.", reason=str(problem)) from problem
    whole = before[:-1] + b',"payload":' + payload + b"," + after[1:]
    return EncodedEvent(event, payload.decode(), hashlib.sha256(whole).digest())


@dataclass(frozen=True, slots=True)
class Member:
    """A member: the number, the id joined with, and since when the account is closed."""

    number: MemberNumber
    member_id: str
    closed_at: UnixSeconds | None


@dataclass(frozen=True, slots=True)
class SequencedEvent:
    """An event with its gapless position and its member's number."""

    position: int
    member: MemberNumber
    event: Event


@dataclass(frozen=True, slots=True)
class Conflict:
    """An event whose id was taken before by other content. ``index`` is its place in what was offered."""

    index: int
    event: Event


RefusalCode = Literal["unknown-member", "member-closed", "too-old", "in-the-future"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that intake does not let in, and why; ``message`` says what to do. ``index`` as in Conflict."""

    index: int
    event: Event
    code: RefusalCode
    message: str


@dataclass(frozen=True, slots=True)
class Captured:
    """How many events were new, how many were known already, and which were not taken."""

    taken: int
    known: int
    conflicts: tuple[Conflict, ...]
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Which events are let in from a source that is not the operator's own hand.

    Args:
        join: ``first_event``: an unknown member joins with it. ``explicit``: it is refused.
        horizon_seconds: How old an event may be when it comes; None for any age.
        skew_seconds: How far a source's clock may run ahead of ours.
    """

    join: Literal["first_event", "explicit"] = "first_event"
    horizon_seconds: int | None = None
    skew_seconds: int = 300
