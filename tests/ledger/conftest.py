"""Fixtures of the ledger tests."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.database import ENGINES, fresh_database


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A fresh database."""
    engine = fresh_database(request.param)
    yield engine
    engine.dispose()
