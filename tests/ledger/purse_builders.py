"""Sample purses, stamps and points of the tests of lots."""

from typing import Any

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.ledger.lots import Lot, LotId, Movement, Stamp
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.types import EntryId
from tests.ledger.builders import ANN

START = UnixSeconds(1_000)
GRACE = 30


def stamp(id_: str, at: int = START, **changes: Any) -> Stamp:
    fields: dict[str, Any] = {"cause": f"shop/{id_}", "occurred_at": at, "recorded_at": at} | changes
    return Stamp(id=EntryId(id_), **fields)


def make_lot(id_: str, amount: int, expires_at: int | None = None, **changes: Any) -> Lot:
    fields: dict[str, Any] = {
        "member": ANN, "award": f"shop/{id_}", "earned_at": START, "due_at": None, "in_grace": False,
        "amount": amount, "remaining": amount,
    } | changes  # fmt: skip
    return Lot(id=LotId(id_), expires_at=None if expires_at is None else UnixSeconds(expires_at), **fields)


def make_purse(*lots: Lot, debt: int = 0) -> Purse:
    return Purse(ANN, lots=lots, debt=debt)


def remaining(purse: Purse) -> dict[str, int]:
    """What is in each lot that has points."""
    return {lot.id: lot.remaining for lot in purse.lots if lot.remaining}


def posted(movement: Movement) -> list[tuple[str, str, int]]:
    """(from, to, amount) of the points that an entry moves, accounts without "member:1:" and "program:"."""
    return [
        (posting.source.rsplit(":", 1)[1], posting.destination.rsplit(":", 1)[1], posting.amount)
        for posting in movement.entry.postings
    ]
