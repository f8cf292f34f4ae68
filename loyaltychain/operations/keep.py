"""Record what changed in members' purses, with all that goes along with it: the one way for operations and steps.

Beyond the ledger's own record it gives back the stock of holds that ended without a commit, and splits an expiry
that no batch could settle in one piece.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from loyaltychain.core import errors
from loyaltychain.core.amounts import Amount, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx
from loyaltychain.events import identity, links
from loyaltychain.ledger import book
from loyaltychain.ledger.lots import HoldItem, Movement
from loyaltychain.ledger.plain import Plain
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.tables import holds
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations import stock
from loyaltychain.operations.identities import check_not_merged
from loyaltychain.operations.types import NO_BOUNDS, Bounds

_IN_LIMIT = 10_000  # keys in one IN list


def open_purse(tx: Tx, member: MemberNumber, now: UnixSeconds) -> tuple[Purse, list[Movement]]:
    """The member's points, locked and brought up to ``now``, and the movements that brought them there.

    Raises:
        UnknownMember: the number was not given out.
        MemberClosed: nothing happens on her account any more.
        MemberMerged: she went over into another one.
    """
    closed = identity.closed_at(tx, member)
    if closed is not None:
        raise errors.MemberClosed("This member's account is closed.", member=member, closed_at=format_instant(closed))
    purse = book.load_purses(tx, [member])[member]
    check_not_merged(tx, member)  # behind the lock: a merge takes it too
    return purse, purse.advance(now, recorded_at=now)


def open_to_refund(tx: Tx, member: MemberNumber, now: UnixSeconds) -> tuple[Purse, Purse | None, list[Movement]]:
    """As ``open_purse``, also of somebody who went over into another member: with that one's purse.

    Raises:
        MemberClosed: she, or whom she went over into.
        DatabaseBusy: she went over or came out in this moment.
        UnknownMember.
    """
    survivor = links.find_survivor(tx, member)
    if survivor is None:
        purse, movements = open_purse(tx, member, now)
        return purse, None, movements
    closed = identity.closed_at(tx, survivor)
    if closed is not None:
        raise errors.MemberClosed("This member's account is closed.", member=survivor, closed_at=format_instant(closed))
    purses = book.load_purses(tx, [member, survivor])
    if links.find_survivor(tx, member) != survivor:
        raise errors.DatabaseBusy
    movements = [each for one in purses.values() for each in one.advance(now, recorded_at=now)]
    return purses[member], purses[survivor], movements


def keep(
    tx: Tx, movements: Sequence[Movement | Plain], *, bounds: Bounds = NO_BOUNDS, taking: Sequence[HoldItem] = ()
) -> None:
    """Record movements, and the stock that comes back with them. The members' purses are locked (``load_purses``).

    Args:
        bounds: What one entry may take at most; larger expiries become several entries.
        taking: What goes out of stock, after what came back of it.

    Raises OutOfStock; the caller then rolls back.
    """
    moved = [movement for movement in movements if isinstance(movement, Movement)]
    stock.give_back(tx, _unused(tx, moved))
    stock.take(tx, taking)
    split: list[Movement | Plain] = []
    for movement in movements:
        if isinstance(movement, Plain):
            split.append(movement)
        else:
            split += split_expiry(movement, bounds.redemption)
    book.record(tx, split)


def split_expiry(movement: Movement, most: int) -> list[Movement]:
    """The movement as it is, or the expiry of a large lot as several of at most ``most`` points each.

    The second is ``expire:2:<what stands behind expire: in the first>``, and so on: lots' ids begin with a word, and
    their ends are chosen by callers, so that no number at the end would be safe.
    """
    if movement.entry.kind != "expire":
        return [movement]
    amount = sum(posting.amount for posting in movement.entry.postings)
    if amount <= most or most < 1:
        return [movement]
    [(lot, _)] = movement.lot_moves
    [posting] = movement.entry.postings
    sizes = [min(most, amount - done) for done in range(0, amount, most)]
    return [
        replace(
            movement,
            entry=replace(
                movement.entry,
                id=_numbered(movement.entry.id, number),
                postings=(replace(posting, amount=Amount(size)),),
            ),
            lot_moves=((lot, -size),),
            expired_moves=((lot, size),),
        )
        for number, size in enumerate(sizes, start=1)
    ]


def _numbered(id_: EntryId, number: int) -> EntryId:
    kind, rest = id_.split(":", 1)
    return id_ if number == 1 else EntryId(f"{kind}:{number}:{rest}")


def _unused(tx: Tx, movements: Sequence[Movement]) -> list[HoldItem]:
    """The items of the holds that these movements ended without a commit."""
    ended = [movement.ended for movement in movements if movement.ended is not None]
    ids = sorted(hold for hold, kind, _ in ended if kind != "commit")
    items = holds.c["items"]
    found: list[HoldItem] = []
    for start in range(0, len(ids), _IN_LIMIT):
        query = select(items).where(holds.c.id.in_(ids[start : start + _IN_LIMIT]), items.is_not(None))
        for text in tx.execute(query).scalars():
            found += items_from(json.loads(text))
    return found


def items_from(document: Sequence[dict[str, object]]) -> tuple[HoldItem, ...]:
    """Items out of their JSON: ``[{"reward", "quantity", "cost"}]``."""
    return tuple(HoldItem(**item) for item in document)  # type: ignore[arg-type]


def items_document(items: Sequence[HoldItem]) -> list[dict[str, str | int]]:
    """Items as JSON."""
    return [{"reward": item.reward, "quantity": item.quantity, "cost": item.cost} for item in items]
