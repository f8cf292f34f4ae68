"""Fixtures of the database tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from loyaltychain.db.engine import open_database
from tests.database import ENGINES, fresh_postgresql_url


@pytest.fixture(params=ENGINES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database that several processes can share: SQLite in a file."""
    return fresh_postgresql_url() if request.param == "postgresql" else f"sqlite:///{tmp_path / 'points.db'}"


@pytest.fixture
def empty_database(empty_url: str) -> Iterator[Engine]:
    """An empty database that several connections can share."""
    engine = open_database(empty_url)
    yield engine
    engine.dispose()
