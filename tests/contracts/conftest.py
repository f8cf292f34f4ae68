"""One deployment a session and mode; every test starts from it."""

from collections.abc import Iterator

import pytest

from tests.contracts.builders import World, make_world
from tests.contracts.evm import rolled_back
from tests.contracts.rooted import Book, make_root_world


@pytest.fixture(scope="session")
def deployed() -> World:
    """The deployment of the session in push mode. Whoever changes it rolls back."""
    return make_world()


@pytest.fixture
def world(deployed: World) -> Iterator[World]:
    """The deployment in push mode, untouched by other tests."""
    with rolled_back(deployed.chain):
        yield deployed


@pytest.fixture(scope="session")
def deployed_rooted() -> World:
    """The deployment of the session in root mode. Whoever changes it rolls back."""
    return make_root_world()


@pytest.fixture
def rooted(deployed_rooted: World) -> Iterator[World]:
    """The deployment in root mode, untouched by other tests."""
    with rolled_back(deployed_rooted.chain):
        yield deployed_rooted


@pytest.fixture
def book(rooted: World) -> Book:
    """The books of that deployment."""
    return Book(rooted)
