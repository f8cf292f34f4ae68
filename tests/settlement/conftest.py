"""Databases for settlement's tests: fresh and migrated, on each engine at hand."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.database import ENGINES, fresh_database


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    database = fresh_database(request.param)
    yield database
    database.dispose()
