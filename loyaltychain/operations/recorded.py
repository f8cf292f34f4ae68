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
from loyaltychain.ledger.post import lock_posts
from loyaltychain.ledger.tables import entries
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
    """What stands in the ledger under this entry id. Until the transaction ends nobody records anything else.

    Raises:
        DatabaseBusy: another transaction kept its turn for too long.
    """
    lock_posts(tx)
    return read_recorded(tx, id_)


def read_recorded(tx: Tx, id_: EntryId) -> Recorded | None:
    """The same without the lock, for who only reads."""
    row = tx.execute(select(entries).where(entries.c.id == id_)).one_or_none()
    if row is None:
        return None
    changes: Counter[AccountId] = Counter()
    for line in json.loads(row.postings):
        if line["unit"] == POINTS:
            changes[AccountId(line["from"])] -= line["amount"]
            changes[AccountId(line["to"])] += line["amount"]
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
