"""Fixtures of the ledger tests."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.database import ENGINES, fresh_database
from tests.ledger.builders import open_accounts


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A fresh database with the accounts of members 1, 2 and 3 in two units."""
    engine = fresh_database(request.param)
    open_accounts(engine)
    yield engine
    engine.dispose()
