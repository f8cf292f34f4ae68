"""What an operation recorded the first time, so that the same one is answered with it again. Reads only."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.ledger.tables import entries, postings
from loyaltychain.ledger.types import AccountId, EntryId


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry as its operation's answer needs it. ``changes``: what each account received, less what it gave."""

    id: EntryId
    member: MemberNumber
    occurred_at: UnixSeconds
    details: dict[str, Any]
    changes: dict[AccountId, int]


def find_recorded(tx: Tx, id_: EntryId) -> Recorded | None:
    """What stands in the ledger under this entry id. Until the transaction ends nobody else records it.

    Raises:
        DatabaseBusy: the same operation is being done elsewhere and took too long.
    """
    keep_id(tx, id_)
    return read_recorded(tx, id_)


def keep_id(tx: Tx, id_: EntryId) -> None:
    """Let nobody else record an entry of this id until the transaction ends. Before any member's points are locked.

    Raises DatabaseBusy, as ``find_recorded`` does.
    """
    lock(tx, f"entry:{id_}")


def read_recorded(tx: Tx, id_: EntryId) -> Recorded | None:
    """The same without the lock, for who only reads."""
    query = (
        select(entries, postings.c.source, postings.c.destination, postings.c.unit, postings.c.amount)
        .join(postings, postings.c.entry_id == entries.c.id)
        .where(entries.c.id == id_)
    )
    lines = list(tx.execute(query))
    if not lines:
        return None
    changes: Counter[AccountId] = Counter()
    for line in lines:
        if line.unit == POINTS:
            changes[AccountId(line.source)] -= line.amount
            changes[AccountId(line.destination)] += line.amount
    row = lines[0]
    return Recorded(
        id=id_,
        member=MemberNumber(row.member),
        occurred_at=UnixSeconds(row.occurred_at),
        details={} if row.details is None else json.loads(row.details),
        changes=dict(changes),
    )


def check_same(id_: str, *, same: bool) -> None:
    """Raise IdempotencyConflict unless what is asked under this id is what was asked before."""
    if not same:
        raise errors.IdempotencyConflict(
            "This id was used before for something else. A new request needs an id of its own.", id=id_
        )
