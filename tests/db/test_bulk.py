"""insert_rows
├── given rows with any text: they read back as they were, in one statement
├── when a row's key is there: it raises ConstraintRefused and adds none
├── when a text cannot be stored, or a number is too large: it raises ConstraintRefused
├── inside a savepoint that is rolled back: the rest is written
├── when the server ends the connection (PostgreSQL): it raises DatabaseUnavailable, and the next transaction works
└── given no rows: nothing happens

put_rows, add_rows
├── a key that is there: its row is another one then, or the one that it was
└── what a column cannot hold is refused by both
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from loyaltychain.core import errors
from loyaltychain.db.bulk import add_rows, insert_rows, put_rows
from loyaltychain.db.cursors import cursors
from loyaltychain.db.engine import open_database, transaction
from loyaltychain.events.tables import member_closures, members
from tests.database import ENGINES

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
ROWS = st.dictionaries(TEXTS, st.integers(0, 2**63 - 1), max_size=8)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_insert_rows__any_text__reads_back(database, rows) -> None:
    with transaction(database) as tx:
        tx.execute(cursors.delete())
        insert_rows(tx, cursors, list(rows.items()))
    with transaction(database) as tx:
        assert {row.step: row.position for row in tx.execute(select(cursors))} == rows


def test_insert_rows__key_is_there__adds_none(database) -> None:
    with transaction(database) as tx:
        insert_rows(tx, cursors, [("earn", 1)])
    with pytest.raises(errors.ConstraintRefused), transaction(database) as tx:
        insert_rows(tx, cursors, [("seal", 1), ("earn", 2)])
    with transaction(database) as tx:
        assert [tuple(row) for row in tx.execute(select(cursors))] == [("earn", 1)]


@pytest.mark.parametrize("row", [("earn", -1), ("earn", 2**63), (None, 1)])
def test_insert_rows__what_a_column_cannot_hold__is_refused(database, row) -> None:
    with pytest.raises(errors.ConstraintRefused), transaction(database) as tx:
        insert_rows(tx, cursors, [row])


def test_insert_rows__broken_reference__is_refused(database) -> None:
    with transaction(database) as tx:
        insert_rows(tx, members, [(1, "ann", 5)])
    with pytest.raises(errors.ConstraintRefused), transaction(database) as tx:
        insert_rows(tx, member_closures, [(2, 5, "gone")])


def test_insert_rows__savepoint__the_rest_is_written(database) -> None:
    with transaction(database) as tx:
        insert_rows(tx, cursors, [("earn", 1)])
        with pytest.raises(errors.ConstraintRefused), tx.begin_nested():
            insert_rows(tx, cursors, [("seal", 1), ("earn", 2)])
        insert_rows(tx, cursors, [("sweep", 3)])
    with transaction(database) as tx:
        assert {row.step: row.position for row in tx.execute(select(cursors))} == {"earn": 1, "sweep": 3}


@pytest.mark.parametrize("database", sorted({*ENGINES} - {"sqlite"}), indirect=True)  # SQLite has no server
def test_insert_rows__connection_is_ended__unavailable_and_the_next_works(database) -> None:
    other = open_database(database.url.render_as_string(hide_password=False))
    with pytest.raises(errors.DatabaseUnavailable), transaction(database) as tx:  # noqa: PT012
        insert_rows(tx, cursors, [("earn", 1)])
        process = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with other.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:process)"), {"process": process})
        insert_rows(tx, cursors, [("seal", 1)])  # this one
    with transaction(database) as tx:
        insert_rows(tx, cursors, [("sweep", 1)])
    with transaction(database) as tx:
        assert tx.execute(select(cursors.c.step)).scalars().all() == ["sweep"]
    other.dispose()


def test_insert_rows__none__nothing(database) -> None:
    with transaction(database) as tx:
        insert_rows(tx, cursors, [])
        assert tx.execute(select(cursors)).all() == []


def test_put_and_add__key_is_there(database) -> None:
    with transaction(database) as tx:
        insert_rows(tx, cursors, [("earn", 1), ("seal", 2)])
        put_rows(tx, cursors, [("earn", 3), ("sweep", 4)])
        add_rows(tx, cursors, [("publish", 6), ("seal", 5)])
        put_rows(tx, cursors, [])
        add_rows(tx, cursors, [])
    with transaction(database) as tx:
        found = {row.step: row.position for row in tx.execute(select(cursors))}
        assert found == {"earn": 3, "seal": 2, "sweep": 4, "publish": 6}


@pytest.mark.parametrize("write", [put_rows, add_rows])
@pytest.mark.parametrize("row", [("earn", -1), (None, 1)])
def test_put_and_add__what_a_column_cannot_hold__is_refused(database, write, row) -> None:
    with pytest.raises(errors.ConstraintRefused), transaction(database) as tx:
        write(tx, cursors, [row])
