"""Settlement under way: edge cases 78 and 84, by number, on the real contracts

given a wallet that is a contract, and burns all gas at whatever it is asked
    its member's points are settled with those of the others, Transfer logs and all (78)
given an upgrade that is due, and a batch that is sealed or submitted
    it is refused, says which batch, and sends nothing; the batch settles on the code that it was sealed for (84)
    when the batch is final
        the upgrade is executed, and the next batch settles on the new code
    when the batch cannot go through and is opened again
        the upgrade is executed, and the batch's entries settle on the new code
    when the batch is halted
        the upgrade is executed, and the same batch settles on the new code
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from eth_utils.crypto import keccak
from sqlalchemy import Engine

from loyaltychain.chain.deployments import find_deployment, insert_deployment
from loyaltychain.core import errors
from loyaltychain.db.engine import reading, transaction
from loyaltychain.deploy import managed, operate
from loyaltychain.deploy.candidate import find_candidate
from loyaltychain.deploy.upgrade import execute, schedule
from loyaltychain.settlement.confirm import confirm_step
from loyaltychain.settlement.reopen import reopen_step
from loyaltychain.settlement.seal import seal_step
from loyaltychain.settlement.submit import retry_step, submit_step
from loyaltychain.wiring import World
from tests.chain.small_world import creation_of
from tests.contracts import evm
from tests.contracts.builders import make_world, read, settle
from tests.contracts.wallets import FAR, tell
from tests.edge_cases.story import number_of
from tests.operations.member_world import prove
from tests.operations.order_builders import order, work
from tests.program.builders import make_order_program
from tests.projects import NOW, ProjectWorld, project_world, run_deploy
from tests.upgrades.world import WAIT, ask, role_sender
from tests.worker.builders import act

TRANSFER = keccak(text="Transfer(address,address,uint256)")
#: Says yes to a binding (ERC-1271), and fails with all its gas at everything else.
HOSTILE = bytes.fromhex("5f3560e01c631626ba7e14600f57fe5b" + "631626ba7e60e01b5f5260205ff3")
RULES = make_order_program()


@dataclass(frozen=True)
class Due:
    """A project whose ledger is to be upgraded, from now on."""

    project: ProjectWorld
    world: World

    def upgrade(self) -> None:
        execute(role_sender(self.world, "upgrader"), self.world.manifest, contract="PointsLedger",
                manifest_file=self.world.project.manifest_file, members=range(1, 3))  # fmt: skip

    def code(self) -> str:
        return str(self.world.manifest["contracts"]["PointsLedger"]["implementation"])

    def unpause(self) -> None:
        """CONFIG's delay and all."""
        sender, call = role_sender(self.world, "config"), operate.unpause(self.world.manifest)
        assert managed.advance(sender, self.world.manifest, call).what == "scheduled"
        self.project.ask("evm_increaseTime", hex(WAIT))
        self.project.ask("evm_mine")
        assert managed.advance(sender, self.world.manifest, call).what == "acted"

    def earn(self, number: int) -> None:
        work(self.world.engine, order(number), program=RULES, now=NOW)
        prove(self.world.engine)

    def seal(self) -> None:
        assert seal_step(self.world.engine, self.world.deployment, now=NOW) is not None

    def submit(self) -> None:
        settler = self.world.settler().address
        assert submit_step(self.world.engine, self.world.deployment, settler=settler, now=NOW) is not None

    def confirm(self, times: int = 1) -> str:
        """The batch's state after so many steps."""
        sender = self.world.sender([self.world.settler()])
        steps = [confirm_step(sender, self.world.deployment) for _ in range(times)]
        assert steps[-1] is not None
        return steps[-1].state

    def points(self) -> object:
        return ask(self.world, "PointsLedger", "balanceOfMember", number_of(self.world.engine))


