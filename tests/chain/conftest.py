"""Nodes to ask: the local chain in process, the local chain over HTTP, and anvil where there is one."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine

from loyaltychain.chain.rpc import Receipt, Rpc, Web3Rpc
from loyaltychain.localchain import process
from loyaltychain.localchain.local_chain import LocalChain
from loyaltychain.localchain.provider import InProcessProvider
from tests.anvil import running_anvil
from tests.chain.no_node import WebServer
from tests.chain.small_world import SmallWorld, make_small_world
from tests.database import fresh_database
from tests.localchain.builders import DEV_ADDRESS, Signed, creation_of, sign


@dataclass(frozen=True, slots=True)
class Node:
    """An RPC client, and what the tests need to send transactions of the development account."""

    rpc: Rpc
    chain_id: int

    def signed(self, target: str | None, content: bytes = b"", **changes: int) -> Signed:
        """The development account's next transaction, not sent."""
        nonce = changes.pop("nonce", self.rpc.nonce(DEV_ADDRESS))
        return sign(nonce, target, content, **({"chain_id": self.chain_id} | changes))

    def send(self, target: str | None, content: bytes = b"", **changes: int) -> Receipt:
        """Send the development account's next transaction; its receipt."""
        signed = self.signed(target, content, **changes)
        self.rpc.send_raw(signed.raw)
        deadline = time.monotonic() + 10
        while (receipt := self.rpc.receipt(signed.tx_hash)) is None:
            assert time.monotonic() < deadline, "no receipt in ten seconds"
            time.sleep(0.02)
        return receipt

    def deploy(self, runtime: bytes) -> str:
        """Create a contract; its address."""
        address = self.send(None, creation_of(runtime)).contract_address
        assert address is not None
        return address


@pytest.fixture(scope="session")
def in_process() -> Iterator[Node]:
    """The local chain in memory."""
    chain = LocalChain(None)
    rpc = Web3Rpc(InProcessProvider(chain))
    yield Node(rpc, rpc.chain_id())
    chain.close()


@pytest.fixture(scope="session")
def over_http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The local chain served by its own process."""
    home = tmp_path_factory.mktemp("served")
    rpc = Web3Rpc.connect(process.start(home).url)
    yield Node(rpc, rpc.chain_id())
    process.stop(home)


@pytest.fixture(scope="session")
def anvil() -> Iterator[Node]:
    """Foundry's node, when it is at hand."""
    with running_anvil() as node:
        yield Node(node.rpc, node.chain_id)


@pytest.fixture(params=["in_process", "over_http", "anvil"])
def node(request: pytest.FixtureRequest) -> Node:
    """Each kind of node in turn."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Node)
    return found


@pytest.fixture(scope="module")
def one_chain() -> Iterator[SmallWorld]:
    small = make_small_world()
    yield small
    small.chain.close()


@pytest.fixture
def world(one_chain: SmallWorld) -> Iterator[SmallWorld]:
    snapshot = one_chain.ask("evm_snapshot")
    yield one_chain
    assert one_chain.ask("evm_revert", snapshot) is True


@pytest.fixture
def engine() -> Iterator[Engine]:
    database = fresh_database("sqlite")
    yield database
    database.dispose()


@pytest.fixture
def web() -> Iterator[WebServer]:
    """A web server that is no node."""
    with WebServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
