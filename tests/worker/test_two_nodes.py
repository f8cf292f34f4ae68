"""The worker with two nodes, of which one has a fault, and a ledger that runs other code than it should
├── given a fault of either node: the batch settles, once, by the other one; in the end the audit finds nothing
├── given receipts that one node, or for a while both, do not show: one transaction, and final in the end
├── given both nodes on another chain: WrongChain, and nothing is signed; status says how each stands
└── given a contract that was pointed to other code, or other code in place: UnexpectedCode, and nothing is signed
    before it is in order again
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from loyaltychain.audit.run import run_audit
from loyaltychain.chain.devkeys import development_keys
from loyaltychain.chain.nodes import Nodes
from loyaltychain.chain.profiles import Profile
from loyaltychain.config.project import ROLES, Project, make_project, open_project
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.deploy.readback import IMPLEMENTATION_SLOT
from loyaltychain.events.ingest import ingest_file
from loyaltychain.events.map import packaged_map
from loyaltychain.program.load import template
from loyaltychain.status import read_status
from loyaltychain.wiring import World, open_world
from loyaltychain.worker import run_once
from tests.anvil import Anvil, running_anvil
from tests.chaos.proxy import Proxy, Rule
from tests.projects import run_deploy
from tests.worker.builders import HEADER

NETWORK = "chain-31337"


@dataclass
class Shop:
    """A deployed project, its chain, and a proxy before each of its two nodes."""

    project: Project
    node: Anvil
    proxies: tuple[Proxy, Proxy]
    sales: int = 0

    def open(self) -> World:
        """With a profile that waits for nobody."""
        world = open_world(self.project, clock=lambda: UnixSeconds(self.node.rpc.block("latest").timestamp))
        return replace(world, profile=_hurried(world))

    def sell(self) -> int:
        """One more sale, taken in and settled. How many batches became final."""
        world = self.open()
        self.sales += 1
        file = self.project.home / "sale.csv"
        file.write_text(f"{HEADER}S-{self.sales},ann,sale,2026-01-05T09:00:00Z,10.00,\n", encoding="utf-8")
        ingest_file(world.engine, file, format="csv", event_map=packaged_map("simulated_shop"),
                    received_at=world.clock(), rejects=file.with_suffix(".rejects"))  # fmt: skip
        world.engine.dispose()
        return self.settle()

    def settle(self) -> int:
        """One start of the worker. How many batches became final."""
        world = self.open()
        try:
            return run_once(world).batches
        finally:
            world.engine.dispose()

    def signed(self) -> int:
        """How many transactions of the settler the chain has."""
        return self.node.rpc.nonce(self.open().address("settler"))


def _hurried(world: World) -> Profile:
    return replace(world.profile, finality="depth", finality_tag=None, finality_depth=0, poll_seconds=0)


def _make_project(home: Path, *urls: str) -> Project:
    keys = dict(zip(ROLES, development_keys(len(ROLES)), strict=True))
    make_project(home, program=template("shop"), keys=keys)
    file = home / "loyaltychain.toml"
    text = file.read_text("utf-8").replace('network = "local"', f'network = "{NETWORK}"\nrpc = "{" ".join(urls)}"')
    file.write_text(text, encoding="utf-8")
    return open_project(home, {})


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_anvil() as node:
        proxies = (Proxy(node.url), Proxy(node.url))
        try:
            project = _make_project(tmp_path_factory.mktemp("two") / "shop", *(proxy.url for proxy in proxies))
            shop = Shop(project, node, proxies)
            world = shop.open()
            run_deploy(world)
            node.ask("anvil_setBalance", world.address("settler"), hex(10**24))
            world.engine.dispose()
            yield shop
        finally:
            for proxy in proxies:
                proxy.close()


@pytest.fixture
def shop(deployed: Shop) -> Iterator[Shop]:
    yield deployed
    for proxy in deployed.proxies:
        proxy.set_rules([])


def test_run_once__one_node_with_a_fault__settles_by_the_other(shop: Shop) -> None:
    shop.node.ask("anvil_mine", hex(60), hex(12))
    faults = [
        Rule("null"),
        Rule("rate_limited"),
        Rule("hang", seconds=0.1),
        Rule("other_chain"),
        Rule("stale", blocks=30),
        Rule("drop_after_forward"),
    ]
    before = shop.signed()
    for number, rule in enumerate(faults):
        shop.proxies[number % 2].set_rules([rule])
        assert shop.sell() == 1, rule.fault
        shop.proxies[number % 2].set_rules([])
        shop.node.ask("anvil_mine", hex(60), hex(12))

    assert shop.signed() - before == len(faults)
    world = shop.open()
    report = run_audit(shop.node.rpc, dict(world.manifest), clock=lambda: 0.0, database=world.engine)
    world.engine.dispose()
    assert report.findings == ()


def test_run_once__receipts_not_shown__one_transaction(shop: Shop) -> None:
    before = shop.signed()
    shop.proxies[1].set_rules([Rule("null", "eth_getTransactionReceipt")])

    with pytest.raises(errors.RpcUnavailable, match="do not agree about a receipt"):
        shop.sell()
    for _ in range(4):
        with pytest.raises(errors.RpcUnavailable, match="do not agree about a receipt"):
            shop.settle()
    for proxy in shop.proxies:
        proxy.set_rules([Rule("null", "eth_getTransactionReceipt", count=2)])
    assert shop.settle() == 1
    assert shop.signed() == before + 1


def test_run_once__both_on_another_chain__signs_nothing(shop: Shop) -> None:
    before = shop.signed()
    for proxy in shop.proxies:
        proxy.set_rules([Rule("other_chain")])

    with pytest.raises(errors.WrongChain):
        shop.sell()
    chain = read_status(shop.project)["chain"]
    assert (chain["running"], [each["state"] for each in chain["nodes"]]) == (False, ["quarantined"] * 2)
    assert "another chain" in chain["reason"]

    shop.proxies[0].set_rules([])
    chain = read_status(shop.project)["chain"]
    assert (chain["running"], [each["state"] for each in chain["nodes"]]) == (True, ["alive", "quarantined"])
    assert before == shop.node.rpc.nonce(shop.open().address("settler"))
    assert shop.sell() == 1


@pytest.mark.parametrize("what", ["pointed elsewhere", "other code"])
def test_run_once__other_code_than_it_should_be__signs_nothing(shop: Shop, what: str) -> None:
    world = shop.open()
    assert isinstance(world.rpc, Nodes)
    contract = world.manifest["contracts"]["PointsLedger"]
    implementation, slot = contract["implementation"], hex(IMPLEMENTATION_SLOT)
    code = shop.node.rpc.code(implementation).hex()
    before = shop.signed()
    if what == "other code":
        shop.node.ask("anvil_setCode", implementation, f"0x{code}00")
    else:
        twin = "0x" + "c0de" * 10
        shop.node.ask("anvil_setCode", twin, f"0x{code}")
        shop.node.ask("anvil_setStorageAt", contract["address"], slot, "0x" + twin[2:].rjust(64, "0"))
    shop.node.ask("evm_mine")

    with pytest.raises(errors.UnexpectedCode):
        shop.sell()
    assert shop.signed() == before

    shop.node.ask("anvil_setCode", implementation, f"0x{code}")
    shop.node.ask("anvil_setStorageAt", contract["address"], slot, "0x" + implementation[2:].rjust(64, "0"))
    shop.node.ask("evm_mine")
    assert shop.sell() == 1
    world.engine.dispose()
