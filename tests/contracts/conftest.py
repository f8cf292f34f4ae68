"""One deployment a session; every test starts from it."""

from collections.abc import Iterator

import pytest

from tests.contracts.builders import World, make_world
from tests.contracts.evm import rolled_back


@pytest.fixture(scope="session")
def deployed() -> World:
    """The deployment of the session. Whoever changes it rolls back."""
    return make_world()


@pytest.fixture
def world(deployed: World) -> Iterator[World]:
    """The deployment, untouched by other tests."""
    with rolled_back(deployed.chain):
        yield deployed
