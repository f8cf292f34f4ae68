"""Back a database up while others write to it, and restore it into an empty one. Proves the content, not its meaning:
whoever restores says how (``prove``).

A backup is one snapshot: on SQLite a read transaction on the write-ahead log, on PostgreSQL REPEATABLE READ. It has
members' ids and receipt keys in it: keep it as the database is kept.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, MetaData, Table, Text, inspect, select, text

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.backup_file import Header, Reader, Value, Writer, whole_file
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.db.lock import lock
from loyaltychain.db.migrate import create_schema
from loyaltychain.db.restores import mark_restored

_VERSION = "alembic_version"
_ROWS_AT_ONCE = 2_000

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup's facts; ``sha256`` (0x hex) is that of its uncompressed content."""

    taken_at: UnixSeconds
    revision: str
    rows: int
    sha256: str


def write_backup(engine: Engine, file: Path, *, now: UnixSeconds, on_progress: Progress = lambda *_: None) -> Backup:
    """Write everything that the database holds to ``file``. Killed anywhere, there is no file of that name.

    Raises:
        FileExists: there is such a file already.
        InvalidSettings: the database has no tables of this project.
    """
    with whole_file(file) as stream, reading(engine) as tx:
        if _VERSION not in inspect(tx).get_table_names():
            raise errors.InvalidSettings("There is nothing to back up: the database has no tables of loyaltychain.")
        revision = str(tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
        writer = Writer(stream, Header(revision, now))
        tables = _reflect(tx).sorted_tables
        for table in tables:
            writer.table(table.name, [column.name for column in table.columns], _rows(tx, table))
            on_progress(writer.rows, None)
        return Backup(now, revision, writer.rows, writer.close())


def restore(
    engine: Engine,
    file: Path,
    *,
    now: UnixSeconds,
    prove: Callable[[Tx], None],
    on_progress: Progress = lambda *_: None,
) -> Backup:
    """Fill an empty database from ``file``, bring its tables to this release, prove it, and mark it as restored: all of
    it or nothing.

    Args:
        prove: Raises when what was restored does not prove itself.

    Raises:
        BackupRefused: the file is no whole backup, is of a newer release, or the database is not empty.
        DatabaseBusy: somebody else is at the database.
    """
    with file.open("rb") as stream, transaction(engine) as tx:
        lock(tx, "db.migrate")
        _check_empty(tx)
        reader = Reader(stream)
        _upgrade(tx, reader.header.revision)
        known = _reflect(tx).tables
        done = 0
        for name, columns, rows in reader.tables():
            table = known.get(name)
            if table is None or [column.name for column in table.columns] != columns:
                raise errors.BackupRefused("The backup has a table that this release does not know.", table=name)
            tx.execute(table.delete())  # what a migration puts into a new database gives way
            for part in _parts(rows):
                tx.execute(table.insert(), [dict(zip(columns, row, strict=True)) for row in part])
                done += len(part)
                on_progress(done, None)
        sha256, rows_in_all = reader.finish()
        _upgrade(tx, "head")
        prove(tx)
        taken_at = UnixSeconds(reader.header.taken_at)
        mark_restored(tx, backup=sha256, taken_at=taken_at, now=now)
    return Backup(taken_at, reader.header.revision, rows_in_all, sha256)


def _check_empty(tx: Tx) -> None:
    if tx.dialect.name == "sqlite":
        tx.execute(text("PRAGMA defer_foreign_keys = ON"))
    if inspect(tx).get_table_names():
        raise errors.BackupRefused(
            "A backup is restored into an empty database, and this one has tables: name a new file, or create a new "
            "database, and point `database` of loyaltychain.toml at it afterwards."
        )


def _upgrade(tx: Tx, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", "loyaltychain.db:migrations")
    config.attributes["tx"] = tx
    try:
        ScriptDirectory.from_config(config).get_revision(revision)
    except CommandError as problem:
        raise errors.BackupRefused(
            "This backup is of a newer release: restore it with that one.", revision=revision
        ) from problem
    create_schema(tx)
    command.upgrade(config, revision)


def _reflect(tx: Tx) -> MetaData:
    """The tables as they are, without views and without Alembic's own."""
    found = MetaData()
    found.reflect(bind=tx, only=lambda name, _: name != _VERSION)
    return found


def _rows(tx: Tx, table: Table) -> Iterator[Sequence[Value]]:
    """All rows by primary key, texts by code point, so that both engines say them in one order."""
    is_postgresql = tx.dialect.name == "postgresql"
    keys = [
        column.collate("C") if is_postgresql and isinstance(column.type, Text) else column
        for column in table.primary_key.columns
    ]
    query: Any = select(table).order_by(*keys)
    yield from tx.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE})


def _parts(rows: Iterator[list[Value]]) -> Iterator[list[list[Value]]]:
    while part := list(islice(rows, _ROWS_AT_ONCE)):
        yield part
