"""Who a member is: the ids that name one number, and since when it is closed.

A number is given out once and stays; ids are added and never taken away. Moves no points: what a closed member holds
is for the operations to say.
"""

from collections.abc import Iterable

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.events import links, store
from loyaltychain.events.sequence import WRITERS
from loyaltychain.events.types import Member, check_id


def join(tx: Tx, member_id: str, now: UnixSeconds) -> MemberNumber:
    """The number that this id stands for, which gets the next one when it has none yet.

    Raises InvalidEvent when the id is not printable text of 1 to 200 characters.
    """
    check_id("member", member_id)
    lock(tx, WRITERS)
    known = store.read_members(tx, [member_id])
    if not known:
        return join_all(tx, [member_id], now)[member_id]
    return links.find_survivor(tx, known[member_id].number) or known[member_id].number


def join_all(tx: Tx, strangers: Iterable[str], now: UnixSeconds) -> dict[str, MemberNumber]:
    """Give ids that nobody has the next numbers in this order. The caller holds the writers' lock."""
    first = store.last_number(tx) + 1
    joined = {member_id: MemberNumber(number) for number, member_id in enumerate(strangers, start=first)}
    store.insert_members(tx, joined, joined_at=now)
    return joined


def find_member(tx: Tx, member_id: str) -> MemberNumber:
    """The number that this id stands for now: of who went over into another member, that one's.

    See ``closed_at`` for closed ones. Raises UnknownMember.
    """
    known = store.read_members(tx, [member_id])
    if not known:
        raise errors.UnknownMember("No member has this id.", member=member_id[:200])
    number = known[member_id].number
    return links.find_survivor(tx, number) or number


def add_alias(tx: Tx, member_id: str, number: MemberNumber, now: UnixSeconds) -> None:
    """Let ``member_id`` name this member too; once more changes nothing.

    The first id of a closed member may go over to another one, so that what still comes for it finds a home.

    Raises:
        UnknownMember: the number was not given out.
        IdempotencyConflict: the id names another member.
        InvalidEvent: the id is not printable text of 1 to 200 characters.
    """
    check_id("member", member_id)
    lock(tx, WRITERS)
    _read(tx, number)
    known = store.read_members(tx, [member_id]).get(member_id)
    if known is not None and known.number == number:
        return
    if known is not None and not (known.member_id == member_id and known.closed_at is not None):
        raise errors.IdempotencyConflict("This id names another member.", member=member_id, number=known.number)
    store.insert_alias(tx, member_id, number, since=now)


def close_member(tx: Tx, number: MemberNumber, now: UnixSeconds, reason: str) -> None:
    """Let no more events of this member in, ever; the first closure stands. Raises UnknownMember."""
    lock(tx, WRITERS)
    if _read(tx, number).closed_at is None:
        store.insert_closure(tx, number, closed_at=now, reason=reason)


def closed_at(tx: Tx, number: MemberNumber) -> UnixSeconds | None:
    """Since when this member is closed; None when it is not. Raises UnknownMember."""
    return _read(tx, number).closed_at


def _read(tx: Tx, number: MemberNumber) -> Member:
    member = store.read_member(tx, number)
    if member is None:
        raise errors.UnknownMember("No member has this number.", number=number)
    return member
