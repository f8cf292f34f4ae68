"""One immutable fact about a member, as a value. Knows nothing of files, rules or the database."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import rfc8785

from loyaltychain.core import canonical, errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.canonical import quote
from loyaltychain.core.hashing import from_hex
from loyaltychain.core.times import format_instant

TEXT_MAX = 200  # characters of an id
PLAIN_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_PLAIN_NAME = re.compile(PLAIN_NAME)


def check_plain(name: str, text: str) -> None:
    """Raise InvalidEvent naming the field unless ``text`` is a plain name, of 1 to 64 characters."""
    if not _PLAIN_NAME.fullmatch(text):
        raise errors.InvalidEvent(
            f"The {name} may hold 1 to 64 letters, digits, dots, dashes and underscores.", **{name: text}
        )


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
        check_plain("source", self.source)
        check_plain("type", self.type)
        check_id("id", self.id)
        check_id("member", self.member_id)
        if self.occurred_at < 0:
            raise errors.InvalidEvent("The time lies before 1970.", occurred_at=format_instant(self.occurred_at))
        if self.occurred_at > canonical.EXACT_MAX:
            raise errors.InvalidEvent("The time lies too far ahead.", occurred_at=str(self.occurred_at))

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
        return from_hex(encode_event(self)[1])


def known_event(source: str, id: str, type: str, member_id: str, occurred_at: UnixSeconds, payload: Any) -> Event:  # noqa: A002
    """An event that was checked when it was taken in, and is not checked again."""
    event = object.__new__(Event)
    _set_source(event, source)
    _set_id(event, id)
    _set_type(event, type)
    _set_member_id(event, member_id)
    _set_occurred_at(event, occurred_at)
    _set_payload(event, payload)
    return event


# A frozen class refuses to set attributes; its slots do not.
_set_source, _set_id, _set_type, _set_member_id, _set_occurred_at, _set_payload = (
    getattr(Event, name).__set__ for name in Event.__slots__
)


def encode_event(event: Event, member_id: str | None = None) -> tuple[str, str]:
    """The event's payload as canonical JSON, and the digest of its document as 0x hex: how it is stored.

    The document is put together from its parts in the order in which canonical JSON has them. What needs no
    escaping, by the checks of Event, stands as it is.

    Args:
        member_id: The id that it is stored under, where that is not the event's own.

    Raises:
        InvalidEvent: the payload holds what JSON cannot hold exactly.
    """
    try:
        payload = canonical.encode_text(event.payload)
    except rfc8785.CanonicalizationError as problem:
        raise errors.InvalidEvent("The payload is not exact JSON.", reason=str(problem)) from problem
    document = (
        f'{{"id":{quote(event.id)},"member_id":{quote(member_id or event.member_id)},"occurred_at":{event.occurred_at},'
        f'"payload":{payload},"source":"{event.source}","type":"{event.type}"}}'
    )
    return payload, "0x" + hashlib.sha256(document.encode()).hexdigest()


class Member(NamedTuple):
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
    """How many events were new, how many were known already, and which were not taken.

    ``repeats``: the places of those that were known, in what was offered.
    """

    taken: int
    known: int
    conflicts: tuple[Conflict, ...]
    refused: tuple[Refusal, ...] = ()
    repeats: tuple[int, ...] = field(default=(), compare=False)


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
