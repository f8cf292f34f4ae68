"""Fixtures that more than one package's tests use. Every test that takes ``database`` runs on each engine at hand."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from sqlalchemy import Engine

from tests.database import ENGINES, databases_of_one_test, fresh_database
from tests.order import by_length

settings.register_profile("untimed", deadline=None)  # no test hangs on how busy a machine is
settings.load_profile("untimed")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """One of several processes: all of them must come to the same order."""
    if hasattr(config, "workerinput"):
        items[:] = [items[place] for place in by_length([item.nodeid.split("::")[0] for item in items])]


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
