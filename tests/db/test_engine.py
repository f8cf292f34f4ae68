"""open_database
├── when the URL names another kind of database: it raises InvalidSettings
├── when the URL cannot be read: it raises InvalidSettings
└── given SQLite
    ├── it is durable, checks references and lets readers and a writer work side by side
    └── given a new file that somebody else holds
        ├── when it is let go in time: it waits
        └── when it is not: it raises DatabaseBusy

transaction
├── when the block ends: it becomes durable
├── when the block raises: nothing is written
├── when it is killed at the commit: nothing is written
├── given another open writer
│   ├── when it ends in time: it waits
│   └── when it does not: it raises DatabaseBusy
└── when the database refuses a write
    ├── it raises ConstraintRefused, chained to the driver's error, and writes nothing
    ├── inside a savepoint: it raises there, and the rest is written
    └── when a number is too large: it raises ConstraintRefused

reading
├── given a writer that commits meanwhile: it sees the moment of its first query
├── when a write is tried: it raises ConstraintRefused
└── when it has ended: its connection writes again
"""

import sqlite3
import threading
import time

import pytest
from sqlalchemy import Engine, event, func, select, text

from loyaltychain.core import errors
from loyaltychain.db import engine as engine_module
from loyaltychain.db.cursors import cursors
from loyaltychain.db.engine import Tx, is_read_only, open_database, reading, transaction
from loyaltychain.db.migrate import migrate


class Killed(BaseException):
    """Stands for a process that dies."""


def steps(engine: Engine) -> int:
    with reading(engine) as tx:
        return tx.execute(select(func.count()).select_from(cursors)).scalar_one()


def insert(tx: Tx, *, step: str = "earn", position: int = 1) -> None:
    tx.execute(cursors.insert(), [{"step": step, "position": position}])


def test_open_database__other_kind__raises_invalid_settings() -> None:
    with pytest.raises(errors.InvalidSettings, match="kind: mysql"):
        open_database("mysql://localhost/points")


def test_open_database__unreadable_url__raises_invalid_settings() -> None:
    with pytest.raises(errors.InvalidSettings, match="cannot be read"):
        open_database("points.db")


def test_open_database__sqlite__sets_what_durability_needs(tmp_path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'points.db'}")
    with reading(engine) as tx:
        pragmas = {
            name: tx.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "busy_timeout")
        }
    engine.dispose()
    assert pragmas == {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1, "busy_timeout": 5000,
    }  # fmt: skip


def test_open_database__new_file_held_for_a_moment__waits(tmp_path) -> None:
    holder = sqlite3.connect(tmp_path / "points.db", isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN EXCLUSIVE")
    letting_go = threading.Thread(target=lambda: (time.sleep(0.2), holder.close()))
    letting_go.start()
    engine = open_database(f"sqlite:///{tmp_path / 'points.db'}")
    with reading(engine) as tx:
        assert tx.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
    letting_go.join()
    engine.dispose()


def test_open_database__new_file_held_for_good__raises_busy(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(engine_module, "WAIT_SECONDS", 0.1)
    holder = sqlite3.connect(tmp_path / "points.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    engine = open_database(f"sqlite:///{tmp_path / 'points.db'}")
    with pytest.raises(errors.DatabaseBusy), reading(engine):
        pass
    holder.close()
    engine.dispose()


def test_transaction__block_ends__is_durable(empty_url) -> None:
    engine = open_database(empty_url)
    migrate(engine)
    with transaction(engine) as tx:
        insert(tx)
    engine.dispose()
    again = open_database(empty_url)
    assert steps(again) == 1
    again.dispose()


def test_transaction__block_raises__writes_nothing(database) -> None:
    def fail_after_insert() -> None:
        with transaction(database) as tx:
            insert(tx)
            raise errors.InvalidEvent

    with pytest.raises(errors.InvalidEvent):
        fail_after_insert()
    assert steps(database) == 0


@pytest.mark.parametrize("survive", [0, 1, 2])
def test_transaction__killed_at_commit__writes_nothing(database, survive) -> None:
    left = [survive]

    def kill(_tx: Tx) -> None:
        if left[0] == 0:
            raise Killed
        left[0] -= 1

    def insert_thrice() -> None:
        for n in range(3):
            with transaction(database) as tx:
                insert(tx, step=f"step {n}")

    event.listen(database, "commit", kill)
    with pytest.raises(Killed):
        insert_thrice()
    event.remove(database, "commit", kill)
    assert steps(database) == survive


def test_transaction__other_writer_ends_in_time__waits(database) -> None:
    opened, close = threading.Event(), threading.Event()

    def write_first() -> None:
        with transaction(database) as tx:
            insert(tx, step="shared", position=1)
            opened.set()
            assert close.wait(10)

    other = threading.Thread(target=write_first)
    other.start()
    assert opened.wait(10)
    timer = threading.Timer(0.2, close.set)
    timer.start()
    with pytest.raises(errors.ConstraintRefused), transaction(database) as tx:
        insert(tx, step="shared", position=2)
    other.join()
    assert steps(database) == 1


@pytest.mark.parametrize("place", ["memory", "shared"])
def test_transaction__other_writer_stays__raises_busy(place, empty_url, monkeypatch) -> None:
    monkeypatch.setattr(engine_module, "WAIT_SECONDS", 0.1)
    engine = open_database("sqlite://" if place == "memory" else empty_url)
    migrate(engine)
    with transaction(engine) as first:
        insert(first)
        with pytest.raises(errors.DatabaseBusy), transaction(engine) as second:
            insert(second)
    assert steps(engine) == 1
    engine.dispose()


def test_transaction__constraint__raises_chained_and_writes_nothing(database) -> None:
    def insert_twice() -> None:
        with transaction(database) as tx:
            insert(tx, step="first")
            insert(tx, position=-1)

    with pytest.raises(errors.ConstraintRefused, match="cursors") as caught:
        insert_twice()
    assert isinstance(caught.value.__cause__, database.dialect.dbapi.IntegrityError)
    assert steps(database) == 0


def test_transaction__refusal_in_savepoint__raises_there(database) -> None:
    with transaction(database) as tx:
        with pytest.raises(errors.ConstraintRefused), tx.begin_nested():
            insert(tx, position=-1)
        insert(tx)
    assert steps(database) == 1


def test_transaction__number_too_large__raises_constraint_refused(database) -> None:
    with pytest.raises(errors.ConstraintRefused, match=r"too large|out of range"), transaction(database) as tx:
        insert(tx, position=2**63)


def test_reading__writer_commits_meanwhile__sees_one_moment(empty_database) -> None:
    migrate(empty_database)
    count = select(func.count()).select_from(cursors)
    with reading(empty_database) as snapshot:
        before = snapshot.execute(count).scalar_one()
        with transaction(empty_database) as tx:
            insert(tx)
        after = snapshot.execute(count).scalar_one()
    assert (before, after, steps(empty_database)) == (0, 0, 1)


def test_reading__write__raises_constraint_refused(database) -> None:
    with pytest.raises(errors.ConstraintRefused, match=r"read.?only"), reading(database) as tx:
        insert(tx)
    assert steps(database) == 0


def test_reading__ended__its_connection_writes_again(database) -> None:
    with reading(database) as tx:
        assert is_read_only(tx)
    with transaction(database) as tx:
        assert not is_read_only(tx)
        insert(tx)
    assert steps(database) == 1
