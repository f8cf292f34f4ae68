"""Rewards that are out of stock only because nobody has booked yet that holds on them ran out.

Time out of a hold is time's work (``sweep.py``), which the worker does every second or two. Whoever finds no stock does
it here for the holds that keep it, in the same transaction: who writes points has the ledger to herself
(``ledger/post.lock_posts``), so that the purses of other members are hers to load.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy import select

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.ledger import book
from loyaltychain.ledger.lots import HoldItem, Movement
from loyaltychain.ledger.tables import hold_ends, holds
from loyaltychain.operations import stock
from loyaltychain.operations.request import quantities

_LOOKED_AT = 2_000  # holds that ended last: those that nobody has booked are among them, unless the worker stands still


def free(tx: Tx, wanted: Sequence[HoldItem], *, member: MemberNumber, now: UnixSeconds) -> list[Movement]:
    """Let other members' holds time out that ran out and keep what is wanted from being in stock; no more of them.

    ``member`` is who wants it: her own purse is at ``now`` already, and gives back by itself. The caller has locked
    the ledger, and records the movements before it takes the items.

    Raises OutOfStock when that would not be enough.
    """
    short = stock.shortage(tx, wanted)
    if not short:
        return []
    missing, owners = Counter(short), set[MemberNumber]()
    for owner, pieces in _run_out(tx, now):
        if any(missing[reward] > 0 for reward in pieces.keys() & missing.keys()):
            missing.subtract({reward: number for reward, number in pieces.items() if reward in missing})
            owners.add(owner)
        if not +missing:
            break
    for reward, number in sorted((+missing).items()):
        wanted_of_it = quantities(wanted)[reward]
        raise stock.out_of_stock(reward, wanted=wanted_of_it, left=wanted_of_it - number)
    purses = book.load_purses(tx, owners - {member})
    return [each for owner in sorted(purses) for each in purses[owner].advance(now, recorded_at=now)]


def _run_out(tx: Tx, now: UnixSeconds) -> Iterator[tuple[MemberNumber, Counter[str]]]:
    """Holds of rewards that ran out and were not booked, the last ones first: whose each is, and what it keeps."""
    last = (
        select(holds.c.id, holds.c.member, holds.c["items"], holds.c.until)
        .where(holds.c.until <= now)
        .order_by(holds.c.until.desc(), holds.c.id)
        .limit(_LOOKED_AT)
        .subquery()
    )
    ended = select(hold_ends.c.hold).where(hold_ends.c.hold == last.c.id).exists()
    query = select(last.c.member, last.c["items"]).where(last.c["items"].is_not(None), ~ended)
    for member, text in tx.execute(query.order_by(last.c.until.desc(), last.c.id)):
        yield MemberNumber(member), quantities([HoldItem(**item) for item in json.loads(text)])
