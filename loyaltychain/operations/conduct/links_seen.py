"""Merges, and their ends, since the last run: whose facts are to be folded together from now on, or apart."""

from collections.abc import Collection

from sqlalchemy import func, select

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.db.step import move_cursor, read_cursor
from loyaltychain.events.links import member_link_ends, member_links
from loyaltychain.ledger.store import parts
from loyaltychain.operations.conduct import state_store
from loyaltychain.operations.conduct.gather import Gatherer, Touched
from loyaltychain.operations.conduct.tables import stream
from loyaltychain.operations.referring.note import touched_by_links

LINKS = "conduct.links"  # a cursor that counts links and their ends


def touch_linked(tx: Tx, gatherer: Gatherer, touched: Touched) -> list[MemberNumber]:
    """Name all who are concerned by what was merged or parted since the last run: whoever became one or two, those who
    did something with one of them, and those whose referrals hang on theirs. The numbers for which somebody else stands
    now."""
    counted = select(func.count()).select_from
    so_far = tx.execute(counted(member_links)).scalar_one() + tx.execute(counted(member_link_ends)).scalar_one()
    if so_far <= read_cursor(tx, LINKS):
        return []
    move_cursor(tx, LINKS, so_far)
    every = tx.execute(select(member_links.c.merged, member_links.c.survivor)).all()
    numbers = {MemberNumber(number) for row in every for number in row}
    kept = state_store.read_states(tx, numbers)
    changed = {
        number
        for number in numbers
        if (number in kept or gatherer.head(number) == number)
        and (number not in kept or kept[number].numbers != gatherer.numbers(number) or gatherer.head(number) != number)
    }
    concerned = {each for number in changed for each in gatherer.numbers(gatherer.head(number))}
    state_store.set_stale(tx, concerned)
    for number in concerned:
        touched.since[gatherer.head(number)] = None
    changes = {(member, at) for member, at in _others(tx, concerned).items()}
    changes |= {(member, key[0]) for member, key in touched_by_links(tx, gatherer.terms, concerned)}
    for member, at in changes:
        head = gatherer.head(member)
        before = touched.since.get(head, (at, "", ""))
        touched.since[head] = None if before is None else min(before, (at, "", ""))
    return sorted(number for number in concerned if gatherer.head(number) != number)


def _others(tx: Tx, numbers: Collection[MemberNumber]) -> dict[MemberNumber, UnixSeconds]:
    """Who shares a fact with one of these, and when the first of those was."""
    theirs, others = stream.alias(), stream.alias()
    query = (
        select(others.c.member, func.min(others.c.occurred_at).label("at"))
        .join(theirs, theirs.c.position == others.c.position)
        .group_by(others.c.member)
    )
    found: dict[MemberNumber, UnixSeconds] = {}
    for part in parts(sorted(numbers)):
        for row in tx.execute(query.where(theirs.c.member.in_(part), others.c.member.not_in(part))):
            if MemberNumber(row.member) not in numbers:
                found[MemberNumber(row.member)] = UnixSeconds(row.at)
    return found
