"""walk_ledger and check_volumes, given books with details, pending points and debts

├── when they are true: they find nothing, and only what a member owns on chain is a change
├── when an entry's details are edited, lost, written otherwise or no JSON: its digest is not that of its content
└── when more of a debt was paid than was owed, or a balance is below zero: the account is on the wrong side
"""

import pytest
from sqlalchemy import Engine, text

from loyaltychain.audit.findings import Finding
from loyaltychain.audit.volumes import Volumes, check_volumes
from loyaltychain.audit.walk_ledger import walk_ledger
from loyaltychain.db.engine import reading, transaction
from loyaltychain.ledger import book
from loyaltychain.ledger.purse import Purse
from tests.ledger.builders import ANN
from tests.ledger.purse_builders import START, stamp

ADJUSTED = "adjust:desk/1"


def make_books(engine: Engine) -> None:
    """A correction with its reason, pending points that are due, and a return of what was spent: she owes 12."""
    purse = Purse(ANN)
    details = {"actor": "desk", "reason": "broken cup"}
    movements = [
        purse.adjust(stamp(ADJUSTED, details=details), 10, at=START),
        purse.earn(stamp("e1"), 6, award="a", expires_at=None, due_at=2_000, qualifying=6),
        purse.redeem(stamp("r1"), 8, at=START),
        purse.take_back(stamp("v1"), 20, award="b"),
        *purse.advance(2_000, recorded_at=2_000),
    ]
    with transaction(engine) as tx:
        book.record(tx, movements)


def edit(engine: Engine, statement: str) -> None:
    with transaction(engine) as tx:
        tx.execute(text("DROP TRIGGER no_update_entries" + " ON entries" * (tx.dialect.name == "postgresql")))
        assert tx.execute(text(statement)).rowcount == 1


def audit(engine: Engine) -> tuple[list[Finding], dict[str, dict[int, int]]]:
    findings: list[Finding] = []
    with reading(engine) as tx:
        volumes = Volumes()
        changes = {proven.entry_id: proven.changes for proven in walk_ledger(tx, findings, volumes)}
        return findings + check_volumes(tx, volumes), changes


def test_walk_ledger__true_books__finds_nothing_and_counts_what_is_on_chain(database: Engine) -> None:
    make_books(database)
    findings, changes = audit(database)
    assert findings == []
    assert changes == {ADJUSTED: {ANN: 10}, "e1": {}, "r1": {ANN: -8}, "v1": {ANN: -2}, "activate:e1": {}}


@pytest.mark.parametrize("details", [
    "NULL", "'{}'", "'none'", "'[1]'", """'{"actor":"desk","reason":"broken cups"}'""",
    """'{"reason":"broken cup","actor":"desk"}'""", "'" + '{"a":' * 5_000 + "1" + "}" * 5_000 + "'",
])  # fmt: skip
def test_walk_ledger__details_edited__finds_it(database: Engine, details: str) -> None:
    make_books(database)
    edit(database, f"UPDATE entries SET details = {details.replace(':', chr(92) + ':')} WHERE id = '{ADJUSTED}'")
    findings, _ = audit(database)
    assert [(finding.code, finding.subject) for finding in findings] == [("entry-digest", ADJUSTED)]


@pytest.mark.parametrize(("entry", "had", "amount", "account"), [
    ("v1", 18, 5, "member:1:debt points"), ("r1", 8, 11, "member:1:available points"),
])  # fmt: skip
def test_check_volumes__the_wrong_side_of_zero__finds_it(
    database: Engine, entry: str, had: int, amount: int, account: str
) -> None:
    make_books(database)
    edit(database, f"UPDATE entries SET postings = replace(postings, '{had}', '{amount}') WHERE id = '{entry}'")
    findings, _ = audit(database)
    assert [finding.subject for finding in findings if finding.code == "account-overdrawn"] == [account]
