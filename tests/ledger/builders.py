"""Sample entries and accounts of the ledger tests: the only place with sample numbers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine

from loyaltychain.core.amounts import POINTS, Amount, MemberNumber, Unit
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.ledger import store
from loyaltychain.ledger.accounts import ISSUED, available
from loyaltychain.ledger.post import post
from loyaltychain.ledger.types import AccountId, Entry, EntryId, Posting

ANN, BOB, CAT = MemberNumber(1), MemberNumber(2), MemberNumber(3)
MEMBERS = (ANN, BOB, CAT)
BADGE = Unit("badge:first-post")
ANNS = available(ANN)
PROGRAM = "0x" + "ab" * 32


def make_posting(
    source: AccountId = ISSUED, destination: AccountId = ANNS, *, unit: Unit = POINTS, amount: int = 100
) -> Posting:
    return Posting(source, destination, unit, Amount(amount))


def make_entry(id_: str = "earn:shop/1:spend", *postings: Posting, **changes: Any) -> Entry:
    fields: dict[str, Any] = {
        "kind": "earn", "member": ANN, "cause": "shop/1", "rule": "spend", "program": PROGRAM,
        "occurred_at": UnixSeconds(1_767_225_600), "recorded_at": UnixSeconds(1_767_225_601),
    } | changes  # fmt: skip
    return Entry(id=EntryId(id_), postings=postings or (make_posting(),), **fields)


def post_all(engine: Engine, *entries: Entry) -> list[bool]:
    with transaction(engine) as tx:
        return post(tx, entries)


def balances(engine: Engine, accounts: Sequence[AccountId], unit: Unit = POINTS) -> list[int]:
    with reading(engine) as tx:
        found = store.read_balances(tx, [(account, unit) for account in accounts])
    return [found[account, unit] for account in accounts]
