"""Qualifying points of orders, and of whatever else rules give: facts to a member's tier that are ledger entries.

In streams their positions are those of the ledger, below zero. What behaviours gave is left out, the fold knows it.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select

from loyaltychain.core.amounts import QUALIFYING as UNIT
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import any_of, as_list
from loyaltychain.db.engine import Tx
from loyaltychain.ledger import accounts
from loyaltychain.ledger.store import head
from loyaltychain.ledger.tables import entries
from loyaltychain.operations.conduct.names import owner_of
from loyaltychain.operations.conduct.route_store import insert_stream, read_events_named
from loyaltychain.operations.conduct.told import Told
from loyaltychain.operations.conduct.words import QUALIFYING

SOURCE = "loyaltychain"  # of facts that are no events
_DAY = 86_400


def take_new(tx: Tx, after: int, limit: int) -> tuple[list[Told], int]:
    """Put at most ``limit`` entries beyond this ledger position into streams, as far as they are facts to a tier.

    Each as told of the member of its event, as captured; and the position reached. Most entries are none: they are
    passed over, ten times the limit at most.
    """
    until = min(head(tx).position, after + 10 * limit)
    if until <= after:
        return [], after
    query = select(entries).where(entries.c.position > after, entries.c.position <= until)
    rows = tx.execute(query.where(entries.c.postings.like(f'%"unit":"{UNIT}"%')).order_by(entries.c.position)).all()
    told = _read(rows)
    if len(told) > limit:
        told = told[:limit]
        until = -told[-1][0].position
    owners = {each.cause: each.member for each in read_events_named(tx, {cause for _, cause in told})}
    found = [replace(each, member=owners.get(cause, each.member)) for each, cause in told]
    insert_stream(tx, [(each.member, each.at, each.position, "actor") for each in found])
    return found, until


def read_at(tx: Tx, positions: Collection[int]) -> list[tuple[Told, int]]:
    """The entries at these positions (below zero), each with the position of the event whose version counts."""
    query = select(entries).where(any_of(tx.dialect.name, entries.c.position, "positions"))
    rows = tx.execute(query, {"positions": as_list(sorted(-each for each in positions))}).all()
    told = _read(rows)
    places = {each.cause: each.position for each in read_events_named(tx, {cause for _, cause in told})}
    last = 2**62  # by the newest version where no event is its cause
    return [(each, places.get(cause, last)) for each, cause in told]


def _read(rows: Iterable[Row[Any]]) -> list[tuple[Told, str]]:
    found = []
    for row in rows:
        if owner_of(row.id.partition(":")[2]) is not None:
            continue
        award = None if row.details is None else json.loads(row.details).get("award")
        if isinstance(award, str) and owner_of(award) is not None:
            continue
        change = _change(json.loads(row.postings), MemberNumber(row.member or 0))
        if not change:
            continue
        at = UnixSeconds(row.occurred_at)
        if change < 0 and row.recorded_at - at > _DAY:
            at = UnixSeconds(row.recorded_at)  # what is over stays as good as it was
        told = Told(-row.position, MemberNumber(row.member), SOURCE, row.id, QUALIFYING, at, {"amount": change})
        found.append((told, str(award) if isinstance(award, str) else row.cause))
    return found


def _change(postings: list[dict[str, Any]], member: MemberNumber) -> int:
    """By how much the member's qualifying points change; nothing where they only go over to another one of hers."""
    account, change = accounts.qualifying(member), 0
    for each in postings:
        if each["unit"] != UNIT or accounts.MERGED in (each["from"], each["to"]):
            continue
        change += each["amount"] if each["to"] == account else -each["amount"] if each["from"] == account else 0
    return change
