"""What a play stands on: a chain, a node's proxy, a database server and a deployed project, all of its own.

The project is a shop that has a community, too.

The chain makes blocks by itself and is final eight blocks deep, so that the settler works with reorganisations as it
does on a public chain.
"""

import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Engine

from loyaltychain.chain.devkeys import development_keys
from loyaltychain.chain.rpc import Web3Rpc
from loyaltychain.config.project import ROLES, Project, make_project, open_project
from loyaltychain.db.engine import open_database
from loyaltychain.program.load import template
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.wiring import open_world
from tests.anvil import Anvil, running_anvil
from tests.chaos.nursery import Nursery
from tests.chaos.proxy import Proxy
from tests.community import with_community
from tests.concurrency.servers import Server, own_server
from tests.projects import run_deploy

NETWORK = "chain-31337"
FINAL_DEPTH = 8  # two of anvil's epochs
_OPTIONS = ("--no-mining", "--slots-in-an-epoch", str(FINAL_DEPTH // 2))
_RICH = hex(10**24)  # wei


@dataclass
class Ground:
    """The parts, and who makes blocks."""

    project: Project
    server: Server
    node: Anvil
    proxy: Proxy
    nursery: Nursery
    engine: Engine
    deployment: Deployment
    settler: str
    #: Held while the chain must stand still.
    mining: threading.Lock = field(default_factory=threading.Lock)

    @property
    def rpc(self) -> Web3Rpc:
        """The node itself, past the proxy."""
        return self.node.rpc


@contextmanager
def prepared(*, block_seconds: float) -> Iterator[Ground]:
    """All of it, deployed and at work; gone afterwards, files and processes. Skips where a part cannot be had."""
    with ExitStack() as stack:
        node = stack.enter_context(running_anvil(*_OPTIONS))
        server = stack.enter_context(own_server())
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        stack.callback((proxy := Proxy(node.url)).close)
        stack.callback((nursery := Nursery()).close)
        stack.callback((engine := open_database(server.url)).dispose)
        project = _make_project(Path(directory) / "shop", proxy.url, server.url)
        settler = _deploy(project, node)
        deployment = Deployment.from_manifest(json.loads(project.manifest_file.read_text("utf-8")))
        ground = Ground(project, server, node, proxy, nursery, engine, deployment, settler)
        with _blocks(ground, block_seconds):
            yield ground


def _make_project(home: Path, rpc: str, database: str) -> Project:
    keys = dict(zip(ROLES, development_keys(len(ROLES)), strict=True))
    make_project(home, program=with_community(template("shop")), keys=keys, database=database)
    file = home / "loyaltychain.toml"
    text = file.read_text("utf-8")
    assert 'network = "local"' in text
    chosen = text.replace('network = "local"', f'network = "{NETWORK}"\nrpc = "{rpc}"')
    file.write_text(chosen, encoding="utf-8")
    return open_project(home, {})


def _deploy(project: Project, node: Anvil) -> str:
    """Deployed on a chain that makes a block a transaction, as long as that takes. Returns the settler's address."""
    node.ask("evm_setAutomine", True)
    world = open_world(project, rpc=node.rpc)
    hurried = replace(world.profile, finality="depth", finality_tag=None, finality_depth=0, poll_seconds=0)
    try:
        run_deploy(replace(world, profile=hurried))
    finally:
        world.engine.dispose()
    settler = world.address("settler")
    node.ask("anvil_setBalance", settler, _RICH)
    node.ask("evm_setAutomine", False)
    for _ in range(2 * FINAL_DEPTH):
        node.ask("evm_mine")
    return settler


@contextmanager
def _blocks(ground: Ground, seconds: float) -> Iterator[None]:
    ended = threading.Event()

    def mine() -> None:
        while not ended.wait(seconds):
            with ground.mining, suppress(OSError):  # a busy node gets its turn again
                ground.node.ask("evm_mine")

    thread = threading.Thread(target=mine)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
