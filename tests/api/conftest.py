"""The API on each engine, one fresh project a test; and one for a whole module where many requests are made."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.serving import Served, database_for_threads, served
from tests.database import ENGINES


@pytest.fixture(params=ENGINES)
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    engine = database_for_threads(request.param, tmp_path)
    with served(tmp_path / "project", engine) as one:
        yield one
    engine.dispose()


@pytest.fixture(scope="module", params=ENGINES)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("shared")
    engine = database_for_threads(request.param, home)
    with served(home / "project", engine) as one:
        one.give("ann", 1000)
        yield one
    engine.dispose()
