"""show_receipt
├── given an entry's id, or the place of its receipt: it gives the whole document, equal to what the rows say
├── given any receipt of a batch: the document alone leads from the entry to the batch's hash
├── given the only receipt of a batch: an empty proof
├── given a return of points that were spent: the amount is what left the balance, the entry shows the debt (EDGE 24)
└── given what has no receipt: UnknownReceipt says why
    ├── no such entry
    ├── an entry that is in no batch yet, with or without a position
    ├── an entry that changes no balance
    ├── no such batch
    └── no such index
receipts_of_event
├── given an event with receipts: it gives them
└── given an event without: UnknownReceipt names the entries that wait, or says that there are none
receipts_of_member
├── given a member: it gives hers, oldest first
└── given an id that nobody has: UnknownMember
"""

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.audit.receipt import verify_receipt
from loyaltychain.core import canonical
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.errors import UnknownMember, UnknownReceipt
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.db.engine import reading, transaction
from loyaltychain.ledger.book import load_purses, record
from loyaltychain.ledger.lots import Stamp
from loyaltychain.ledger.types import EntryId
from loyaltychain.settlement.header import Header, batch_hash
from loyaltychain.settlement.receipt_tree import Leaf, make_tree, verify
from loyaltychain.settlement.receipts import receipts_of_event, receipts_of_member, show_receipt
from loyaltychain.settlement.salts import receipt_salt
from loyaltychain.settlement.seal import seal_step
from loyaltychain.settlement.store import read_receipts
from loyaltychain.settlement.types import Batch
from tests.settlement.books import book, join
from tests.settlement.builders import DEPLOYMENT, NOON, earn, hold, redeem

EARNED = earn("a", 17, 40)
HEADER_NAMES = (
    *("batchId", "prevHash", "balanceRoot", "receiptRoot", "ledgerHead", "programHash", "dataHash"),
    *("time", "updates", "issued", "burned", "supply"),
)


def sealed_books(engine: Engine) -> Batch:
    """One batch with four receipts; entry ``c`` in it changes nobody, entry ``f`` is behind it."""
    join(engine, [1, 17])
    book(engine, EARNED, earn("b", 1, 5), hold("c", 17, 3), redeem("d", 17, 7), redeem("e", 1, 5))
    sealed = seal_step(engine, DEPLOYMENT, now=NOON)
    assert sealed is not None
    book(engine, earn("f", 1, 2))
    return sealed.batch


def show(engine: Engine, **wanted: Any) -> dict[str, Any]:
    with reading(engine) as tx:
        return show_receipt(tx, DEPLOYMENT, **wanted)


def test_show_receipt__entry_or_place__whole_document(engine: Engine) -> None:
    batch = sealed_books(engine)
    with reading(engine) as tx:
        leaves = [receipt.leaf for receipt in read_receipts(tx, 1)]
    header = batch.header
    nodes, places = make_tree(leaves).nodes, make_tree(leaves).places
    # Four leaves stand at 3 to 6: the sibling is the other one of (3, 4) or (5, 6), the uncle the other one of (1, 2).
    sibling = nodes[{3: 4, 4: 3, 5: 6, 6: 5}[places[0]]]
    uncle = nodes[2 if places[0] in (3, 4) else 1]

    document = show(engine, entry_id="a")

    assert document == show(engine, place=(1, 0))
    assert document == {
        "format": "loyaltychain/receipt/v1",
        "network": "local",
        "chain_id": 31337,
        "ledger": DEPLOYMENT.ledger,
        "batch": {
            "batchId": 1,
            "prevHash": to_hex(header.prev_hash),
            "balanceRoot": to_hex(header.balance_root),
            "receiptRoot": to_hex(header.receipt_root),
            "ledgerHead": to_hex(header.ledger_head),
            "programHash": to_hex(header.program_hash),
            "dataHash": to_hex(header.data_hash),
            "time": NOON,
            "updates": 1,
            "issued": 33,
            "burned": 0,
            "supply": 33,
            "batchHash": to_hex(batch.hash),
        },
        "index": 0,
        "member": 17,
        "unit": "points",
        "amount": 40,
        "entry": EARNED.document,
        "entry_digest": to_hex(EARNED.digest),
        "salt": to_hex(receipt_salt((17).to_bytes(32, "big"), entry_digest=EARNED.digest, unit="points")),
        "proof": [to_hex(sibling), to_hex(uncle)],
    }


