"""Two members become one: all that one has goes over to the other. Undone by ``unmerge.py``.

Value and validity stay what they were. Lots keep award, time, expiry and due date; a debt goes over too, and is paid
from what the other can spend. Open holds keep a merge from happening: a hold stands at some till under the number that
it was made for, and is over within days. Orders and what came back of them go along, so that later returns find them;
redemptions stay where they are, and what is refunded of them goes on to the survivor. What they did is folded together
by the next run of the conduct step. The chain is not asked: whoever can, says whether the number has a wallet.
"""

from dataclasses import dataclass

from loyaltychain.actions import log
from loyaltychain.core import errors
from loyaltychain.core.amounts import QUALIFYING, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx
from loyaltychain.events import identity, links
from loyaltychain.events.links import Link
from loyaltychain.ledger import accounts, book, store
from loyaltychain.ledger.purse import Purse
from loyaltychain.operations import act_details, people_rows
from loyaltychain.operations.frozen import check_not_frozen
from loyaltychain.operations.identities import read_ids
from loyaltychain.operations.keep import keep
from loyaltychain.operations.passage import Passage
from loyaltychain.operations.request import check_room, check_text, is_named
from loyaltychain.operations.types import NO_BOUNDS, Bounds


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge as it was recorded."""

    link: Link
    is_replay: bool = False


def merge(
    tx: Tx,
    *,
    merged: MemberNumber,
    survivor: MemberNumber,
    reason: str,
    actor: str,
    now: UnixSeconds,
    bounds: Bounds = NO_BOUNDS,
    wallet: str | None = None,
    request_id: str | None = None,
) -> Merged:
    """Let ``merged`` go over into ``survivor``. The same merge again is answered as the first time.

    Args:
        merged: Her own number, not that of whom she went over into (``identities.find_number``).
        actor: Who decides it; neither of the two, by any of their ids.
        wallet: What is bound on chain to ``merged``, as far as the caller knows.

    Raises:
        MergeRefused: as things stand; the fact ``code`` is open-hold, wallet-bound, merged-elsewhere or
            survivor-merged.
        MemberClosed: one of the two.
        BalanceTooLarge: together they would own too much.
        PointsFrozen: ledger and chain do not agree on the points of one of the two.
        UnknownMember, InvalidOperation.
    """
    check_text("reason", reason)
    check_text("actor", actor)
    links.keep_still(tx)
    standing = links.read_open_link(tx, merged)
    if standing is not None and standing.survivor == survivor:
        return Merged(standing, is_replay=True)
    check_not_frozen(tx, merged, survivor)
    _check(tx, merged, survivor, standing, actor=actor, wallet=wallet)
    purses = book.load_purses(tx, [merged, survivor])
    giver, taker = purses[merged], purses[survivor]
    movements = [*giver.advance(now, recorded_at=now), *taker.advance(now, recorded_at=now)]
    check_no_holds(giver)
    lots = [lot for lot in giver.lots if lot.remaining]
    pending = sum(lot.remaining for lot in lots if lot.due_at is not None)
    points, debt = sum(lot.remaining for lot in lots) - pending, giver.debt
    check_room(taker.owned + taker.pending, points + pending)
    counted = read_qualifying(tx, merged)
    id_ = links.next_link(tx)
    passage = Passage(giver, taker, str(id_), f"merge:{id_}", now, bounds)
    passage.pass_lots(lots)
    passage.pass_debt(debt)
    passage.pass_qualifying(counted)
    keep(tx, [*movements, *passage.movements], bounds=bounds)
    people_rows.move_orders(tx, giver=merged, taker=survivor)
    link = Link(id_, merged, survivor, reason, actor, now, points, pending, debt, counted)
    links.insert_link(tx, link)
    people_rows.insert_moved(tx, id_, passage.moved)
    log.record(
        tx, actor=actor, action="member.merge", subject=f"member:{merged}", reason=reason, at=now,
        request_id=request_id, details=act_details.of_merge(link, passage.moved),
    )  # fmt: skip
    return Merged(link)


def check_no_holds(purse: Purse) -> None:
    """Raise MergeRefused while something is held of the member's points."""
    if purse.holds:
        raise errors.MergeRefused(
            "Points are held for this member: commit the hold, release it, or wait until it times out.",
            code="open-hold",
            member=purse.member,
            holds=sorted(hold.id for hold in purse.holds),
        )


def check_third(tx: Tx, actor: str, *members: MemberNumber) -> None:
    """Raise InvalidOperation when the actor is one of these members, by any of their ids."""
    if is_named(actor, set().union(*(read_ids(tx, member) for member in members))):
        raise errors.InvalidOperation(
            "Nobody merges or parts members of whom they are one: somebody else has to decide it.", actor=actor
        )


def read_qualifying(tx: Tx, member: MemberNumber) -> int:
    """The qualifying points in the member's account."""
    account = accounts.qualifying(member)
    return store.balances(tx, [account], QUALIFYING).get(account, 0)


def _check(
    tx: Tx, merged: MemberNumber, survivor: MemberNumber, standing: Link | None, *, actor: str, wallet: str | None
) -> None:
    if merged == survivor:
        raise errors.InvalidOperation("These are one member.", member=merged)
    for number in (merged, survivor):
        closed = identity.closed_at(tx, number)
        if closed is not None:
            raise errors.MemberClosed(
                "This member's account is closed.", member=number, closed_at=format_instant(closed)
            )
    if standing is not None:
        raise errors.MergeRefused(
            "This member went over into another one already: undo that merge, or merge the other one.",
            code="merged-elsewhere",
            member=merged,
            survivor=standing.survivor,
        )
    beyond = links.find_survivor(tx, survivor)
    if beyond is not None:
        raise errors.MergeRefused(
            "The member to survive went over into another one herself: name that one.",
            code="survivor-merged",
            member=survivor,
            survivor=beyond,
        )
    check_third(tx, actor, merged, survivor)
    if wallet is not None:
        raise errors.MergeRefused(
            "A wallet is bound to the number that goes over, and would show nothing from now on: let it leave "
            "(docs/WALLETS.md), merge, and bind it to the survivor.",
            code="wallet-bound",
            member=merged,
            wallet=wallet,
        )
