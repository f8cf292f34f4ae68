"""What a member has, now or at a later moment if nothing else happens. Reads only; the past is not asked for here."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select

from loyaltychain.core.amounts import POINTS, QUALIFYING, MemberNumber, Unit
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events import identity
from loyaltychain.ledger import book
from loyaltychain.ledger.accounts import (
    ADJUSTED,
    EXPIRED,
    ISSUED,
    MERGED,
    REDEEMED,
    REVERSED,
    qualifying,
)
from loyaltychain.ledger.lots import Movement
from loyaltychain.ledger.tables import entries, lots, postings
from loyaltychain.ledger.types import AccountId


@dataclass(frozen=True, slots=True)
class MemberBalance:
    """A member's points at an instant.

    ``available + pending + held - debt == earned + adjusted + merged - spent - expired - reversed``.

    Args:
        available: What she can spend then.
        pending: What comes to her later, if nothing is returned.
        held: What is reserved for redemptions.
        debt: What she owes; 0 or more.
        expiring: (instant, points): what can be spent until then and no longer, soonest first.
        qualifying, spent, expired, reversed: over her whole time, less what came back of them.
        earned: All that was ever awarded; what was taken back of it again is in ``reversed``.
        adjusted: What was given by hand, less what was taken by hand.
        closed_at: Since when her account is closed; None while it is open.
        merged: What came to her from members who went over into her, less what went to others and back.
    """

    member: MemberNumber
    at: UnixSeconds
    available: int
    pending: int
    held: int
    debt: int
    expiring: tuple[tuple[UnixSeconds, int], ...]
    qualifying: int
    spent: int
    expired: int
    reversed: int
    earned: int
    adjusted: int
    closed_at: UnixSeconds | None
    merged: int = 0


def read_balance(tx: Tx, member: MemberNumber, *, at: UnixSeconds) -> MemberBalance:
    """The member's points at ``at``, now or later: dues and expiries until then are counted, swept or not.

    Raises UnknownMember when the number was not given out. A closed member's balance can be read.
    """
    closed_at = identity.closed_at(tx, member)
    purse = book.load_purses(tx, [member])[member]
    until_then = purse.advance(at, recorded_at=at)  # on a working copy: nothing of it is recorded
    balance = purse.balance(at)
    moved = _read_moved(tx, member)
    charged = moved[EXPIRED] - _read_expired(tx, member)  # expired, and counted towards a return later
    return MemberBalance(
        member=member,
        at=at,
        available=balance.available,
        pending=balance.pending,
        held=balance.held,
        debt=balance.debt,
        expiring=balance.expiring,
        qualifying=moved[qualifying(member)] - _reaches(REVERSED, until_then, unit=QUALIFYING),
        spent=moved[REDEEMED],
        expired=moved[EXPIRED] - charged + _reaches(EXPIRED, until_then),
        reversed=moved[REVERSED] + charged + _reaches(REVERSED, until_then),
        earned=-moved[ISSUED],
        adjusted=-moved[ADJUSTED],
        closed_at=closed_at,
        merged=-moved[MERGED],
    )


def _read_moved(tx: Tx, member: MemberNumber) -> Counter[str]:
    """What each account received from the member's accounts, less what it gave to them."""
    query = (
        select(postings.c.source, postings.c.destination, postings.c.unit, func.sum(postings.c.amount))
        .join(entries, entries.c.position == postings.c.position)
        .where(entries.c.member == member, postings.c.unit.in_((POINTS, QUALIFYING)))
        .group_by(postings.c.source, postings.c.destination, postings.c.unit)
    )
    moved: Counter[str] = Counter()
    for source, destination, unit, amount in tx.execute(query):
        for account, change in ((source, -int(amount)), (destination, int(amount))):
            if (unit == QUALIFYING) == (account == qualifying(member)):
                moved[account] += change
    return moved


def _read_expired(tx: Tx, member: MemberNumber) -> int:
    """What expired and was not counted towards a return since."""
    return int(
        tx.execute(select(func.coalesce(func.sum(lots.c.expired), 0)).where(lots.c.member == member)).scalar_one()
    )


def _reaches(account: AccountId, movements: Iterable[Movement], *, unit: Unit = POINTS) -> int:
    return sum(
        posting.amount
        for movement in movements
        for posting in movement.entry.postings
        if posting.destination == account and posting.unit == unit
    )
