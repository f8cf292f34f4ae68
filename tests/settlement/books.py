"""Real books for settlement's tests: members with accounts, entries posted and put in sequence, batches sealed."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Engine

from loyaltychain.core.amounts import POINTS, MemberNumber
from loyaltychain.db.engine import transaction
from loyaltychain.events.store import insert_members
from loyaltychain.ledger.accounts import available, held
from loyaltychain.ledger.post import post
from loyaltychain.ledger.store import balances
from loyaltychain.ledger.types import Entry
from loyaltychain.settlement import store
from loyaltychain.settlement.seal import Sealed, seal_step
from loyaltychain.settlement.store import insert_receipt_keys
from loyaltychain.settlement.types import Batch, Receipt
from tests.settlement.builders import DEPLOYMENT, NOON


def join(engine: Engine, numbers: Iterable[int]) -> None:
    """Members ``m<number>`` with these numbers, and receipt keys that are the same in each world."""
    members = {f"m{number}": MemberNumber(number) for number in numbers}
    with transaction(engine) as tx:
        insert_members(tx, members, joined_at=NOON)
        insert_receipt_keys(tx, {number: number.to_bytes(32, "big") for number in members.values()})


def book(engine: Engine, *entries: Entry) -> None:
    """Post the entries one by one, each at the next position."""
    with transaction(engine) as tx:
        for entry in entries:
            assert post(tx, [entry]) == [True]


def holdings(engine: Engine, numbers: Iterable[int]) -> dict[int, int]:
    """What each member owns by the ledger: available and held; members who own nothing are left out."""
    with transaction(engine) as tx:
        owned = {
            number: sum(balances(tx, [available(MemberNumber(number)), held(MemberNumber(number))], POINTS).values())
            for number in numbers
        }
    return {number: amount for number, amount in owned.items() if amount}


def seal(engine: Engine, **changes: Any) -> Sealed | None:
    return seal_step(engine, DEPLOYMENT, **{"now": NOON} | changes)


def seal_all(engine: Engine, **changes: Any) -> list[Batch]:
    batches = []
    while sealed := seal(engine, **changes):
        batches.append(sealed.batch)
    return batches


def stored(engine: Engine) -> list[tuple[Batch, dict[int, int], list[Receipt]]]:
    with transaction(engine) as tx:
        last = store.last_batch(tx)
        numbers = range(1, last.header.batch_id + 1 if last else 1)
        return [
            (store.read_batch(tx, number), store.read_updates(tx, number), store.read_receipts(tx, number))
            for number in numbers
        ]
