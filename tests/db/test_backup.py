"""write_backup, restore
├── given a database with one row in every table
│   ├── restored into an empty one of either engine, each row is there, and it is marked as restored
│   ├── backed up again from there, the content is the same, but for the mark
│   └── the file is its owner's alone, and deterministic
├── given somebody who writes meanwhile: the backup is of one moment
├── given a process that is killed in its midst: there is no file of that name, and the next backup is whole
├── given a file of that name: it is left alone
├── given a database with tables, a file that was cut, changed or appended to, of a newer release, or no backup at all
│   └── nothing is restored
└── given content that does not prove itself: nothing is restored
"""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.engine import make_url

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.backup import Backup, restore, write_backup
from loyaltychain.db.cursors import cursors
from loyaltychain.db.engine import Tx, open_database, reading, transaction
from loyaltychain.db.migrate import migrate
from loyaltychain.db.restores import Restore, mark_reconciled, restores, unreconciled
from tests.database import ENGINES, fresh_database, fresh_postgresql_url
from tests.db.builders import ONE_ROW_EACH, insert_one_row_each

NOW = UnixSeconds(1_780_000_000)
CURSORS = {"table": "cursors", "columns": ["step", "position"]}


def empty(engine_name: str) -> Engine:
    return open_database("sqlite://" if engine_name == "sqlite" else fresh_postgresql_url())


def give_back(engine: Engine, file: Path, prove: Callable[[Tx], None] = lambda _: None) -> Backup:
    return restore(engine, file, now=UnixSeconds(NOW + 9), prove=prove)


def lines_of(file: Path) -> list[Any]:
    return [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]


def without_mark(file: Path) -> list[Any]:
    """The lines of a backup but for its digest, its time, and the table of restores."""
    lines = lines_of(file)[1:-1]
    start = lines.index({"table": "restores", "columns": [column.name for column in restores.columns]})
    end = next(n for n, line in enumerate(lines) if isinstance(line, dict) and line.get("end") == "restores")
    return lines[:start] + lines[end + 1 :]


@pytest.mark.parametrize("target", ENGINES)
def test_restore__one_row_each__all_of_it_is_there(database: Engine, target: str, tmp_path: Path) -> None:
    with transaction(database) as tx:
        made_by_migrations = sum(len(tx.execute(select(table)).all()) for table, _ in ONE_ROW_EACH)
        insert_one_row_each(tx)
    file = tmp_path / "night.backup"
    made = write_backup(database, file, now=NOW)
    assert (made.taken_at, made.rows) == (NOW, len(ONE_ROW_EACH) + made_by_migrations)
    assert file.stat().st_mode & 0o777 == 0o600

    other = empty(target)
    assert give_back(other, file) == made
    with reading(other) as tx:
        for table, row in ONE_ROW_EACH:
            found = [dict(each._mapping) for each in tx.execute(select(table))]
            assert any(row.items() <= each.items() for each in found), table.name
        assert unreconciled(tx) == Restore(2, made.sha256, NOW, UnixSeconds(NOW + 9))
    with transaction(other) as tx:
        assert mark_reconciled(tx, now=NOW) == 2
        assert unreconciled(tx) is None
    write_backup(other, tmp_path / "again.backup", now=NOW)
    assert without_mark(tmp_path / "again.backup") == without_mark(file)
    other.dispose()


def test_write_backup__twice__same_bytes(database: Engine, tmp_path: Path) -> None:
    with transaction(database) as tx:
        insert_one_row_each(tx)
    for name in ("one", "two"):
        write_backup(database, tmp_path / name, now=NOW)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("engine_name", ENGINES)
def test_write_backup__somebody_writes__one_moment(engine_name: str, tmp_path: Path) -> None:
    """Two rows are always raised together: a backup that mixes two moments has them different."""
    if engine_name == "sqlite":
        shared = open_database(f"sqlite:///{tmp_path / 'shared.db'}")
        migrate(shared)
    else:
        shared = fresh_database(engine_name)
    with transaction(shared) as tx:
        tx.execute(cursors.insert(), [{"step": f"{n}", "position": 0} for n in range(3_000)])
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with transaction(shared) as tx:
                tx.execute(cursors.update().values(position=cursors.c.position + 1))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(2):
            file = tmp_path / f"{number}.backup"
            write_backup(shared, file, now=NOW)
            lines = lines_of(file)
            start, end = (lines.index(line) for line in (CURSORS, {"end": "cursors", "rows": 3_000}))
            rows = lines[start + 1 : end]
            assert len(rows) == 3_000
            assert len({position for _, position in rows}) == 1
    finally:
        stop.set()
        writer.join()
        shared.dispose()


KILLED = """
import os, signal, sys
from pathlib import Path
from loyaltychain.db.backup import write_backup
from loyaltychain.db.engine import open_database

def kill(done, total):
    if done > 1000:
        os.kill(os.getpid(), signal.SIGKILL)

write_backup(open_database(sys.argv[1]), Path(sys.argv[2]), now=1, on_progress=kill)
"""


