"""A member who went over comes out again, and everything returns by where it came from.

Hers are the points of her own awards, of what was given to her by hand before the merge, and of events that named one
of her ids while it stood; what was given by hand meanwhile stays. What is left of them goes back, what was spent is
told lot by lot and made up by nobody. Of her debt goes back what the survivor still owes of it, and what the survivor's
lots paid when the two became one; what awards have paid since is paid.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from loyaltychain.actions import log
from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx
from loyaltychain.events import identity, links
from loyaltychain.events.links import Link
from loyaltychain.ledger import book
from loyaltychain.ledger.lots import Lot, LotId, Movement
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations import people_rows
from loyaltychain.operations.keep import keep
from loyaltychain.operations.merge import check_no_holds, check_third
from loyaltychain.operations.passage import Passage, requalify
from loyaltychain.operations.request import check_room, check_text
from loyaltychain.operations.types import NO_BOUNDS, Bounds

_Moved = list[tuple[LotId, EntryId, int]]


@dataclass(frozen=True, slots=True)
class LotShortage:
    """A lot that the merge moved, of which less came back: ``points == back + expired + short``."""

    lot: LotId
    points: int
    back: int
    expired: int
    short: int  # spent, taken back with goods, or paid what the survivor owed


@dataclass(frozen=True, slots=True)
class Unmerged:
    """An unmerge as it was recorded: what went back, in points, and what is short of what the merge had moved."""

    link: Link
    points: int
    pending: int
    debt: int
    qualifying: int
    shortage: tuple[LotShortage, ...]


def unmerge(
    tx: Tx,
    *,
    merged: MemberNumber,
    reason: str,
    actor: str,
    now: UnixSeconds,
    bounds: Bounds = NO_BOUNDS,
    request_id: str | None = None,
) -> Unmerged:
    """Let ``merged`` be a member of her own again.

    Args:
        actor: Who decides it; neither of the two, by any of their ids.

    Raises:
        MergeRefused: the fact ``code`` is not-merged, merged-on (the survivor went over herself: undo that first) or
            open-hold (of the survivor).
        MemberClosed: the survivor.
        BalanceTooLarge, InvalidOperation.
    """
    check_text("reason", reason)
    check_text("actor", actor)
    links.keep_still(tx)
    link = _find_link(tx, merged)
    check_third(tx, actor, merged, link.survivor)
    purses = book.load_purses(tx, [merged, link.survivor])
    taker, giver = purses[merged], purses[link.survivor]
    movements = [*taker.advance(now, recorded_at=now), *giver.advance(now, recorded_at=now)]
    check_no_holds(giver)
    origin = {merged, *links.find_merged(tx, [merged])}
    moved = people_rows.read_moved(tx, link.id)
    passage = Passage(giver, taker, f"undo:{link.id}", f"unmerge:{link.id}", now, bounds)
    debt = _return_debt(tx, passage, link, moved)
    lots = _own_lots(tx, giver, origin, moved)
    pending = sum(lot.remaining for lot in lots if lot.due_at is not None)
    check_room(taker.owned + taker.pending, sum(lot.remaining for lot in lots))
    sent = len(passage.moved)
    points = passage.pass_lots(lots) - pending
    passage.pass_qualifying(link.qualifying)
    counted, recounted = _requalify(tx, link, origin, now)
    keep(tx, [*movements, *passage.movements, *recounted], bounds=bounds)
    people_rows.move_orders_back(tx, giver=giver.member, taker=merged, origin=origin)
    links.insert_end(tx, link.id, reason=reason, actor=actor, ended_at=now)
    log.record(
        tx, actor=actor, action="member.unmerge", subject=f"member:{merged}", reason=reason, at=now,
        request_id=request_id, details={"survivor": link.survivor, "link": link.id},
    )  # fmt: skip
    [ended] = [each for each in links.read_links(tx, merged) if each.id == link.id]
    shortage = _find_shortage(tx, moved, passage.moved[sent:])
    return Unmerged(ended, points, pending, debt, link.qualifying + counted, shortage)


def _find_link(tx: Tx, merged: MemberNumber) -> Link:
    link = links.read_open_link(tx, merged)
    if link is None:
        identity.closed_at(tx, merged)  # is there such a member at all?
        raise errors.MergeRefused("This member did not go over into another one.", code="not-merged", member=merged)
    beyond = links.find_survivor(tx, link.survivor)
    if beyond is not None:
        raise errors.MergeRefused(
            "The survivor went over into another one herself: undo that merge first.",
            code="merged-on",
            member=link.survivor,
            survivor=beyond,
        )
    closed = identity.closed_at(tx, link.survivor)
    if closed is not None:
        raise errors.MemberClosed(
            "The survivor's account is closed.", member=link.survivor, closed_at=format_instant(closed)
        )
    return link


def _return_debt(tx: Tx, passage: Passage, link: Link, moved: _Moved) -> int:
    """What is owed again by the one who comes out; what paid it comes back to the survivor's lots."""
    paid = [(lot, -points) for lot, _, points in moved if points < 0]
    passage.giver.adopt(book.lots_by_id(tx, [lot for lot, _ in paid]))
    left = min(link.debt - sum(points for _, points in paid), passage.giver.debt)
    passage.pass_debt(left)
    for lot, points in paid:
        passage.pay_back(lot, points)
    return left + sum(points for _, points in paid)


