"""A moderator's word for what happened elsewhere, as an event. What it is worth is the programme's to say."""

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events.attest import ATTESTED
from loyaltychain.events.capture import capture
from loyaltychain.events.links import is_same
from loyaltychain.events.store import read_members
from loyaltychain.events.types import Event
from loyaltychain.program.behaviours import Behaviour


def attest(
    tx: Tx,
    behaviour: Behaviour,
    *,
    source: str,
    id_: str,
    member_id: str,
    by: str,
    about: str | None,
    at: UnixSeconds,
    now: UnixSeconds,
) -> tuple[Event, bool]:
    """Take in that this member did what the behaviour is about; and say whether that was known.

    Args:
        by: Who says so: a member's id, or a name of the operator's own.
        about: The id of the object that it was about, if any.

    Raises:
        InvalidOperation: nobody attests to what she did herself.
        InvalidEvent: an id is none, or the member is closed.
        IdempotencyConflict: this id was taken with other content.
    """
    known = read_members(tx, {by, member_id})
    both = known.get(by), known.get(member_id)
    if by == member_id or (both[0] is not None and both[1] is not None and is_same(tx, both[0].number, both[1].number)):
        raise errors.InvalidOperation("Nobody attests to what they did themselves: somebody else has to.", by=by[:200])
    payload = {"proof": {"kind": ATTESTED, "by": by}} | ({} if about is None else {"object": about})
    event = Event(source, id_, behaviour.events[0], member_id, at, payload)
    captured = capture(tx, [event], received_at=now)
    if captured.conflicts:
        raise errors.IdempotencyConflict("This event was taken before with other content.", event=event.cause)
    for refusal in captured.refused:
        raise errors.InvalidEvent(refusal.message, event=event.cause)
    return event, captured.known > 0
