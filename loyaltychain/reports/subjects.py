"""What somebody means who names a member, an event, an award or an entry in one word. Reads only."""

from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import select

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import Tx
from loyaltychain.events.identity import find_member
from loyaltychain.events.store import read_event
from loyaltychain.events.types import SequencedEvent
from loyaltychain.ledger.tables import entries
from loyaltychain.reports.awards import PREFIX, Award, award_by_id

KINDS: Final = ("member", "event", "award", "entry")
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class OfMember:
    """A member, by the id that was given; ``number`` answers for her now."""

    id: str
    number: MemberNumber
    kind: Literal["member"] = "member"


@dataclass(frozen=True, slots=True)
class OfEvent:
    """An event. ``entry`` is the ledger's entry that was named, if it was by that."""

    event: SequencedEvent
    entry: str | None = None
    kind: Literal["event"] = "event"


@dataclass(frozen=True, slots=True)
class OfAward:
    """An award of behaviours."""

    award: Award
    kind: Literal["award"] = "award"


Subject = OfMember | OfEvent | OfAward


def find_subject(tx: Tx, text: str) -> Subject:
    """What ``text`` names: a member's id, an event's ``source/id``, an award (``award:17``) or an entry's id.

    With ``member:``, ``event:``, ``award:`` or ``entry:`` before it, it is looked for only there.

    Raises InvalidOperation when it names nothing, several things, or an entry that was made for no event.
    """
    found = {kind: subject for kind, subject in _candidates(tx, text) if subject is not None}
    if len(found) > 1 and {"event", "entry"} != found.keys():
        names = [f"{kind}:{text}" for kind in found]
        raise errors.InvalidOperation("This names several things: say which.", say=names)
    if found:
        return next(iter(found.values()))
    raise errors.InvalidOperation(
        "No member, event, award or entry has this name. Write a member's id, an event as source/id, an award as "
        "award:17, or the id of an entry.",
        given=text[:_SHOWN],
    )


def _candidates(tx: Tx, text: str) -> list[tuple[str, Subject | None]]:
    kind, colon, rest = text.partition(":")
    if colon and kind in KINDS:
        named = _look(tx, kind, rest)
        if named is not None:
            return [(kind, named)]
    return [(each, _look(tx, each, text)) for each in KINDS if each != "award"]


def _look(tx: Tx, kind: str, text: str) -> Subject | None:
    if kind == "member":
        return _member(tx, text)
    if kind == "event":
        return _event(tx, text)
    if kind == "award":
        award = award_by_id(tx, f"{PREFIX}{text}")
        return None if award is None else OfAward(award)
    return _entry(tx, text)


def _member(tx: Tx, text: str) -> OfMember | None:
    try:
        return OfMember(text, find_member(tx, text))
    except errors.UnknownMember:
        return None


def _event(tx: Tx, text: str, *, entry: str | None = None) -> OfEvent | None:
    source, slash, id_ = text.partition("/")
    found = read_event(tx, source, id_) if slash else None
    return None if found is None else OfEvent(found, entry)


def _entry(tx: Tx, text: str) -> OfAward | OfEvent | None:
    award = None if text.startswith(PREFIX) else award_by_id(tx, text)
    if award is not None:
        return OfAward(award)
    row = tx.execute(select(entries.c.cause, entries.c.kind).where(entries.c.id == text)).one_or_none()
    if row is None:
        return None
    found = _event(tx, row.cause, entry=text)
    if found is None:
        raise errors.InvalidOperation(
            "This entry was made for no event: by hand, by time, or by a merge. Its own words say why: "
            "`loyaltychain balance MEMBER`, or the API's list of her entries.",
            entry=text[:_SHOWN],
            kind=row.kind,
            cause=row.cause[:_SHOWN],
        )
    return found
