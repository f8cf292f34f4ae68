"""What the ledger says of each award of behaviours: the points, or badges, that its entries come to. Reads only."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from loyaltychain.core.amounts import POINTS
from loyaltychain.db.engine import Tx
from loyaltychain.ledger import accounts
from loyaltychain.ledger.tables import entries, lots
from loyaltychain.operations.conduct.names import owner_of
from loyaltychain.operations.conduct.tables import grant_entries

_ROWS_AT_ONCE = 5_000


@dataclass(slots=True)
class Booked:
    """By award's name.

    Args:
        net: Points or badges, all entries together.
        by_number: By grant's number, what its own entries moved.
        by_time: Awards of which time itself moved something.
        entry_of: By entry the award that it is of; those that no grant names are in ``loose``.
    """

    net: Counter[str] = field(default_factory=Counter)
    by_number: Counter[int] = field(default_factory=Counter)
    by_time: set[str] = field(default_factory=set)
    named: dict[str, int] = field(default_factory=dict)
    award_of: dict[int, set[str]] = field(default_factory=dict)
    loose: list[tuple[str, str]] = field(default_factory=list)  # entry, award


def read_booked(tx: Tx) -> Booked:
    """All entries of awards of behaviours, added up."""
    booked = Booked()
    query = select(grant_entries.c.entry_id, grant_entries.c.grant_number)
    booked.named = {row.entry_id: row.grant_number for row in tx.execute(query)}
    of_lot = dict(_lots(tx))
    columns = entries.c.id, entries.c.postings, entries.c.details
    rows = tx.execute(select(*columns).order_by(entries.c.position), execution_options={"yield_per": _ROWS_AT_ONCE})
    for row in rows:
        award, by_time = _award(row, of_lot, booked)
        if award is not None:
            _add(booked, row.id, award, _moved(json.loads(row.postings)), by_time=by_time)
    return booked


def _lots(tx: Tx) -> Iterator[tuple[str, str]]:
    """By a lot's name, the award of behaviours that it is of."""
    query = select(entries.c.id, lots.c.award).join(lots, lots.c.position == entries.c.position)
    rows = tx.execute(query.where(lots.c.award.is_not(None)), execution_options={"yield_per": _ROWS_AT_ONCE})
    for row in rows:
        if owner_of(row.award) is not None:
            yield row.id, row.award


def _award(row: Any, of_lot: dict[str, str], booked: Booked) -> tuple[str | None, bool]:
    """The award of behaviours that an entry is of, and whether time made the entry."""
    details = {} if row.details is None else json.loads(row.details)
    told = details.get("award")
    if isinstance(told, str) and owner_of(told) is not None:
        return told, row.id not in booked.named and "grant" not in details
    lot = details.get("lot")
    named = of_lot.get(lot) if isinstance(lot, str) else of_lot.get(row.id.partition(":")[2])
    return named, True


def _moved(postings: list[dict[str, Any]]) -> int:
    """Points or badges that are the member's by it, below zero those that are not any more."""
    moved = 0
    for each in postings:
        if each["unit"] == POINTS:
            moved += each["amount"] * (each["from"] in (accounts.ISSUED, accounts.REVERSED))
            moved -= each["amount"] * (each["to"] == accounts.REVERSED)
        elif each["unit"].startswith("badge:"):
            moved += each["amount"] * ((each["from"] == accounts.BADGES) - (each["to"] == accounts.BADGES))
    return moved


def _add(booked: Booked, entry: str, award: str, moved: int, *, by_time: bool) -> None:
    booked.net[award] += moved
    number = booked.named.get(entry)
    if number is not None:
        booked.by_number[number] += moved
        booked.award_of.setdefault(number, set()).add(award)
    elif by_time:
        if moved:
            booked.by_time.add(award)
    else:
        booked.loose.append((entry, award))
