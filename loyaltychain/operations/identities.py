"""A member's ids, what merges did to her, and the end of her account. Moves no points."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from loyaltychain.actions import log
from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events import identity, links, store
from loyaltychain.events.links import Link
from loyaltychain.events.tables import member_aliases, members
from loyaltychain.ledger import book
from loyaltychain.operations.people_tables import approval_ends, approvals
from loyaltychain.operations.request import check_text

Kind = Literal["joined", "alias", "merged"]


@dataclass(frozen=True, slots=True)
class Identity:
    """An id that names a member: the one she joined with, another one, or one of somebody who went over into her.

    ``number`` is the id's own, ``since`` when it was given to that number.
    """

    member_id: str
    kind: Kind
    number: MemberNumber
    since: UnixSeconds


@dataclass(frozen=True, slots=True)
class Identities:
    """A number's ids and its merges. ``merged_into``: who answers for it now; None: itself."""

    member: MemberNumber
    merged_into: MemberNumber | None
    closed_at: UnixSeconds | None
    ids: tuple[Identity, ...]
    links: tuple[Link, ...]


def find_number(tx: Tx, member_id: str) -> MemberNumber:
    """The id's own number, whoever it went over into. Raises UnknownMember."""
    known = store.read_members(tx, [member_id])
    if not known:
        raise errors.UnknownMember("No member has this id.", member=member_id[:200])
    return known[member_id].number


def read_identities(tx: Tx, member: MemberNumber) -> Identities:
    """All ids that name the member, those that she had first, then those that came with a merge.

    Raises UnknownMember when the number was not given out.
    """
    closed = identity.closed_at(tx, member)
    merged = links.find_merged(tx, [member])
    own = _read_own(tx, [member, *merged])
    ids = [
        Identity(each.member_id, each.kind if each.number == member else "merged", each.number, each.since)
        for each in own
    ]
    return Identities(
        member,
        links.find_survivor(tx, member),
        closed,
        tuple(sorted(ids, key=lambda each: (each.number != member, each.number, each.since, each.member_id))),
        tuple(links.read_links(tx, member)),
    )


def read_ids(tx: Tx, member: MemberNumber) -> set[str]:
    """All ids that name the member, those of whoever went over into her too."""
    return {each.member_id for each in _read_own(tx, [member, *links.find_merged(tx, [member])])}


def add_identity(
    tx: Tx,
    *,
    member: MemberNumber,
    member_id: str,
    reason: str,
    actor: str,
    now: UnixSeconds,
    request_id: str | None = None,
) -> Identity:
    """Let another id name the member; once more changes nothing.

    Raises:
        IdempotencyConflict: it names another member; merge the two.
        MemberMerged: she went over into another one, who can be given the id.
        MemberClosed, UnknownMember, InvalidEvent, InvalidOperation.
    """
    check_text("reason", reason)
    links.keep_still(tx)
    if identity.closed_at(tx, member) is not None:
        raise errors.MemberClosed(member=member)
    check_not_merged(tx, member)
    if member_id not in {each.member_id for each in _read_own(tx, [member])}:
        identity.add_alias(tx, member_id, member, now)
        log.record(
            tx, actor=actor, action="member.alias", subject=f"member:{member}", reason=reason, at=now,
            request_id=request_id,
        )  # fmt: skip
    return next(each for each in _read_own(tx, [member]) if each.member_id == member_id)


def close(
    tx: Tx, *, member: MemberNumber, reason: str, actor: str, now: UnixSeconds, request_id: str | None = None
) -> UnixSeconds:
    """Let nothing more happen on an account, ever; what is left on it expires. Once more changes nothing.

    Returns since when it is closed.

    Raises:
        CloseRefused: something is open; the fact ``code`` is open-hold, debt, pending-approval or merged.
        UnknownMember, InvalidOperation.
    """
    check_text("reason", reason)
    links.keep_still(tx)
    before = identity.closed_at(tx, member)
    if before is not None:
        return before
    purse = book.load_purses(tx, [member])[member]
    purse.advance(now, recorded_at=now)  # on a working copy: the sweep books it
    if links.find_survivor(tx, member) is not None:
        raise errors.CloseRefused(
            "This member went over into another one: close that one, or undo the merge.", code="merged", member=member
        )
    if purse.holds:
        raise errors.CloseRefused(
            "Points are held for this member: commit the hold, release it, or wait until it times out.",
            code="open-hold",
            holds=sorted(hold.id for hold in purse.holds),
        )
    if purse.debt:
        raise errors.CloseRefused(
            "This member owes points: settle that first, by hand if nobody will pay them.",
            code="debt",
            debt=purse.debt,
        )
    waiting = _read_waiting(tx, member, now)
    if waiting:
        raise errors.CloseRefused(
            "An adjustment of this member waits for a second person: decide on it first.",
            code="pending-approval",
            approvals=waiting,
        )
    identity.close_member(tx, member, now, reason)
    log.record(
        tx, actor=actor, action="member.close", subject=f"member:{member}", reason=reason, at=now,
        request_id=request_id,
    )  # fmt: skip
    return now


def check_not_merged(tx: Tx, member: MemberNumber) -> None:
    """Raise MemberMerged for who went over into another member."""
    survivor = links.find_survivor(tx, member)
    if survivor is not None:
        raise errors.MemberMerged(
            "This member went over into another one, who answers for her now.", member=member, survivor=survivor
        )


def _read_own(tx: Tx, numbers: list[MemberNumber]) -> list[Identity]:
    """The ids that these numbers were given themselves."""
    joined = select(members.c.member_id, members.c.number, members.c.joined_at)
    others = select(member_aliases.c.member_id, member_aliases.c.number, member_aliases.c.since)
    found: list[Identity] = []
    kinds: tuple[tuple[Kind, object], ...] = (("joined", joined), ("alias", others))
    for kind, query in kinds:
        column = members.c.number if kind == "joined" else member_aliases.c.number
        found += [
            Identity(row[0], kind, MemberNumber(row[1]), UnixSeconds(row[2]))
            for row in tx.execute(query.where(column.in_(numbers)))  # type: ignore[attr-defined]
        ]
    return found


def _read_waiting(tx: Tx, member: MemberNumber, now: UnixSeconds) -> list[str]:
    """The adjustments of this member, and of whoever went over into her, that nobody has decided on."""
    ended = select(approval_ends.c.approval).where(approval_ends.c.approval == approvals.c.id).exists()
    numbers = [member, *links.find_merged(tx, [member])]
    query = select(approvals.c.id).where(approvals.c.member.in_(numbers), approvals.c.until > now, ~ended)
    return list(tx.execute(query.order_by(approvals.c.id)).scalars())
