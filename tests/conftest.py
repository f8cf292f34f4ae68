"""Fixtures that more than one package's tests use. Every test that takes ``database`` runs on each engine at hand."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from sqlalchemy import Engine

from tests.database import ENGINES, databases_of_one_test, fresh_database

settings.register_profile("untimed", deadline=None)  # no test hangs on how busy a machine is
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _databases() -> Iterator[None]:
    with databases_of_one_test():
        yield


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A fresh, migrated database."""
    engine = fresh_database(request.param)
    yield engine
    engine.dispose()
