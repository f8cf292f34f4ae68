"""The file in which a local chain lasts: py-evm's keys and values, an index of logs, snapshots, settings.

One SQLite file, one writer. What one request writes is one transaction, on disk before the request is answered, so
that a kill at any moment leaves the state of the last answer or the next one. Knows nothing of what the keys mean.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eth.db.backends.base import BaseDB

from loyaltychain.core.errors import DatabaseBusy, InvalidSettings

_FORMAT = 1
_TABLES = """
CREATE TABLE nodes (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE logs (
    block_number INTEGER NOT NULL, log_index INTEGER NOT NULL, address BLOB NOT NULL, topics BLOB NOT NULL,
    data BLOB NOT NULL, block_hash BLOB NOT NULL, tx_hash BLOB NOT NULL, tx_index INTEGER NOT NULL,
    PRIMARY KEY (block_number, log_index));
CREATE INDEX ix_logs_address ON logs (address, block_number);
CREATE TABLE snapshots (id INTEGER PRIMARY KEY AUTOINCREMENT, block_hash BLOB NOT NULL);
CREATE TABLE settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class LogRow:
    """A log and its place, as the index keeps it."""

    block_number: int
    log_index: int
    address: bytes
    topics: bytes  # up to four words of 32 bytes, joined
    data: bytes
    block_hash: bytes
    tx_hash: bytes
    tx_index: int


class KeyValueFile(BaseDB):
    """py-evm's view of the file. Writes must stand inside ``Store.write``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __getitem__(self, key: bytes) -> bytes:
        row = self._connection.execute("SELECT value FROM nodes WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return bytes(row[0])

    def __setitem__(self, key: bytes, value: bytes) -> None:
        assert self._connection.in_transaction, "a read wrote to the chain"
        self._connection.execute("INSERT OR REPLACE INTO nodes (key, value) VALUES (?, ?)", (key, value))

    def __delitem__(self, key: bytes) -> None:
        assert self._connection.in_transaction, "a read wrote to the chain"
        if self._connection.execute("DELETE FROM nodes WHERE key = ?", (key,)).rowcount == 0:
            raise KeyError(key)

    def _exists(self, key: bytes) -> bool:
        return self._connection.execute("SELECT 1 FROM nodes WHERE key = ?", (key,)).fetchone() is not None


class Store:
    """One open chain file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.nodes = KeyValueFile(connection)

    @contextmanager
    def write(self) -> Iterator[None]:
        """All writes inside, or none: committed and on disk when it ends, undone when it raises."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def is_empty(self) -> bool:
        """No chain was begun in this file yet."""
        return self._connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None

    def create_tables(self) -> None:
        """Make the empty tables. Stands in the same ``write`` as the genesis block: no file has only one of them."""
        for statement in _TABLES.split(";"):
            self._connection.execute(statement)
        self.set_setting("format", _FORMAT)

    def insert_logs(self, rows: Iterable[LogRow]) -> None:
        """Index the logs of a new block."""
        self._connection.executemany(
            "INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            ((r.block_number, r.log_index, r.address, r.topics, r.data, r.block_hash, r.tx_hash, r.tx_index)
             for r in rows),
        )  # fmt: skip

    def read_logs(self, *, first: int, last: int, addresses: Iterable[bytes]) -> list[LogRow]:
        """Logs of blocks ``first`` to ``last`` in chain order; of these addresses, or of all when there are none."""
        wanted = sorted(set(addresses))
        query = "SELECT * FROM logs WHERE block_number BETWEEN ? AND ?"
        if wanted:
            query += f" AND address IN ({', '.join('?' * len(wanted))})"
        rows = self._connection.execute(query + " ORDER BY block_number, log_index", (first, last, *wanted))
        return [LogRow(*row) for row in rows]

    def forget_logs(self, after: int) -> None:
        """Drop the logs of blocks above ``after``: they are not canonical any more."""
        self._connection.execute("DELETE FROM logs WHERE block_number > ?", (after,))

    def insert_snapshot(self, block_hash: bytes) -> int:
        """The new snapshot's number."""
        number = self._connection.execute("INSERT INTO snapshots (block_hash) VALUES (?)", (block_hash,)).lastrowid
        assert number is not None
        return number

    def read_snapshot(self, number: int) -> bytes | None:
        """The head at that snapshot; None when there is no such snapshot."""
        row = self._connection.execute("SELECT block_hash FROM snapshots WHERE id = ?", (number,)).fetchone()
        return None if row is None else bytes(row[0])

    def forget_snapshots(self, first: int) -> None:
        """Drop the snapshots from number ``first`` on."""
        self._connection.execute("DELETE FROM snapshots WHERE id >= ?", (first,))

    def setting(self, name: str, default: int) -> int:
        """A stored number."""
        row = self._connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return default if row is None else int(row[0])

    def set_setting(self, name: str, value: int) -> None:
        """Store a number."""
        self._connection.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, value))

    def copy(self) -> bytes:
        """The whole file as it is between two requests."""
        return self._connection.serialize()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def open_store(path: Path | None) -> Store:
    """The chain file at ``path``, made when it is missing; in memory when None.

    Raises:
        DatabaseBusy: another process has it open. There is one writer, and no second reader.
        InvalidSettings: the file is not a local chain, or one of another format.
    """
    try:
        connection = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=1, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise InvalidSettings("This local chain cannot be opened.", path=str(path), reason=str(error)) from error
    try:
        return _take(connection, path)
    except BaseException:
        connection.close()
        raise


def _take(connection: sqlite3.Connection, path: Path | None) -> Store:
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")  # takes the lock now instead of at the first block
        connection.execute("COMMIT")
        store = Store(connection)
        is_ours = store.is_empty() or store.setting("format", 0) == _FORMAT
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            raise DatabaseBusy("Another process serves this local chain.", path=str(path)) from error
        raise InvalidSettings("This file is not a local chain.", path=str(path), reason=str(error)) from error
    if not is_ours:
        raise InvalidSettings("This local chain is of another format.", path=str(path), expected=_FORMAT)
    return store
