"""One deployment a module run; every test starts from it."""

from collections.abc import Iterator

import pytest

from tests.watch.world import Programme, build, rolled_back


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programme]:
    """A programme in root mode without a batch. Whoever changes it rolls back."""
    programme = build(tmp_path_factory.mktemp("watched"))
    yield programme
    programme.chain.close()


@pytest.fixture
def programme(deployed: Programme) -> Iterator[Programme]:
    """The programme, untouched by other tests."""
    with rolled_back(deployed) as fresh:
        yield fresh
