"""migrate
├── given an empty database
│   ├── it creates exactly what the packages' tables say, constraint by constraint
│   └── when two processes start at once: both end well, and the schema stands once
├── given a migrated database: it changes nothing
├── given an append-only table
│   ├── when a row is updated, deleted or replaced: the database refuses
│   └── when it is emptied at once (PostgreSQL): the database refuses
├── given members or batches
│   ├── when a fixed column is updated, or a row deleted: the database refuses
│   └── when the free column is updated: it changes
├── given the state of a batch or an intent, or an intent's nonce
│   └── when it goes a way that is not on the list: the database refuses
└── it decides for every table whether it is append-only
"""

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select, text

from loyaltychain.core import errors
from loyaltychain.db.engine import open_database, reading, transaction
from loyaltychain.db.migrate import migrate, read_version
from loyaltychain.db.migrations import NEWEST
from loyaltychain.db.revision import read_revision
from loyaltychain.db.tables import metadata
from tests.database import ENGINES
from tests.db.builders import APPEND_ONLY, FREE_COLUMNS, MUTABLE, ONE_ROW_EACH, describe_schema, insert_one_row_each

GUARDED = sorted(APPEND_ONLY | FREE_COLUMNS.keys())
FIXED = [
    (table.name, column.name)
    for table, _ in ONE_ROW_EACH
    if table.name not in MUTABLE
    for column in table.columns
    if column.name not in FREE_COLUMNS.get(table.name, ())
]


def test_migrate__empty__alembic_sees_no_difference(database) -> None:
    with reading(database) as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_migrate__empty__creates_what_the_tables_say(empty_database) -> None:
    with transaction(empty_database) as tx:
        metadata.create_all(tx)
        expected = describe_schema(tx)
        metadata.drop_all(tx)
    migrate(empty_database)
    with reading(empty_database) as tx:
        assert describe_schema(tx) == expected
    assert expected.keys() == {table.name for table, _ in ONE_ROW_EACH}


def test_migrate__migrated__changes_nothing(database) -> None:
    with transaction(database) as tx:
        insert_one_row_each(tx)
        before = describe_schema(tx)
    migrate(database)
    with reading(database) as tx:
        assert describe_schema(tx) == before
        assert [tx.execute(select(table)).one()._asdict() for table, _ in ONE_ROW_EACH[:1]] == [ONE_ROW_EACH[0][1]]
        assert read_version(tx) == read_revision(tx).newest == NEWEST


def test_migrate__two_at_once__both_end_well(empty_url) -> None:
    start, ended = threading.Barrier(2), []

    def run() -> None:
        engine = open_database(empty_url)
        start.wait(10)
        migrate(engine)
        engine.dispose()
        ended.append(True)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine = open_database(empty_url)
    with reading(engine) as tx:
        assert ended == [True, True]
        assert describe_schema(tx).keys() == metadata.tables.keys()
    engine.dispose()


def test_migrate__fixed_columns__update_is_refused(database) -> None:
    with transaction(database) as tx:
        insert_one_row_each(tx)
    for table, column in FIXED:
        with pytest.raises(errors.ConstraintRefused, match=f"{table} is append-only"), transaction(database) as tx:
            tx.execute(text(f'UPDATE {table} SET "{column}" = "{column}"'))


def test_migrate__guarded_tables__delete_is_refused(database) -> None:
    with transaction(database) as tx:
        insert_one_row_each(tx)
    for table in GUARDED:
        with pytest.raises(errors.ConstraintRefused, match=f"{table} is append-only"), transaction(database) as tx:
            tx.execute(text(f"DELETE FROM {table}"))
    with reading(database) as tx:
        counts = {table: tx.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one() for table in GUARDED}
    assert counts == dict.fromkeys(GUARDED, 1)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # INSERT OR REPLACE is SQLite's
def test_migrate__append_only__replace_is_refused_on_sqlite(database) -> None:
    with transaction(database) as tx:
        insert_one_row_each(tx)
    for table, row in ONE_ROW_EACH:
        if table.name in GUARDED:
            with pytest.raises(errors.ConstraintRefused, match=f"{table.name} is append"), transaction(database) as tx:
                tx.execute(table.insert().prefix_with("OR REPLACE"), [row])


@pytest.mark.parametrize("database", sorted({*ENGINES} - {"sqlite"}), indirect=True)  # SQLite has no TRUNCATE
def test_migrate__append_only__truncate_is_refused_on_postgresql(database) -> None:
    for table in GUARDED:
        with pytest.raises(errors.ConstraintRefused, match="is append-only"), transaction(database) as tx:
            tx.execute(text(f"TRUNCATE {table} CASCADE"))


@pytest.mark.parametrize(
    ("table", "change"),
    [("members", "joined_at = 9"), ("batches", "state = 'submitted'"), ("intents", "state = 'parked'")],
)
def test_migrate__free_column__changes(database, table, change) -> None:
    with transaction(database) as tx:
        insert_one_row_each(tx)
    with transaction(database) as tx:
        assert tx.execute(text(f"UPDATE {table} SET {change}")).rowcount == 1


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("batches", "state = 'final'"),
        ("intents", "state = 'final'"),
        ("intents", "nonce = 7"),
        ("intents", "nonce = NULL"),
    ],
)
def test_migrate__a_way_that_is_not_listed__refused(database, table, change) -> None:
    with transaction(database) as tx:
        insert_one_row_each(tx)
    with (
        pytest.raises(errors.ConstraintRefused, match=f"{table} knows no such transition"),
        transaction(database) as tx,
    ):
        tx.execute(text(f"UPDATE {table} SET {change}"))


def test_migrate__every_table__is_decided() -> None:
    assert metadata.tables.keys() == MUTABLE | APPEND_ONLY | FREE_COLUMNS.keys()
