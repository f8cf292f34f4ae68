"""Databases, transactions and snapshots on SQLite and PostgreSQL.

The only file that knows what a driver's exceptions mean. It does not retry: the caller knows what a second
run of its block would repeat.
"""

import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from sqlalchemy import Dialect, Engine, event, exc
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from loyaltychain.core import errors

Tx = sqlalchemy.Connection  # an open transaction; stores take it as their first argument

WAIT_SECONDS = 5  # for another writer, before DatabaseBusy

_RETRY_SECONDS = 0.01
_READ_ONLY = "loyaltychain_read_only"
_SCHEMA = "loyaltychain_schema"
_FENCE = "loyaltychain_fence"
_SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_BUSY_CODES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_UNUSABLE_CODES = frozenset(
    {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
)
_BUSY_STATES = frozenset({"55P03", "40001", "40P01"})  # lock not available, serialization failure, deadlock
_NO_RIGHTS = frozenset({"42501", "3F000"})  # insufficient privilege, invalid schema name
_WRONG_LOGIN_CLASSES = frozenset({"28", "3D"})  # invalid authorization, invalid catalog name
#: Of a server's connection, as libpq takes them: a host that has gone is noticed in less than ten seconds.
_ALIVE: dict[str, int] = {
    "connect_timeout": 5, "keepalives": 1, "keepalives_idle": 3, "keepalives_interval": 1, "keepalives_count": 3,
    "tcp_user_timeout": 6_000,
}  # fmt: skip
_PRIMARY_CODE = 0xFF  # SQLite's extended codes carry the plain one in their lowest byte


def open_database(url: str) -> Engine:
    """A database at ``sqlite:///path``, ``sqlite://`` (in memory) or ``postgresql+psycopg://…``.

    Connects when it is first used. An in-memory database has one connection, which transactions take in turn.
    ``?schema=name`` behind a PostgreSQL URL keeps everything in that schema, so that programmes share a server's
    database and see nothing of each other.

    Raises:
        InvalidSettings: the URL cannot be read, names another kind of database, or a schema by no plain name.
    """
    try:
        parsed = make_url(url)
    except exc.ArgumentError as error:
        raise errors.InvalidSettings("The database URL cannot be read.") from error
    kind = parsed.get_backend_name()
    if "schema=" in url and (kind != "postgresql" or "schema" not in parsed.query):
        raise errors.InvalidSettings("`schema=` takes a name, and is for PostgreSQL only.", kind=kind)
    if kind == "sqlite":
        engine = _open_sqlite(parsed)
    elif kind == "postgresql":
        engine = _open_postgresql(parsed)
    else:
        raise errors.InvalidSettings("This kind of database is not supported.", kind=kind)
    event.listen(engine, "handle_error", _translate)
    return engine


@contextmanager
def transaction(engine: Engine) -> Iterator[Tx]:
    """Open one write transaction: all of it becomes durable at the end, or none of it.

    SQLite takes the write lock at once, so that what was read cannot change before it is written. PostgreSQL
    runs at READ COMMITTED: who reads to write locks the rows (``db/step.py``, ``ledger/post.py``).

    Raises:
        DatabaseBusy: another writer won; run the whole block again.
        ConstraintRefused: a CHECK, UNIQUE, FOREIGN KEY or trigger refused a write.
        LeadershipLost: the engine is ``fenced``, and its worker leads no more; nothing was written.
    """
    fence = engine.get_execution_options().get(_FENCE)
    try:
        with engine.begin() as tx:
            if fence is not None:
                fence(tx)
            yield tx
    except exc.TimeoutError as error:
        raise errors.DatabaseBusy() from error


@contextmanager
def reading(engine: Engine) -> Iterator[Tx]:
    """Open one read-only snapshot: every query in it sees the same moment. Writes are refused.

    Raises:
        DatabaseBusy: the snapshot could not be taken in time.
        ConstraintRefused: a write was tried.
    """
    try:
        with engine.connect().execution_options(**{_READ_ONLY: True}) as tx, tx.begin():
            yield tx
    except exc.TimeoutError as error:
        raise errors.DatabaseBusy() from error


def is_read_only(tx: Tx) -> bool:
    """True for a snapshot opened by ``reading``."""
    return bool(tx.get_execution_options().get(_READ_ONLY, False))


def fenced(engine: Engine, check: Callable[[Tx], None]) -> Engine:
    """The same database, in which each write transaction begins with ``check``: it raises, or may hold locks."""
    return engine.execution_options(**{_FENCE: check})


def check_fence(engine: Engine) -> None:
    """Raise LeadershipLost where this engine is ``fenced`` and its worker leads no more: for what is no write, as a
    signature."""
    if _FENCE in engine.get_execution_options():
        with transaction(engine):
            pass


@contextmanager
def driver(tx: Tx) -> Iterator[Any]:
    """The driver's own connection of this transaction, for what SQLAlchemy has no words for. Its errors are ours.

    Raises:
        DatabaseBusy, DatabaseUnavailable, ConstraintRefused: as in a ``transaction``.
    """
    with own_errors(tx.dialect):
        yield tx.connection.driver_connection


@contextmanager
def own_errors(dialect: Dialect) -> Iterator[None]:
    """What the driver raises inside becomes our error, as in a ``transaction``."""
    library = dialect.loaded_dbapi
    try:
        yield
    except library.Error as cause:
        error = exc.DBAPIError.instance(None, None, cause, library.Error, dialect=dialect)
        assert isinstance(error, exc.DBAPIError), error
        raise _domain_error(error, cause) or error from cause


def _open_sqlite(url: URL) -> Engine:
    arguments = {"check_same_thread": False, "timeout": WAIT_SECONDS}
    url = url.set(drivername="sqlite")  # the standard library's driver, whatever the URL asks for
    if url.database in (None, "", ":memory:"):
        # One connection, lent out exclusively: sharing it between two open transactions would let the end of
        # one roll back the other.
        engine = sqlalchemy.create_engine(
            url, connect_args=arguments, poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=WAIT_SECONDS
        )
    else:
        engine = sqlalchemy.create_engine(url, connect_args=arguments)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def schema_of(tx: Tx) -> str | None:
    """The PostgreSQL schema that the database's URL names; None without one, and on SQLite."""
    schema: str | None = tx.get_execution_options().get(_SCHEMA)
    return schema


def schema_name(engine: Engine) -> str | None:
    """As ``schema_of``, of the whole database."""
    schema: str | None = engine.get_execution_options().get(_SCHEMA)
    return schema


def session_arguments(url: URL, settings: Mapping[str, str]) -> dict[str, Any]:
    """What the driver's ``connect`` takes for a connection beside the pool, with these settings of the server's."""
    _, arguments = url.get_dialect()().create_connect_args(url)
    return {**arguments, **_alive(url), "options": " ".join(f"-c {name}={value}" for name, value in settings.items())}


def _open_postgresql(url: URL) -> Engine:
    schema = url.query.get("schema")
    settings = f"-c lock_timeout={WAIT_SECONDS}s -c timezone=UTC"
    if schema is not None:
        if not isinstance(schema, str) or not _SCHEMA_NAME.fullmatch(schema):
            raise errors.InvalidSettings(
                "A schema's name is 1 to 63 small letters, digits and underscores, and begins with no digit.",
                schema=schema,
            )
        settings += f" -c search_path={schema}"
    engine = sqlalchemy.create_engine(
        url.set(drivername="postgresql+psycopg").difference_update_query(["schema"]),
        connect_args={"options": settings, **_alive(url)},
        execution_options={_SCHEMA: schema},
    )
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _alive(url: URL) -> dict[str, int]:
    """What the URL does not say itself."""
    return {name: value for name, value in _ALIVE.items() if name not in url.query}


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver must not begin by itself; the begin event does
    cursor = connection.cursor()
    _enter_wal(cursor)
    for pragma in (
        "synchronous = FULL",
        "foreign_keys = ON",
        "wal_autocheckpoint = 16384",  # pages; at the default of 1,000 nearly every commit of a step would copy them
        "cache_size = -32768",  # KiB
        "recursive_triggers = ON",  # else INSERT OR REPLACE deletes a row without asking its DELETE trigger
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _enter_wal(cursor: DBAPICursor) -> None:
    # SQLite gives up at once, whatever `timeout` says, when two connections make one new file a WAL database.
    give_up = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _PRIMARY_CODE not in _BUSY_CODES or time.monotonic() > give_up:
                raise
        time.sleep(_RETRY_SECONDS)


def _begin_sqlite(tx: Tx) -> None:
    read_only = is_read_only(tx)
    tx.exec_driver_sql(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
    tx.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _begin_postgresql(tx: Tx) -> None:
    if is_read_only(tx):
        tx.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _translate(context: ExceptionContext) -> errors.LoyaltyError | None:
    """The domain error for a driver's exception; None lets a fault of the program or the machine pass as it is."""
    return _domain_error(context.sqlalchemy_exception, context.original_exception)


def _domain_error(error: exc.SQLAlchemyError | None, cause: BaseException) -> errors.LoyaltyError | None:
    # OverflowError: the SQLite driver itself refuses an integer beyond 64 bits
    if isinstance(error, exc.IntegrityError | exc.DataError) or isinstance(cause, OverflowError):
        return errors.ConstraintRefused(detail=str(cause))
    if isinstance(cause, sqlite3.DatabaseError):
        return _translate_sqlite(cause)
    return _translate_postgresql(error, cause)


def _translate_sqlite(cause: sqlite3.DatabaseError) -> errors.LoyaltyError | None:
    code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY_CODE
    if code in _BUSY_CODES:
        return errors.DatabaseBusy()
    if code in _UNUSABLE_CODES:
        return errors.InvalidSettings(
            "The database cannot be used: it is no database, is damaged, or cannot be opened or written there. Check "
            "`database` in loyaltychain.toml, or restore the file from a backup.",
            detail=str(cause),
        )
    return errors.ConstraintRefused(detail=str(cause)) if code == sqlite3.SQLITE_READONLY else None


def _translate_postgresql(error: exc.SQLAlchemyError | None, cause: BaseException) -> errors.LoyaltyError | None:
    state = getattr(cause, "sqlstate", None)
    if state == "25006":  # read_only_sql_transaction
        return errors.ConstraintRefused(detail=str(cause))
    if state in _NO_RIGHTS:
        return errors.InvalidSettings(
            "This role may not use or create what it needs in the database: grant it the schema and its tables, or "
            "name another in `database`.",
            detail=str(cause),
        )
    if not isinstance(error, exc.OperationalError):
        return None
    if state in _BUSY_STATES:
        return errors.DatabaseBusy(detail=str(cause))
    if state is not None and state[:2] in _WRONG_LOGIN_CLASSES:
        return errors.InvalidSettings(
            "The database refuses this user, password or name: check them in `database` of loyaltychain.toml "
            "(LOYALTYCHAIN_DATABASE overrides it), and that the role may connect.",
            detail=str(cause),
        )
    return errors.DatabaseUnavailable(
        hint="Check that the server runs and can be reached from here, and host, port and name in `database` of "
        "loyaltychain.toml (LOYALTYCHAIN_DATABASE overrides it).",
        detail=str(cause),
    )
