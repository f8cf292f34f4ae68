"""check_entries
├── given a clean ledger: it finds nothing
└── given one sabotage, made with the guards taken away: it finds exactly that
    ├── an entry's content, details, digest or time was edited
    ├── a posting was edited, is missing, or is none
    ├── a head was edited, a position is missing
    └── a total was edited or is missing, a member was allowed to overdraw

check_ledger: what goes along with the entries is tested in ``test_lot_checks.py``
"""

import pytest
from sqlalchemy import Engine, text

from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import reading, transaction
from loyaltychain.ledger.accounts import REDEEMED, available
from loyaltychain.ledger.checks import Problem, check_entries
from tests.ledger.builders import ANN, BOB, make_entry, make_posting, post_all

ZEROS = "0x" + "00" * 32
OF_ANN = "WHERE account = 'member:1:available' AND unit = 'points'"


def make_ledger(engine: Engine) -> None:
    """Positions 1 to 4."""
    post_all(
        engine,
        make_entry("e1", make_posting(amount=100)),
        make_entry("e2", make_posting(destination=available(BOB), amount=50)),
        make_entry("e3", make_posting(available(ANN), REDEEMED, amount=30)),
        make_entry("e4", make_posting(amount=5), details={"reason": "less", "actor": "desk"}),
    )


def sabotage(engine: Engine, statement: str) -> None:
    """Take the guards away as who owns the database can, and change rows."""
    if engine.dialect.name == "sqlite":
        raw = engine.raw_connection()
        raw.cursor().execute("PRAGMA foreign_keys = OFF")
        raw.close()
    with transaction(engine) as tx:
        on = " ON entries" if engine.dialect.name == "postgresql" else ""
        for change in ("update", "delete"):
            tx.execute(text(f"DROP TRIGGER no_{change}_entries{on}"))
        tx.execute(text(statement))


def check(engine: Engine) -> list[Problem]:
    with reading(engine) as tx:
        return check_entries(tx)


def test_check_entries__empty__finds_nothing(database) -> None:
    assert check(database) == []


def test_check_entries__clean__finds_nothing(database) -> None:
    make_ledger(database)
    assert check(database) == []


