"""A node that makes a block when it is told to, one with the same genesis and other blocks, and a proxy before it."""

from collections.abc import Iterator

import pytest

from tests.anvil import Anvil, running_anvil
from tests.chain.several.builders import GENESIS, Hours
from tests.chaos.proxy import Proxy

_OPTIONS = ("--no-mining", "--slots-in-an-epoch", "2", "--timestamp", str(GENESIS))


@pytest.fixture(scope="module")
def node() -> Iterator[Anvil]:
    with running_anvil(*_OPTIONS) as node:
        node.ask("anvil_mine", hex(20), hex(2))
        yield node


@pytest.fixture(scope="module")
def fork() -> Iterator[Anvil]:
    """The same genesis, other blocks behind it."""
    with running_anvil(*_OPTIONS) as node:
        node.ask("anvil_mine", hex(30), hex(3))
        yield node


@pytest.fixture
def proxy(node: Anvil) -> Iterator[Proxy]:
    proxy = Proxy(node.url)
    yield proxy
    proxy.close()


@pytest.fixture
def hours(node: Anvil) -> Hours:
    return Hours(node.rpc.block("latest").timestamp)
