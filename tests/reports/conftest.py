"""Fixtures of the reports' tests."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.database import ENGINES, fresh_database


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An empty, migrated database on each engine at hand."""
    fresh = fresh_database(request.param)
    yield fresh
    fresh.dispose()
