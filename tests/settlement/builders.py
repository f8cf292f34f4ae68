"""Sample values of settlement's tests, and the golden vectors."""

import json
from pathlib import Path
from typing import Any

from loyaltychain.core.amounts import POINTS, Amount, MemberNumber, Unit
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.ledger.accounts import ISSUED, REDEEMED, available, held
from loyaltychain.ledger.types import AccountId, Entry, EntryId, Posting, SequencedEntry
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.receipt_tree import Leaf

VECTORS = Path(__file__).parents[1] / "vectors"
LEDGER = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
PROGRAM = "0x" + "a1" * 32
NEXT_PROGRAM = "0x" + "b2" * 32
NOON = UnixSeconds(1_767_268_800)

DEPLOYMENT = Deployment(
    network="local",
    chain_id=31337,
    genesis_hash=b"\x01" * 32,
    instance_id=b"\x02" * 32,
    ledger=LEDGER,
    registry="0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512",
)


def read_vectors(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((VECTORS / name).read_text())
    return content


def bare(text: str) -> bytes:
    """The bytes of ``0x…`` written with spaces between its parts."""
    return bytes.fromhex(text.removeprefix("0x"))


def make_leaf(**changes: Any) -> Leaf:
    values: dict[str, Any] = {
        "chain_id": 31337,
        "ledger": LEDGER,
        "batch_id": 1,
        "index": 0,
        "member": 1,
        "unit": "points",
        "amount": 12,
        "entry_digest": b"\x03" * 32,
        "salt": b"\x04" * 32,
    }
    return Leaf(**values | changes)


def make_posting(source: AccountId, destination: AccountId, amount: int, *, unit: Unit = POINTS) -> Posting:
    return Posting(source=source, destination=destination, unit=unit, amount=Amount(amount))


def make_entry(name: str, *postings: Posting, **changes: Any) -> Entry:
    values: dict[str, Any] = {
        "id": EntryId(name),
        "kind": "earn",
        "member": None,
        "cause": f"shop/{name}",
        "rule": "spend",
        "program": PROGRAM,
        "occurred_at": NOON,
        "recorded_at": NOON,
        "postings": postings,
    }
    return Entry(**values | changes)


def earn(name: str, member: int, amount: int, **changes: Any) -> Entry:
    posting = make_posting(ISSUED, available(MemberNumber(member)), amount)
    return make_entry(name, posting, member=MemberNumber(member), **changes)


def redeem(name: str, member: int, amount: int, **changes: Any) -> Entry:
    posting = make_posting(available(MemberNumber(member)), REDEEMED, amount)
    values: dict[str, Any] = {"kind": "redeem", "rule": None} | changes
    return make_entry(name, posting, member=MemberNumber(member), **values)


def hold(name: str, member: int, amount: int, **changes: Any) -> Entry:
    number = MemberNumber(member)
    values: dict[str, Any] = {"kind": "hold", "rule": None} | changes
    return make_entry(name, make_posting(available(number), held(number), amount), member=number, **values)


def badge(name: str, member: int, **changes: Any) -> Entry:
    posting = make_posting(ISSUED, available(MemberNumber(member)), 1, unit=Unit("badge:helper"))
    return make_entry(name, posting, member=MemberNumber(member), **changes)


def in_sequence(*entries: Entry) -> list[SequencedEntry]:
    """The entries at positions 1, 2, 3 …, each with a head of its own that is no real chain's."""
    return [SequencedEntry(place, place.to_bytes(32, "big"), entry) for place, entry in enumerate(entries, 1)]