@pytest.mark.parametrize("index", range(4))
def test_show_receipt__any_of_a_batch__leads_from_entry_to_hash(engine: Engine, index: int) -> None:
    sealed_books(engine)

    shown = json.loads(canonical.encode(show(engine, place=(1, index))))

    batch = shown["batch"]
    named = ("chain_id", "ledger")
    leaf = Leaf(
        **{name: shown[name] for name in (*named, "index", "member", "unit", "amount")},
        batch_id=batch["batchId"],
        entry_digest=canonical.digest(shown["entry"]),
        salt=from_hex(shown["salt"]),
    )
    assert to_hex(leaf.entry_digest) == shown["entry_digest"]
    assert verify(from_hex(batch["receiptRoot"]), leaf=leaf.digest, proof=[from_hex(each) for each in shown["proof"]])
    fields = (batch[name] for name in HEADER_NAMES)
    header = Header(*(from_hex(field) if isinstance(field, str) else field for field in fields))
    assert to_hex(batch_hash(header, **{name: shown[name] for name in named})) == batch["batchHash"]


def test_show_receipt__the_only_one__empty_proof(engine: Engine) -> None:
    join(engine, [17])
    book(engine, EARNED)
    seal_step(engine, DEPLOYMENT, now=NOON)

    assert show(engine, entry_id="a")["proof"] == []


def test_show_receipt__points_taken_back_that_were_spent__shows_both_legs(engine: Engine) -> None:
    join(engine, [17])
    with transaction(engine) as tx:
        purse = load_purses(tx, [MemberNumber(17)])[MemberNumber(17)]
        record(tx, [
            purse.earn(_stamp("earn:1"), 40, award="shop/1", expires_at=None),
            purse.redeem(_stamp("redeem:1"), 30, at=NOON),
            purse.take_back(_stamp("reverse:1"), 40, award="shop/1"),
        ])  # fmt: skip
    seal_step(engine, DEPLOYMENT, now=NOON)

    shown = show(engine, entry_id="reverse:1")

    assert shown["amount"] == -10
    assert shown["entry"]["details"] == {"award": "shop/1"}
    assert [(line["from"], line["amount"]) for line in shown["entry"]["postings"]] == [
        ("member:17:available", 10),
        ("member:17:debt", 30),
    ]
    assert verify_receipt(json.loads(canonical.encode(shown))).ok


def _stamp(id_: str) -> Stamp:
    return Stamp(EntryId(id_), cause="shop/x", occurred_at=NOON, recorded_at=NOON)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"entry_id": "x"}, "There is no entry of this id. [entry: x]"),
        (
            {"entry_id": "f"},
            "This entry is in the ledger, but in no sealed batch yet. [entry: f; position: 6; sealed_up_to: 5]",
        ),
        ({"entry_id": "c"}, "This entry changed no balance of points, so it has no receipt. [entry: c]"),
        ({"place": (2, 0)}, "There is no batch of this number. [batch: 2; last_batch: 1]"),
        ({"place": (0, 0)}, "There is no batch of this number. [batch: 0; last_batch: 1]"),
        ({"place": (1, 4)}, "The batch has no receipt of this index. [batch: 1; index: 4; count: 4]"),
        ({"place": (1, -1)}, "The batch has no receipt of this index. [batch: 1; index: -1; count: 4]"),
    ],
)
def test_show_receipt__no_receipt__says_why(engine: Engine, wanted: dict[str, Any], sentence: str) -> None:
    sealed_books(engine)

    with pytest.raises(UnknownReceipt) as caught:
        show(engine, **wanted)

    assert str(caught.value) == sentence


def test_receipts_of_event__with_receipts__gives_them(engine: Engine) -> None:
    join(engine, [17])
    book(engine, EARNED, earn("bonus", 17, 2, cause=EARNED.cause), earn("other", 17, 1))
    seal_step(engine, DEPLOYMENT, now=NOON)

    with reading(engine) as tx:
        found = receipts_of_event(tx, "shop", "a")

    assert [(receipt.index, receipt.entry_id) for receipt in found] == [(0, "a"), (1, "bonus")]


@pytest.mark.parametrize(
    ("event_id", "sentence"),
    [
        ("f", "This event's entries have no receipt yet. [cause: shop/f; entries: f]"),
        ("x", "No entry was made for this event. [cause: shop/x; entries: none]"),
    ],
)
def test_receipts_of_event__without__says_why(engine: Engine, event_id: str, sentence: str) -> None:
    sealed_books(engine)

    with reading(engine) as tx, pytest.raises(UnknownReceipt) as caught:
        receipts_of_event(tx, "shop", event_id)

    assert str(caught.value) == sentence


def test_receipts_of_member__a_member__hers_oldest_first(engine: Engine) -> None:
    sealed_books(engine)
    seal_step(engine, DEPLOYMENT, now=NOON)

    with reading(engine) as tx:
        found = receipts_of_member(tx, "m1")

    assert [(receipt.batch_id, receipt.index, receipt.amount) for receipt in found] == [
        (1, 1, 5),
        (1, 3, -5),
        (2, 0, 2),
    ]


def test_receipts_of_member__nobody__unknown_member(engine: Engine) -> None:
    with reading(engine) as tx, pytest.raises(UnknownMember, match="member_id: m9"):
        receipts_of_member(tx, "m9")
