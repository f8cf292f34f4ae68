"""migrate, given a database of the release in which an entry was rows of three tables
├── entries come by position with all that they held, postings in their document; the ledger still proves itself
├── those without a position get one, what brings points before what takes them, whatever their clocks said
├── lots, their moves, holds and redemptions are what they were
└── what refers to entries still finds them, and entries, lots and moves are still facts
"""

import hashlib

import pytest
from sqlalchemy import Engine, text

from loyaltychain.core import canonical, errors
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.db.engine import reading, transaction
from loyaltychain.db.migrate import migrate
from loyaltychain.ledger import book, store
from loyaltychain.ledger.accounts import ISSUED, REDEEMED, available, held
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.ledger.types import Entry
from tests.db.builders import describe_schema
from tests.db.test_event_positions import add, migrate_to, read_all
from tests.ledger.builders import ANN, make_entry, make_posting

TAKES = {"kind": "redeem", "rule": None, "program": None}
#: The last two have no position; the clock of the one that takes is behind.
ENTRIES = [
    make_entry("earn:shop/1:spend", make_posting(amount=30), cause="shop/1"),
    make_entry("earn:shop/2:spend", make_posting(amount=20), cause="shop/2", details={"reason": "ü\n"}),
    make_entry("hold:h", make_posting(available(ANN), held(ANN), amount=40), kind="hold", rule=None, program=None),
    make_entry("commit:h", make_posting(held(ANN), REDEEMED, amount=40), **TAKES | {"kind": "commit"}),
    make_entry("reinstate:shop/1", make_posting(amount=5), kind="reinstate", cause="shop/1", recorded_at=1_767_225_700),
    make_entry("redeem:shop/9", make_posting(available(ANN), REDEEMED, amount=12), cause="shop/9", **TAKES),
]
PLACED = 4
COPIED = "id, kind, member, cause, rule, program, occurred_at, recorded_at, postings, digest, head, details"
AMOUNTS = {"earn:shop/1:spend": (30, "shop/1"), "earn:shop/2:spend": (20, "shop/2"), "reinstate:shop/1": (5, "shop/1")}
MOVES = [
    ("hold:h", "earn:shop/1:spend", -30), ("hold:h", "earn:shop/2:spend", -10),
    ("redeem:shop/9", "earn:shop/2:spend", -10), ("redeem:shop/9", "reinstate:shop/1", -2),
]  # fmt: skip


def chained(entries: list[Entry]) -> list[str]:
    head, heads = bytes(32), []
    for position, entry in enumerate(entries, start=1):
        head = hashlib.sha256(head + position.to_bytes(8) + entry.recorded_at.to_bytes(8) + entry.digest).digest()
        heads.append(to_hex(head))
    return heads


def fill(engine: Engine) -> None:
    with transaction(engine) as tx:
        add(tx, "members", number=1, member_id="ann", joined_at=5)
        for entry in ENTRIES:
            fields = {name: getattr(entry, name) for name in ("id", "kind", "member", "cause", "rule", "program")}
            details = None if entry.details is None else canonical.encode_text(dict(entry.details))
            add(tx, "entries", **fields, occurred_at=entry.occurred_at, recorded_at=entry.recorded_at,
                digest=to_hex(entry.digest), details=details)  # fmt: skip
            [line] = entry.postings
            add(tx, "postings", entry_id=entry.id, line=0, source=line.source, destination=line.destination,
                unit=line.unit, amount=line.amount)  # fmt: skip
        for place, (entry, head) in enumerate(zip(ENTRIES[:PLACED], chained(ENTRIES[:PLACED]), strict=True), start=1):
            add(tx, "entry_positions", position=place, entry_id=entry.id, head=head)
        for account, came, went in ((available(ANN), 55, 52), (held(ANN), 40, 40), (ISSUED, 0, 55), (REDEEMED, 52, 0)):
            add(tx, "volumes", account=account, unit="points", total_in=came, total_out=went,
                may_overdraw=int(account == ISSUED))  # fmt: skip
        for lot, (amount, award) in AMOUNTS.items():
            remaining = amount + sum(moved for _, of, moved in MOVES if of == lot)
            add(tx, "lots", id=lot, member=1, award=award, earned_at=5, expires_at=9, due_at=None, in_grace=0,
                amount=amount, remaining=remaining, expired=0, returned_by=None)  # fmt: skip
            add(tx, "lot_moves", entry_id=lot, lot_id=lot, amount=amount)
        for entry_id, lot, moved in MOVES:
            add(tx, "lot_moves", entry_id=entry_id, lot_id=lot, amount=moved)
        add(
            tx,
            "holds",
            id="h",
            entry_id="hold:h",
            member=1,
            amount=40,
            created_at=6,
            until=8,
            reference="1",
            items="[]",
        )
        add(tx, "hold_ends", hold="h", kind="commit", entry_id="commit:h", ended_at=7)
        for id_, drawn_by, amount in (("commit:h", "hold:h", 40), ("redeem:shop/9", "redeem:shop/9", 12)):
            add(tx, "redemptions", entry_id=id_, member=1, drawn_by=drawn_by, amount=amount, refunded=0, reference=None)
        add(tx, "batches", id=1, from_position=1, to_position=1, prev_hash="0x0c", balance_root="0x0d",
            receipt_root="0x0e", ledger_head="0x04", program_hash="0x02", data="0x01", data_hash="0x0f", time=10,
            updates=1, issued=7, burned=0, batch_hash="0x10", state="sealed", supply=7)  # fmt: skip
        for place, entry in enumerate(ENTRIES):
            tx.execute(
                text("INSERT INTO receipts VALUES (1, :place, 1, 'points', 7, :id, '0x', '0x', '0x')"),
                {"place": place, "id": entry.id},
            )