def test_write_backup__killed__no_file_of_that_name(tmp_path: Path) -> None:
    url, file = f"sqlite:///{tmp_path / 'shared.db'}", tmp_path / "night.backup"
    engine = open_database(url)
    migrate(engine)
    with transaction(engine) as tx:
        tx.execute(cursors.insert(), [{"step": f"{n}", "position": n} for n in range(3_000)])
    ended = subprocess.run([sys.executable, "-c", KILLED, url, str(file)], env=os.environ, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not file.exists()
    assert write_backup(engine, file, now=NOW).rows >= 3_000
    give_back(empty("sqlite"), file)
    engine.dispose()


def test_write_backup__file_exists__is_left_alone(database: Engine, tmp_path: Path) -> None:
    file = tmp_path / "night.backup"
    file.write_text("precious")
    with pytest.raises(errors.FileExists, match="which stays"):
        write_backup(database, file, now=NOW)
    assert file.read_text() == "precious"


def test_write_backup__no_tables__is_refused(empty_database: Engine, tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidSettings, match="nothing to back up"):
        write_backup(empty_database, tmp_path / "night.backup", now=NOW)
    assert not any(path.name.startswith(("night", ".night")) for path in tmp_path.iterdir())


def make_backup(tmp_path: Path) -> Path:
    engine = fresh_database("sqlite")
    with transaction(engine) as tx:
        insert_one_row_each(tx)
    write_backup(engine, tmp_path / "night.backup", now=NOW)
    engine.dispose()
    return tmp_path / "night.backup"


def test_restore__database_with_tables__is_refused(database: Engine, tmp_path: Path) -> None:
    with pytest.raises(errors.BackupRefused, match="empty database"):
        give_back(database, make_backup(tmp_path))


def change(lines: list[bytes], number: int, old: bytes, new: bytes) -> list[bytes]:
    assert old in lines[number], lines[number]
    return [*lines[:number], lines[number].replace(old, new, 1), *lines[number + 1 :]]


DAMAGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a line of the end is missing": lambda lines: lines[:-1],
    "half of it is missing": lambda lines: lines[: len(lines) // 2],
    "a line in its midst is missing": lambda lines: [*lines[:20], *lines[21:]],
    "a value was changed": lambda lines: [line.replace(b'"ann"', b'"eve"') for line in lines],
    "the time was changed": lambda lines: change(lines, 0, b"1780000000", b"1780000001"),
    "something follows": lambda lines: [*lines, b"{}\n"],
    "the revision is of a newer release": lambda lines: change(lines, 0, b'"revision":"00', b'"revision":"99'),
    "it is something else": lambda _: [b'{"hello":1}\n'],
    "it is no JSON": lambda _: [b"hello\n"],
    "it is empty": lambda _: [],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_restore__damaged__nothing_is_restored(damage: str, tmp_path: Path) -> None:
    file = make_backup(tmp_path)
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    file.write_bytes(gzip.compress(b"".join(DAMAGES[damage](lines))))
    target = empty("sqlite")
    with pytest.raises(errors.LoyaltyError) as refused:
        give_back(target, file)
    assert isinstance(refused.value, errors.BackupRefused | errors.ConstraintRefused)
    assert inspect(target).get_table_names() == []


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9, 0.999])
def test_restore__cut_anywhere__nothing_is_restored(keep: float, tmp_path: Path) -> None:
    file = make_backup(tmp_path)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * keep)])
    target = empty("sqlite")
    with pytest.raises(errors.BackupRefused, match="Take another backup"):
        give_back(target, file)
    assert inspect(target).get_table_names() == []


@pytest.mark.parametrize("engine_name", ENGINES)
def test_restore__does_not_prove_itself__nothing_is_restored(engine_name: str, tmp_path: Path) -> None:
    def prove(tx: Tx) -> None:
        assert tx.execute(select(cursors.c.step)).scalars().all() == ["earn"]  # it is asked of what was restored
        raise errors.InvariantError("no")

    target = empty(engine_name)
    with pytest.raises(errors.InvariantError, match="no"):
        give_back(target, make_backup(tmp_path), prove)
    assert inspect(target).get_table_names() == []
    target.dispose()


@pytest.mark.skipif("postgresql" not in ENGINES, reason="no PostgreSQL: schemas are PostgreSQL's")
def test_restore__into_a_schema_that_is_not_there__makes_it(tmp_path: Path) -> None:
    url = make_url(fresh_postgresql_url()).update_query_dict({"schema": "corner"}).render_as_string(hide_password=False)
    target = open_database(url)
    give_back(target, make_backup(tmp_path), lambda tx: None)
    with reading(target) as tx:
        assert tx.execute(text("SELECT current_schema()")).scalar_one() == "corner"
        assert "entries" in inspect(tx).get_table_names()
    target.dispose()
