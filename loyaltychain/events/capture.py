"""Take events in, each once for ever. Members join on first sight. Says nothing about what an event is worth."""

from collections.abc import Sequence

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.events import store
from loyaltychain.events.sequence import WRITERS, append
from loyaltychain.events.types import Captured, Conflict, Event


def capture(tx: Tx, events: Sequence[Event], *, received_at: UnixSeconds) -> Captured:
    """Add what is new, in the given order, with positions; leave alone what is known.

    An id whose content differs from what was taken first is a conflict, within one call too: nothing of it is
    taken, and no member joins for it.

    Raises:
        InvalidEvent: a payload is not exact JSON. Nothing was written.
    """
    lock(tx, WRITERS)
    digests = [event.digest for event in events]
    seen = store.read_digests(tx, {(event.source, event.id) for event in events})
    taken: list[tuple[Event, bytes]] = []
    conflicts: list[Conflict] = []
    for index, (event, digest) in enumerate(zip(events, digests, strict=True)):
        key = event.source, event.id
        if key not in seen:
            seen[key] = digest
            taken.append((event, digest))
        elif seen[key] != digest:
            conflicts.append(Conflict(index, event))
    numbers = _join(tx, [event for event, _ in taken], joined_at=received_at)
    store.insert_events(tx, taken, numbers=numbers, received_at=received_at)
    append(tx, [(event.source, event.id) for event, _ in taken])
    known = len(events) - len(taken) - len(conflicts)
    return Captured(taken=len(taken), known=known, conflicts=tuple(conflicts))


def _join(tx: Tx, events: Sequence[Event], *, joined_at: UnixSeconds) -> dict[str, MemberNumber]:
    """The numbers of all members of these events; new ones get the next numbers in order of appearance."""
    in_order = dict.fromkeys(event.member_id for event in events)
    known = store.read_numbers(tx, in_order)
    strangers = [member_id for member_id in in_order if member_id not in known]
    if not strangers:
        return known
    first = store.last_number(tx) + 1
    joined = {member_id: MemberNumber(number) for number, member_id in enumerate(strangers, start=first)}
    store.insert_members(tx, joined, joined_at=joined_at)
    return known | joined