@pytest.fixture(scope="module")
def one_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectWorld]:
    """Deployed, and an upgrade of the ledger scheduled whose delay is over."""
    code = find_candidate("PointsLedger", "release")  # the same once more: whose code it is does not matter here
    with project_world(tmp_path_factory.mktemp("edge") / "shop") as project:
        world = project.open()
        run_deploy(world)
        file = world.project.manifest_file
        schedule(role_sender(world, "upgrader"), world.manifest, code, call=b"", manifest_file=file)
        project.ask("evm_increaseTime", hex(WAIT))
        project.ask("evm_mine")
        yield project


@pytest.fixture
def due(one_project: ProjectWorld, database: Engine) -> Iterator[Due]:
    """It, with chain and files as they were then, and a database that knows of nothing else."""
    home, first = one_project.project.home / "deployments", one_project.open()
    with reading(first.engine) as tx:
        stored = find_deployment(tx, first.manifest["network"])
    first.engine.dispose()
    assert stored is not None
    with transaction(database) as tx:
        insert_deployment(tx, stored)
    files = {path: path.read_bytes() for path in home.glob("*.json")}
    snapshot = one_project.ask("evm_snapshot")
    yield Due(one_project, one_project.open(engine=database))
    assert one_project.ask("evm_revert", snapshot) is True
    for path, content in files.items():
        path.write_bytes(content)


def refuse(due: Due, batch: int, state: str) -> None:
    """The upgrade is refused, and nothing was sent."""
    address, code = due.world.address("upgrader"), due.code()
    nonce = due.world.rpc.nonce(address)
    with pytest.raises(errors.BatchOpen, match="run --once") as refused:
        due.upgrade()
    assert refused.value.context == {"batch": batch, "state": state}
    assert (due.world.rpc.nonce(address), due.code()) == (nonce, code)


def test_edge_78__wallet_that_fails_at_everything__is_settled_with_the_rest() -> None:
    world = make_world(transfer_logs=True)
    wallet = evm.create(world.chain, creation_of(HOSTILE))
    tell(world, "config", "setVoucherSigner", wallet)
    tell(world, "stranger", "bind", 17, wallet, FAR, b"", b"")

    receipt = settle(world, {17: 30, 18: 5})

    assert (read(world, "balanceOf", wallet), read(world, "balanceOfMember", 18)) == (30, 5)
    assert [log["topics"][0] for log in receipt["logs"]].count(TRANSFER) == 1


def test_edge_84__batch_sealed_or_on_its_way__upgrade_waits_for_it(due: Due) -> None:
    before = due.code()
    due.earn(1)
    due.seal()
    refuse(due, 1, "sealed")
    due.submit()
    refuse(due, 1, "submitted")
    assert due.confirm(2) == "submitted"  # signed, and sent
    refuse(due, 1, "submitted")
    assert (due.confirm(), due.points()) == ("final", 55)

    due.upgrade()

    assert due.code() != before
    due.earn(2)
    due.seal()
    due.submit()
    assert (due.confirm(3), due.points()) == ("final", 110)


def test_edge_84__batch_that_cannot_go_through__opened_again_and_settled_on_the_new_code(due: Due) -> None:
    due.earn(1)
    due.seal()
    due.submit()
    act(due.world, "guardian", "pause")
    with pytest.raises(errors.LedgerPaused):
        due.confirm()
    refuse(due, 1, "submitted")

    reopen_step(due.world.engine, due.world.rpc, due.world.deployment, number=1, actor="operator:eve", reason="84",
                now=NOW)  # fmt: skip
    due.upgrade()

    assert due.points() == 0
    due.unpause()
    due.seal()
    due.submit()
    assert (due.confirm(3), due.points()) == ("final", 55)


def test_edge_84__halted_batch__is_no_obstacle_and_settles_on_the_new_code(due: Due) -> None:
    due.earn(1)
    due.seal()
    due.submit()
    due.confirm()
    act(due.world, "guardian", "pause")
    with pytest.raises(errors.IntentReverted):
        due.confirm(3)

    due.upgrade()

    due.unpause()
    settler = due.world.settler().address
    retry_step(due.world.engine, due.world.rpc, due.world.deployment, settler=settler, now=NOW)
    assert (due.confirm(3), due.points()) == ("final", 55)
