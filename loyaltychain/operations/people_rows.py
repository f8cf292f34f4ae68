"""The SQL of merges: whose events and awards are whose, orders that change hands, qualifying points by entry.

Decides nothing. All that merges ask of the ledger's own tables is here.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import or_, select, tuple_, update

from loyaltychain.core.amounts import QUALIFYING, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events.tables import events
from loyaltychain.ledger.accounts import MERGED, qualifying
from loyaltychain.ledger.lots import LotId
from loyaltychain.ledger.tables import entries, postings
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations.conduct.names import owner_of
from loyaltychain.operations.people_tables import merge_lots
from loyaltychain.operations.tables import order_lines, orders, return_lines

_T = TypeVar("_T")

_SLICE = 500  # parameters of one IN list
_OF_HAND = "adjust:"  # how the award of points begins that were given by hand: it is their entry


@dataclass(frozen=True, slots=True)
class Qualified:
    """What one entry changed of a member's qualifying points, and the cause whose points they are."""

    entry_id: EntryId
    award: str
    occurred_at: UnixSeconds
    change: int


def read_owners(tx: Tx, awards: Collection[str]) -> dict[str, MemberNumber]:
    """Whose each of these awards was when it was made: the member that its event names, whose act a grant was for, or
    who got it by hand."""
    by_hand = [award for award in awards if award.startswith(_OF_HAND)]
    found: dict[str, MemberNumber] = {}
    for part in _parts(by_hand):
        for id_, member in tx.execute(select(entries.c.id, entries.c.member).where(entries.c.id.in_(part))):
            found[id_] = MemberNumber(member)
    granted = {award: owner for award in awards if (owner := owner_of(award)) is not None}
    found |= granted
    of_events = [award for award in awards if "/" in award and award not in granted]
    keys = [tuple(award.split("/", 1)) for award in of_events if not award.startswith(_OF_HAND)]
    query = select(events.c.source, events.c.id, events.c.member)
    for some in _parts(keys):
        for source, id_, member in tx.execute(query.where(tuple_(events.c.source, events.c.id).in_(some))):
            found[f"{source}/{id_}"] = MemberNumber(member)
    return found


def move_orders(tx: Tx, *, giver: MemberNumber, taker: MemberNumber) -> None:
    """Let all orders of one member, and all that she brought back, be another's."""
    for table in (orders, order_lines, return_lines):
        tx.execute(update(table).where(table.c.member == giver).values(member=taker))


def move_orders_back(tx: Tx, *, giver: MemberNumber, taker: MemberNumber, origin: Collection[MemberNumber]) -> None:
    """Let those of one member's orders and returns be another's whose events name one of ``origin``."""
    names_her = events.c.member.in_(sorted(origin))
    own = select(orders.c.id).join(events, (events.c.source == orders.c.source) & (events.c.id == orders.c.event_id))
    ids = list(tx.execute(own.where(orders.c.member == giver, names_her)).scalars())
    for part in _parts(ids):
        tx.execute(update(orders).where(orders.c.id.in_(part)).values(member=taker))
        tx.execute(update(order_lines).where(order_lines.c.order_id.in_(part)).values(member=taker))
    theirs = select(events.c.id).where(
        events.c.source == return_lines.c.source, events.c.id == return_lines.c.event_id, names_her
    )
    tx.execute(update(return_lines).where(return_lines.c.member == giver, theirs.exists()).values(member=taker))


def read_qualified(tx: Tx, member: MemberNumber, *, since: UnixSeconds) -> list[Qualified]:
    """What each entry since then changed of the member's qualifying points; merges and what they led to left out."""
    account = qualifying(member)
    query = (
        select(
            entries.c.id, entries.c.cause, entries.c.details, entries.c.occurred_at,
            postings.c.destination, postings.c.amount,
        )
        .join(postings, postings.c.position == entries.c.position)
        .where(
            entries.c.member == member, entries.c.recorded_at >= since, postings.c.unit == QUALIFYING,
            or_(postings.c.source == account, postings.c.destination == account),
            postings.c.source != MERGED, postings.c.destination != MERGED,
        )
        .order_by(entries.c.id)
    )  # fmt: skip
    found = []
    for row in tx.execute(query):
        details = {} if row.details is None else json.loads(row.details)
        change = row.amount if row.destination == account else -row.amount
        found.append(Qualified(row.id, details.get("award", row.cause), UnixSeconds(row.occurred_at), change))
    return found


def read_known(tx: Tx, ids: Collection[EntryId]) -> set[EntryId]:
    """Those of these entries that are in the ledger."""
    return {
        EntryId(id_)
        for part in _parts(sorted(ids))
        for id_ in tx.execute(select(entries.c.id).where(entries.c.id.in_(part))).scalars()
    }


def insert_moved(tx: Tx, link: int, moved: Iterable[tuple[LotId, EntryId, int]]) -> None:
    """Append what a merge moved, lot by lot; below zero what the survivor's lots paid of the other's debt."""
    rows = [
        {"link": link, "place": place, "lot": lot, "entry_id": entry_id, "points": points}
        for place, (lot, entry_id, points) in enumerate(moved, start=1)
    ]
    if rows:
        tx.execute(merge_lots.insert(), rows)


def read_moved(tx: Tx, link: int) -> list[tuple[LotId, EntryId, int]]:
    """What a merge moved: (lot, entry that brought or took it, points), as it was inserted."""
    query = select(merge_lots).where(merge_lots.c.link == link).order_by(merge_lots.c.place)
    return [(LotId(row.lot), EntryId(row.entry_id), row.points) for row in tx.execute(query)]


def _parts(keys: Collection[_T]) -> Iterator[list[_T]]:
    listed = list(keys)
    return (listed[start : start + _SLICE] for start in range(0, len(listed), _SLICE))
