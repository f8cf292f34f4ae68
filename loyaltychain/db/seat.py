"""The place of the one worker: a lock that ends with whoever holds it. It decides who waits, and not who may write:
that is the epoch's matter (``db/leader.py``), since a lock can be lost without its holder's knowledge.

On PostgreSQL a session's advisory lock, on a connection that is opened for it and lent to nobody. The session says
that it lives each second, and the server ends it when it has been silent for five: a dead host, a stopped process and
a killed one give way alike. On SQLite a lock on a file beside the database's, which the system lets go of with the
process; a stopped one keeps it.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString, Protocol

from filelock import FileLock, Timeout
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.db.engine import own_errors, schema_name, session_arguments
from loyaltychain.db.lock import lock_key

if TYPE_CHECKING:
    from psycopg import Connection

POLL_SECONDS = 1  # between two looks of whoever stands by, and two signs of life of whoever leads
SILENT_SECONDS = 5  # after which the server ends the session of one that gives no sign of life

_LOOKER_SECONDS = 1  # of patience with somebody who only looks whether a lock is held
_OLDEST_SERVER = 140_000  # that can end an idle session
_SETTINGS = {
    "application_name": "loyaltychain-leader",
    "idle_session_timeout": f"{SILENT_SECONDS}s",
    "statement_timeout": f"{SILENT_SECONDS}s",
    "tcp_keepalives_idle": "2",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
}
#: Whether this session has the place, whether any has, and whether any asks for it.
_LOOK = """
SELECT coalesce(bool_or(key = %(seat)s AND pid = pg_backend_pid()), false), coalesce(bool_or(key = %(seat)s), false),
       coalesce(bool_or(key = %(wish)s), false)
