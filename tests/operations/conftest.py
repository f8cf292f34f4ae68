"""Fixtures of the operations tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from loyaltychain.db.engine import open_database
from loyaltychain.db.migrate import migrate
from tests.database import ENGINES, fresh_database


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An empty, migrated database on each engine at hand."""
    fresh = fresh_database(request.param)
    yield fresh
    fresh.dispose()


@pytest.fixture(params=ENGINES)
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """The same with as many connections as a test has threads: SQLite in a file."""
    if request.param == "sqlite":
        fresh = open_database(f"sqlite:///{tmp_path / 'points.db'}")
        migrate(fresh)
    else:
        fresh = fresh_database(request.param)
    yield fresh
    fresh.dispose()
