"""check_ledger, of what goes along with the entries
├── given a clean ledger with lots, holds and debts: it finds nothing
└── given one sabotage, made with the guards taken away: it finds exactly that
    ├── a lot's points, expired points or owner were edited, a lot's move was edited or is missing
    ├── a hold's amount was edited, its end is missing; a redemption's amount or what came back of it was edited
    └── points were posted past the lots, more of a debt was paid than was owed
"""

import pytest
from sqlalchemy import Engine, text

from loyaltychain.db.engine import reading, transaction
from loyaltychain.ledger import book
from loyaltychain.ledger.accounts import ISSUED, debt
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.ledger.problems import Problem
from loyaltychain.ledger.purse import Purse
from tests.ledger.builders import ANN, BOB, make_entry, make_posting, post_all
from tests.ledger.purse_builders import START, stamp

GUARDS = ("lots", "lot_moves", "holds", "hold_ends", "redemptions")


def make_ledger(engine: Engine) -> None:
    """ANN: 20 expired, 10 held, 5 pending, 15 available. BOB owes 7."""
    purse, other = Purse(ANN), Purse(BOB)
    movements = [
        purse.earn(stamp("e1"), 20, award="a", expires_at=2_000),
        purse.earn(stamp("e2"), 30, award="b", expires_at=None),
        purse.earn(stamp("e3"), 5, award="c", expires_at=None, due_at=5_000),
        *purse.advance(2_000, recorded_at=2_000),
        purse.hold(stamp("hold:h1"), "h1", 10, at=2_000, until=3_000),
        purse.hold(stamp("hold:h2"), "h2", 5, at=2_000, until=3_000),
        purse.commit(stamp("commit:h2"), "h2", at=2_000),
        other.take_back(stamp("v1", START), 7, award="d"),
    ]
    with transaction(engine) as tx:
        book.record(tx, movements)


def sabotage(engine: Engine, statement: str) -> None:
    with transaction(engine) as tx:
        for table in GUARDS:
            on = f" ON {table}" if engine.dialect.name == "postgresql" else ""
            for change in ("update", "delete"):
                tx.execute(text(f"DROP TRIGGER no_{change}_{table}{on}"))
        assert tx.execute(text(statement)).rowcount == 1


def check(engine: Engine) -> list[Problem]:
    with reading(engine) as tx:
        return check_ledger(tx)


def test_check_ledger__clean__finds_nothing(database) -> None:
    make_ledger(database)
    assert check(database) == []


MINE = "member:1:available"
SABOTAGES = {
    "refunded": (
        "UPDATE redemptions SET refunded = 1",
        [Problem("redemption-mismatch", "commit:h2", "5 redeemed, 0 refunded", "5 redeemed, 1 refunded")],
    ),
    "redeemed": (
        "UPDATE redemptions SET amount = 6",
        [Problem("redemption-mismatch", "commit:h2", "5 redeemed, 0 refunded", "6 redeemed, 0 refunded")],
    ),
    "remaining": (
        "UPDATE lots SET remaining = 14 WHERE position = 2",
        [Problem("lot-mismatch", MINE, "15", "14"), Problem("lot-moves", "lot at position 2", "15", "14")],
    ),
    "expired": (
        "UPDATE lots SET expired = 19 WHERE position = 1",
        [Problem("expired-mismatch", "program:expired", "20", "19")],
    ),
    "owner": (
        "UPDATE lots SET member = 3 WHERE position = 2",
        [Problem("lot-mismatch", MINE, "15", "0"), Problem("lot-mismatch", "member:3:available", "0", "15")],
    ),
    "no longer pending": (
        "UPDATE lots SET due_at = NULL WHERE position = 3",
        [Problem("lot-mismatch", MINE, "15", "20"), Problem("lot-mismatch", "member:1:pending", "5", "0")],
    ),
    "move": (
        "UPDATE lot_moves SET amount = -9 WHERE position = 5",
        [Problem("lot-moves", "lot at position 2", "16", "15")],
    ),
    "move lost": (
        "DELETE FROM lot_moves WHERE position = 5",
        [Problem("lot-moves", "lot at position 2", "25", "15")],
    ),
    "move of another entry": (
        "UPDATE lot_moves SET position = 99 WHERE position = 5",
        [Problem("stray-lot", "move at position 99", "an entry", "none")],
    ),
    "made by nothing": (
        "UPDATE lots SET position = 99 WHERE position = 3",
        [Problem("stray-lot", "lot at position 99", "an entry", "none")],
    ),
    "hold": (
        "UPDATE holds SET amount = 9 WHERE id = 'h1'",
        [Problem("hold-mismatch", "member:1:held", "10", "9")],
    ),
    "end lost": (
        "DELETE FROM hold_ends WHERE hold = 'h2'",
        [Problem("hold-mismatch", "member:1:held", "10", "15")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SABOTAGES)
def test_check_ledger__sabotage__finds_exactly_that(database, name) -> None:
    statement, expected = SABOTAGES[name]
    make_ledger(database)
    sabotage(database, statement)
    assert check(database) == expected


def test_check_ledger__posted_past_the_lots__finds_it(database) -> None:
    make_ledger(database)
    post_all(database, make_entry("e9", make_posting(amount=3)))
    assert check(database) == [Problem("lot-mismatch", MINE, expected="18", actual="15")]


def test_check_ledger__more_paid_than_owed__finds_it(database) -> None:
    make_ledger(database)
    post_all(database, make_entry("e9", make_posting(ISSUED, debt(BOB), amount=7)))
    assert check(database) == []
    with transaction(database) as tx:
        tx.execute(text("UPDATE volumes SET total_out = total_out - 1 WHERE account = 'member:2:debt'"))
    found = check(database)
    assert [problem.code for problem in found] == ["volume-mismatch", "unbalanced"]
    with transaction(database) as tx:
        tx.execute(text("DROP TRIGGER no_update_entries" + " ON entries" * (tx.dialect.name == "postgresql")))
        tx.execute(text("UPDATE entries SET postings = replace(postings, '7', '6') WHERE id = 'v1'"))
    assert Problem("debt-above-zero", "member:2:debt points", expected="<= 0", actual="1") in check(database)
