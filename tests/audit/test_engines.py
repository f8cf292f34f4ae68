"""run_audit, on each database at hand

given the programme's books in a database
├── when they are true
│   └── it finds nothing, page by page
└── when a posting was edited
    └── it finds the same on every engine
"""

import pytest
from sqlalchemy import Engine, text

from loyaltychain.audit import store
from loyaltychain.db.engine import reading
from loyaltychain.db.tables import metadata
from tests.audit.scenario import Scenario


@pytest.fixture
def filled(scenario: Scenario, database: Engine) -> Engine:
    """The scenario's rows in another database."""
    fill(scenario, database)
    return database


def fill(scenario: Scenario, database: Engine) -> None:
    """Copies the scenario's rows."""
    with reading(scenario.world.engine) as source, database.begin() as target:
        for table in metadata.sorted_tables:
            rows = [dict(row) for row in source.execute(table.select()).mappings()]
            if rows and table.name != "api_secrets":  # each database has made its own
                target.execute(table.insert(), rows)


def drop_triggers(database: Engine, table: str) -> None:
    with database.begin() as tx:
        if database.dialect.name == "postgresql":
            tx.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            return
        names = tx.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :t"), {"t": table}
        )
        for name in names.scalars().all():
            tx.execute(text(f'DROP TRIGGER "{name}"'))


def test_run_audit__true_books_on_any_engine__finds_nothing(scenario: Scenario, filled: Engine) -> None:
    report = scenario.audit(database=filled)

    assert (report.findings, report.receipts) == ((), 5)


def test_run_audit__a_posting_edited_on_any_engine__finds_the_same(scenario: Scenario, filled: Engine) -> None:
    drop_triggers(filled, "entries")
    with filled.begin() as tx:
        tx.execute(text("UPDATE entries SET postings = replace(postings, '100', '1000') WHERE id = 'redeem:shop/R-1'"))

    codes = scenario.codes(database=filled)

    assert sorted(codes) == ["account-overdrawn", "batch-delta", "entry-digest", "receipt-amount", "volume"]


@pytest.mark.parametrize("page", [1, 2, 3, 5, 7])
def test_run_audit__pages_of_any_size__finds_nothing(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(store, "PAGE", page)

    assert scenario.codes() == []