FROM (SELECT pid, (classid::bigint << 32) | objid::bigint AS key FROM pg_locks WHERE locktype = 'advisory' AND granted
      AND objsubid = 1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS locks
"""


class Seat(Protocol):
    """A place for one. Errors of the database are raised as in a ``transaction``."""

    can_wait: bool  # whether a second one may stand by and take over by itself
    name: str

    def try_take(self) -> bool:
        """Take it if it is free."""

    def is_held(self) -> bool:
        """Whether it is still ours, as far as is known; false where the server has not said so for too long."""

    def is_taken(self) -> bool:
        """Whether anybody has it."""

    def is_wanted(self) -> bool:
        """Whether somebody asks for it: then its holder gives it up between two steps, and nobody else takes it."""

    def want(self, seconds: float) -> Any:
        """A context in which it ``is_wanted``. Raises DatabaseBusy when somebody else wants it for that long."""

    def give_up(self) -> None:
        """Let it go; nothing happens when it is lost already."""


class FileSeat:
    """The place at an SQLite file."""

    can_wait = False

    def __init__(self, database: Path) -> None:
        file = database.resolve()  # one lock, whatever links lead to the file
        self.name = f"{file}.worker.lock"
        self._lock = FileLock(self.name, thread_local=False)  # the process has it, and all its threads
        self._wish = FileLock(f"{file}.wanted.lock", thread_local=False)

    def try_take(self) -> bool:
        with suppress(Timeout):
            self._lock.acquire(timeout=_LOOKER_SECONDS)
        return self._lock.is_locked

    def is_held(self) -> bool:
        return self._lock.is_locked

    def is_taken(self) -> bool:
        return self._lock.is_locked or _is_locked(self._lock)

    def is_wanted(self) -> bool:
        return not self._wish.is_locked and _is_locked(self._wish)  # by somebody else

    @contextmanager
    def want(self, seconds: float) -> Iterator[None]:
        try:
            with self._wish.acquire(timeout=seconds):
                yield
        except Timeout as error:
            raise errors.DatabaseBusy(lock=str(self._wish.lock_file)) from error

    def give_up(self) -> None:
        self._lock.release()


def _is_locked(lock: FileLock) -> bool:
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True


class SessionSeat:
    """The place at a PostgreSQL database, or at one schema of it."""

    can_wait = True

    def __init__(self, engine: Engine) -> None:
        self.name = "the database's worker lock"
        self._dialect, self._url = engine.dialect, engine.url
        schema = schema_name(engine)
        self._keys = {"seat": lock_key(schema, "worker"), "wish": lock_key(schema, "worker.wanted")}
        self._session: Connection[Any] | None = None
        self._is_held = self._is_wanted = False
        self._seen = 0.0  # when the server last said that it is ours
        self._over = threading.Event()
        self._watcher: threading.Thread | None = None

    def try_take(self) -> bool:
        if not self._ask("SELECT pg_try_advisory_lock(%(seat)s)")[0]:
            return False
        self._is_held, self._is_wanted, self._over = True, False, threading.Event()
        self._seen = time.monotonic()
        self._watcher = threading.Thread(target=self._watch, args=(self._session, self._over), daemon=True)
        self._watcher.start()
        return True

    def is_held(self) -> bool:
        return self._is_held and time.monotonic() - self._seen < SILENT_SECONDS

    def is_taken(self) -> bool:
        return bool(self._ask(_LOOK)[1])

    def is_wanted(self) -> bool:
        return self._is_wanted if self._is_held else bool(self._ask(_LOOK)[2])

    @contextmanager
    def want(self, seconds: float) -> Iterator[None]:
        end = time.monotonic() + seconds
        while not self._ask("SELECT pg_try_advisory_lock(%(wish)s)")[0]:
            if time.monotonic() >= end:
                raise errors.DatabaseBusy()
            time.sleep(POLL_SECONDS)
        try:
            yield
        finally:
            with suppress(errors.LoyaltyError):  # it ends with the session at the latest
                self._ask("SELECT pg_advisory_unlock(%(wish)s)")

    def give_up(self) -> None:
        self._is_held = False
        self._over.set()
        if self._watcher is not None:
            self._watcher.join(POLL_SECONDS)  # longer only where the server's host is silent
            self._watcher = None
        self._end()

    def _ask(self, statement: LiteralString) -> tuple[Any, ...]:
        """The one row of the answer; a session that is broken goes, and the next question opens another."""
        with own_errors(self._dialect):
            if self._session is None or self._session.closed:
                self._session = self._open()
            try:
                row: tuple[Any, ...] | None = self._session.execute(statement, self._keys).fetchone()
            except BaseException:
                self._end()
                raise
        assert row is not None, statement
        return row

    def _open(self) -> "Connection[Any]":
        import psycopg  # of the extra `postgres`: only who has such a database needs it

        session = psycopg.connect(**session_arguments(self._url, _SETTINGS), autocommit=True)
        if session.info.server_version < _OLDEST_SERVER:
            session.close()
            raise errors.InvalidSettings(
                "The worker needs PostgreSQL 14 or newer, which ends the session of a worker that was stopped."
            )
        return session

    def _watch(self, session: "Connection[Any]", over: threading.Event) -> None:
        """Say each second that we live, and look whether the lock is still ours. Ends when it is not."""
        while not over.wait(POLL_SECONDS):
            try:
                row = session.execute(_LOOK, self._keys).fetchone()
            except (self._dialect.loaded_dbapi.Error, OSError, ValueError):  # the latter two: closed meanwhile
                row = None
            if row is None or not row[0]:
                self._is_held = False
                return
            self._seen, self._is_wanted = time.monotonic(), bool(row[2])

    def _end(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()


class NoSeat:
    """Of a database in memory, which nobody else can open."""

    can_wait = False
    name = "none"

    def __init__(self) -> None:
        self._is_held = False

    def try_take(self) -> bool:
        self._is_held = True
        return True

    def is_held(self) -> bool:
        return self._is_held

    def is_taken(self) -> bool:
        return self._is_held

    def is_wanted(self) -> bool:
        return False

    @contextmanager
    def want(self, seconds: float) -> Iterator[None]:
        yield

    def give_up(self) -> None:
        self._is_held = False


def seat_of(engine: Engine) -> Seat:
    """The worker's place at this database. Opens nothing yet."""
    if engine.dialect.name == "postgresql":
        return SessionSeat(engine)
    file = engine.url.database
    return FileSeat(Path(file)) if file and file != ":memory:" else NoSeat()
