"""open_database with ``?schema=``
├── when the name is no plain name, or the database is SQLite: it raises InvalidSettings
├── given two programmes in one PostgreSQL database
│   ├── each has its tables, triggers and version, and sees nothing of the other's rows
│   ├── they do not wait for each other's locks
│   └── when one is migrated twice at once, or its schema is there before: it stands once
└── given a role that may use one schema only: the other's rows are refused by the server
"""

import threading
from urllib.parse import quote

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url

from loyaltychain.core import errors
from loyaltychain.db.engine import open_database, reading, transaction
from loyaltychain.db.lock import lock
from loyaltychain.db.migrate import migrate, open_migrated
from loyaltychain.db.tables import metadata
from loyaltychain.events.tables import members
from tests.database import ENGINES, fresh_postgresql_url
from tests.db.builders import describe_schema

pytestmark = pytest.mark.skipif("postgresql" not in ENGINES, reason="no PostgreSQL: schemas are PostgreSQL's")


@pytest.fixture
def server() -> str:
    return fresh_postgresql_url()


def place(server: str, schema: str) -> str:
    return make_url(server).update_query_dict({"schema": schema}).render_as_string(hide_password=False)


def join(url: str, *names: str) -> None:
    engine = open_migrated(url)
    with transaction(engine) as tx:
        tx.execute(
            members.insert(), [{"number": n, "member_id": name, "joined_at": 1} for n, name in enumerate(names, 1)]
        )
    engine.dispose()


@pytest.mark.parametrize("name", ["", "Corner", "corner-shop", "1st", "a" * 64, "x; DROP TABLE members", 'a" b'])
def test_open_database__no_plain_schema_name__raises_invalid_settings(name) -> None:
    with pytest.raises(errors.InvalidSettings, match="schema"):
        open_database(f"postgresql+psycopg://nobody@127.0.0.1/none?schema={quote(name)}")


def test_open_database__schema_on_sqlite__raises_invalid_settings(tmp_path) -> None:
    with pytest.raises(errors.InvalidSettings, match="for PostgreSQL only"):
        open_database(f"sqlite:///{tmp_path / 'points.db'}?schema=corner")


def test_schemas__two_programmes__see_nothing_of_each_other(server) -> None:
    join(place(server, "corner"), "ann", "bob")
    join(place(server, "market"), "eve")
    for schema, expected in (("corner", ["ann", "bob"]), ("market", ["eve"])):
        engine = open_database(place(server, schema))
        with reading(engine) as tx:
            assert tx.execute(select(members.c.member_id).order_by(members.c.number)).scalars().all() == expected
            assert describe_schema(tx).keys() == metadata.tables.keys()
            assert tx.execute(text("SELECT current_schema()")).scalar_one() == schema
        with pytest.raises(errors.ConstraintRefused, match="append-only"), transaction(engine) as tx:
            tx.execute(text("DELETE FROM members"))
        engine.dispose()


def test_schemas__locks__are_each_programmes_own(server) -> None:
    one, other = (open_migrated(place(server, schema)) for schema in ("corner", "market"))
    with transaction(one) as tx, transaction(other) as beside:
        lock(tx, "events.writers")
        lock(beside, "events.writers")  # would wait for ever, and time out, were it the same lock
        assert beside.execute(select(func.count()).select_from(members)).scalar_one() == 0
    one.dispose()
    other.dispose()


def test_schemas__migrated_twice_at_once__stands_once(server) -> None:
    start, ended = threading.Barrier(2), []

    def run() -> None:
        engine = open_database(place(server, "corner"))
        start.wait(10)
        migrate(engine)
        engine.dispose()
        ended.append(True)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == [True, True]


def test_schemas__role_of_one_schema__is_refused_the_other(server) -> None:
    join(place(server, "corner"), "ann")
    join(place(server, "market"), "eve")
    owner = open_database(server)
    with transaction(owner) as tx:
        for statement in (
            "CREATE ROLE corner_app LOGIN PASSWORD 'corner'",
            "GRANT USAGE ON SCHEMA corner TO corner_app",
            "GRANT SELECT ON ALL TABLES IN SCHEMA corner TO corner_app",
        ):
            tx.execute(text(statement))
    try:
        with transaction(owner) as tx:
            tx.execute(text("SET LOCAL ROLE corner_app"))
            assert tx.execute(text("SELECT member_id FROM corner.members")).scalars().all() == ["ann"]
            with pytest.raises(errors.InvalidSettings, match="permission denied for schema market"):
                tx.execute(text("SELECT member_id FROM market.members"))
            tx.rollback()
    finally:
        with transaction(owner) as tx:
            tx.execute(text("DROP OWNED BY corner_app"))
            tx.execute(text("DROP ROLE corner_app"))
        owner.dispose()