def _own_lots(tx: Tx, giver: Purse, origin: Collection[MemberNumber], moved: _Moved) -> list[Lot]:
    """The survivor's lots with points whose award was the other's: had when she went over, or hers by its cause."""
    lots = [lot for lot in giver.lots if lot.remaining]
    had = {lot.award for lot in book.lots_by_id(tx, [lot for lot, _, points in moved if points > 0])}
    owners = people_rows.read_owners(tx, {lot.award for lot in lots} - had)
    return [lot for lot in lots if lot.award in had or owners.get(lot.award) in origin]


def _requalify(tx: Tx, link: Link, origin: Collection[MemberNumber], now: UnixSeconds) -> tuple[int, list[Movement]]:
    """The qualifying points that her events made while the merge stood: how many, and what counts them as hers."""
    since = people_rows.read_qualified(tx, link.survivor, since=link.since)
    owners = people_rows.read_owners(tx, {each.award for each in since})
    hers = [each for each in since if owners.get(each.award) in origin]
    pairs = [
        (each, requalify(each.entry_id, each.change, giver=link.survivor, taker=link.merged,
                         occurred_at=each.occurred_at, now=now))
        for each in hers
    ]  # fmt: skip
    known = people_rows.read_known(tx, [pair[0].entry.id for _, pair in pairs])
    new = [(each, pair) for each, pair in pairs if pair[0].entry.id not in known]
    return sum(each.change for each, _ in new), [movement for _, pair in new for movement in pair]


def _find_shortage(tx: Tx, moved: _Moved, sent: _Moved) -> tuple[LotShortage, ...]:
    """What of each lot that the merge moved did not come back, and did not run out either.

    A lot comes back as itself; what came back of its award besides (it was due meanwhile, or refunded) makes up for it.
    """
    back: Counter[str] = Counter()
    for lot, _, points in sent:
        back[lot] += points
    went = [(lot, entry, points) for lot, entry, points in moved if points > 0]
    names = {LotId(name) for lot, entry, _ in went for name in (lot, entry)} | {lot for lot, _, _ in sent}
    lots = {lot.id: lot for lot in book.lots_by_id(tx, names)}
    besides: Counter[str] = Counter()
    for name in back.keys() - {entry for _, entry, _ in went}:
        besides[lots[LotId(name)].award] += back[name]
    found = []
    for lot, entry, points in went:
        award, itself = lots[lot].award, lots.get(LotId(entry))
        expired = 0 if itself is None else itself.expired
        more = min(besides[award], max(points - back[entry] - expired, 0))
        besides[award] -= more
        returned = back[entry] + more
        found.append(LotShortage(lot, points, returned, expired, max(points - returned - expired, 0)))
    return tuple(each for each in found if each.short or each.expired)