SABOTAGES = {
    "content": ("UPDATE entries SET cause = 'shop/2' WHERE id = 'e1'", [("entry-digest", "e1")]),
    "owner": ("UPDATE entries SET member = 2 WHERE id = 'e4'", [("entry-digest", "e4")]),
    "digest": (
        f"UPDATE entries SET digest = '{ZEROS}' WHERE id = 'e2'",
        [("chain-head", "position 2"), ("entry-digest", "e2")],
    ),
    "digest that is none": (
        "UPDATE entries SET digest = 'none' WHERE id = 'e2'",
        [("chain-head", "position 2"), ("entry-digest", "e2")],
    ),
    "details": ("UPDATE entries SET details = '{}' WHERE id = 'e1'", [("entry-digest", "e1")]),
    "details changed": (
        """UPDATE entries SET details = '{"actor":"desk","reason":"more"}' WHERE id = 'e4'""",
        [("entry-digest", "e4")],
    ),
    "details lost": ("UPDATE entries SET details = NULL WHERE id = 'e4'", [("entry-digest", "e4")]),
    "details written otherwise": (
        """UPDATE entries SET details = '{"actor": "desk","reason":"less"}' WHERE id = 'e4'""",
        [("entry-digest", "e4")],
    ),
    "details that are none": ("UPDATE entries SET details = 'none' WHERE id = 'e4'", [("entry-digest", "e4")]),
    "time": ("UPDATE entries SET recorded_at = 1 WHERE id = 'e2'", [("chain-head", "position 2")]),
    "time below zero": ("UPDATE entries SET recorded_at = -1 WHERE id = 'e1'", [("chain-head", "position 1")]),
    "head": (f"UPDATE entries SET head = '{ZEROS}' WHERE position = 1", [("chain-head", "position 1")]),
    "last head": ("UPDATE entries SET head = 'none' WHERE position = 4", [("chain-head", "position 4")]),
    "last position": ("UPDATE entries SET position = 9 WHERE position = 4", [("position-gap", "position 4")]),
    "entry": (
        "DELETE FROM entries WHERE position = 2",
        [
            ("position-gap", "position 2"),
            ("volume-mismatch", "member:2:available points"),
            ("volume-mismatch", "program:issued points"),
        ],
    ),
    "amount": (
        "UPDATE entries SET postings = replace(postings, '100', '101') WHERE id = 'e1'",
        [
            ("entry-digest", "e1"),
            ("volume-mismatch", "member:1:available points"),
            ("volume-mismatch", "program:issued points"),
        ],
    ),
    "posting": (
        "UPDATE entries SET postings = '[]' WHERE id = 'e2'",
        [
            ("empty-entry", "e2"),
            ("volume-mismatch", "member:2:available points"),
            ("volume-mismatch", "program:issued points"),
        ],
    ),
    **{
        f"postings that are none: {text}": (
            "UPDATE entries SET postings = '{}' WHERE id = 'e2'".format(text.replace(":", "\\:")),
            [
                ("entry-digest", "e2"),
                ("volume-mismatch", "member:2:available points"),
                ("volume-mismatch", "program:issued points"),
            ],
        )
        for text in ("none", "{}", "[1]", '[{"amount":1}]', '[{"amount":0,"from":"a","to":"b","unit":"points"}]')
    },
    "totals, balance kept": (
        f"UPDATE volumes SET total_in = total_in + 5, total_out = total_out + 5 {OF_ANN}",
        [("volume-mismatch", "member:1:available points")],
    ),
    "total": (
        f"UPDATE volumes SET total_in = total_in + 5 {OF_ANN}",
        [("volume-mismatch", "member:1:available points"), ("unbalanced", "points")],
    ),
    "account": (
        "DELETE FROM volumes WHERE account = 'member:2:available' AND unit = 'points'",
        [("volume-mismatch", "member:2:available points"), ("unbalanced", "points")],
    ),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_check_entries__sabotage__finds_exactly_that(database, name) -> None:
    statement, expected = SABOTAGES[name]
    make_ledger(database)
    sabotage(database, statement)
    assert [(problem.code, problem.subject) for problem in check(database)] == expected


def test_check_entries__edited_amount__says_what_was_expected(database) -> None:
    make_ledger(database)
    sabotage(database, "UPDATE entries SET postings = replace(postings, '30', '31') WHERE id = 'e3'")
    edited = make_entry("e3", make_posting(available(ANN), REDEEMED, amount=31))
    original = make_entry("e3", make_posting(available(ANN), REDEEMED, amount=30))
    assert check(database) == [
        Problem("entry-digest", "e3", expected=to_hex(original.digest), actual=to_hex(edited.digest)),
        Problem("volume-mismatch", "member:1:available points", expected="in 105, out 31", actual="in 105, out 30"),
        Problem("volume-mismatch", "program:redeemed points", expected="in 31, out 0", actual="in 30, out 0"),
    ]


def test_check_entries__amount_beyond_json__says_so(database) -> None:
    make_ledger(database)
    sabotage(database, f"UPDATE entries SET postings = replace(postings, '50', '{2**53}') WHERE id = 'e2'")
    first = check(database)[0]
    assert (first.code, first.subject) == ("entry-digest", "e2")
    assert first.actual.startswith("none: ")


def test_check_entries__member_allowed_to_overdraw__finds_overdraft(database) -> None:
    make_ledger(database)
    sabotage(database, "UPDATE entries SET postings = replace(postings, '30', '110') WHERE id = 'e3'")
    with transaction(database) as tx:
        tx.execute(text("UPDATE volumes SET may_overdraw = 1, total_out = 110 WHERE account = 'member:1:available'"))
        tx.execute(text("UPDATE volumes SET total_in = 110 WHERE account = 'program:redeemed'"))
    first, *others = check(database)
    assert (first.code, first.subject) == ("entry-digest", "e3")
    assert others == [Problem("overdraft", "member:1:available points", expected=">= 0", actual="-5")]