@pytest.fixture
def moved(empty_database: Engine) -> Engine:
    migrate_to(empty_database, "0006")
    fill(empty_database)
    return empty_database


def test_migrate__entries_of_three_tables__one_row_each_in_order(moved: Engine) -> None:
    migrate(moved)
    with reading(moved) as tx:
        placed = store.read_entries(tx, 0, 100)
        assert check_ledger(tx) == []
        assert not describe_schema(tx).keys() & {"postings", "entry_positions", "old_entries", "old_lots"}
    assert [each.entry for each in placed] == ENTRIES
    assert [to_hex(each.head) for each in placed] == chained(ENTRIES)
    assert from_hex(chained(ENTRIES)[-1]) == placed[-1].head


def test_migrate__lots__what_they_were(moved: Engine) -> None:
    migrate(moved)
    with reading(moved) as tx:
        lots = book.lots_by_id(tx, AMOUNTS)
        redemptions = book.find_redemptions(tx, entry_ids=["commit:h", "redeem:shop/9"])
        hold, ended = book.find_hold(tx, "h")
    assert {lot.id: (lot.amount, lot.award, lot.remaining, lot.earned_at, lot.expires_at) for lot in lots} == {
        "earn:shop/1:spend": (30, "shop/1", 0, 5, 9), "earn:shop/2:spend": (20, "shop/2", 0, 5, 9),
        "reinstate:shop/1": (5, "shop/1", 3, 5, 9),
    }  # fmt: skip
    assert [each.draws for each in redemptions] == [
        (("earn:shop/1:spend", 30), ("earn:shop/2:spend", 10)), (("earn:shop/2:spend", 10), ("reinstate:shop/1", 2)),
    ]  # fmt: skip
    assert (hold.amount, hold.draws, ended) == (40, redemptions[0].draws, "commit")


def test_migrate__what_refers_to_entries__finds_them_and_facts_stay(moved: Engine) -> None:
    before = read_all(moved, "*", "receipts")
    migrate(moved)
    assert read_all(moved, "*", "receipts") == before
    for table, column in (("entries", "head"), ("entries", "postings"), ("lots", "amount"), ("lot_moves", "amount")):
        for change in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
            with pytest.raises(errors.ConstraintRefused, match=f"{table} is append-only"), transaction(moved) as tx:
                tx.execute(text(change))
    with pytest.raises(errors.ConstraintRefused), transaction(moved) as tx:
        tx.execute(text("INSERT INTO receipts VALUES (1, 9, 1, 'points', 7, 'none', '0x', '0x', '0x')"))
    with pytest.raises(errors.ConstraintRefused), transaction(moved) as tx:
        tx.execute(text(f"INSERT INTO entries SELECT 99, {COPIED} FROM entries WHERE position = 1"))
