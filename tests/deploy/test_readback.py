"""read_back: given a deployment in which one thing was changed by those who may, it names exactly that thing."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call, selector
from loyaltychain.chain.intents import NewIntent
from loyaltychain.chain.signer import AllowedCall, KeySigner
from loyaltychain.core import errors
from loyaltychain.deploy.deploy import prove
from loyaltychain.deploy.manifest import Manifest
from loyaltychain.deploy.plan import GUARDIAN, caps_tuple
from loyaltychain.deploy.readback import read_back
from loyaltychain.wiring import World
from tests.projects import ProjectWorld, project_world, run_deploy

Deployed = tuple[ProjectWorld, World, Manifest]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with project_world(tmp_path_factory.mktemp("readback") / "project") as project:
        world = project.open()
        yield project, world, run_deploy(world)[0].manifest


@pytest.fixture
def untouched(deployed: Deployed) -> Iterator[Deployed]:
    """The deployment, set back to how it was afterwards."""
    snapshot = deployed[0].ask("evm_snapshot")
    yield deployed
    assert deployed[0].ask("evm_revert", snapshot) is True


def act(world: World, role: str, target: str, calldata: bytes) -> None:
    """A real transaction by the holder of a role."""
    signer = KeySigner(world.key(role), [AllowedCall(target, calldata[:4])], chain_id=world.rpc.chain_id())
    intent = NewIntent(f"test:{role}:{world.rpc.block('latest').number}", world.rpc.chain_id(), signer.address, target,
                       calldata)  # fmt: skip
    world.sender([signer]).execute(intent)


def wrong(world: World, manifest: Manifest) -> set[str]:
    return {check.name for check in read_back(world.rpc, manifest) if not check.ok}


def test_read_back__lowered_caps__names_the_caps(untouched: Deployed) -> None:
    _, world, manifest = untouched
    ledger = manifest["contracts"]["PointsLedger"]["address"]
    lower = caps_tuple({**manifest["caps"], "issuePerBatch": 5})

    act(world, "guardian", ledger, encode_call(artifacts.load("PointsLedger").abi, "lowerCaps", (lower,)))

    assert wrong(world, manifest) == {"caps"}
    with pytest.raises(errors.ReadBackFailed, match="caps"):
        prove(world.rpc, manifest)


def ledger_of(manifest: Manifest) -> str:
    return str(manifest["contracts"]["PointsLedger"]["address"])


LIES: dict[str, tuple[Callable[[Manifest], Any], set[str]]] = {
    "settler": (lambda m: m["roles"].update(settler="0x" + "11" * 20), {"settler"}),
    "guardian": (lambda m: m["roles"].update(guardian="0x" + "11" * 20), {"guardian holds its role, delay in seconds"}),
    "delay": (lambda m: m["delays"].update(upgrader=61), {"upgrader holds its role, delay in seconds"}),
    "instance": (lambda m: m.update(instance_id="0x" + "11" * 32), {"instance id"}),
    "genesis": (lambda m: m.update(genesis_hash="0x" + "11" * 32), {"genesis hash"}),
    "implementation": (
        lambda m: m["contracts"]["PointsLedger"].update(m["contracts"]["ProgramRegistry"], address=ledger_of(m)),
        {"PointsLedger ERC-1967 slot", "PointsLedger code hash"},
    ),
    "token": (lambda m: m["token"].update(name="Other"), {"name, symbol, decimals"}),
    "deployer": (lambda m: m.update(deployer=m["roles"]["admin"]), {"deployer does not hold admin"}),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_read_back__manifest_that_lies__names_the_lie(deployed: Deployed, lie: str) -> None:
    world, manifest = deployed[1], copy.deepcopy(deployed[2])
    change, expected = LIES[lie]

    change(manifest)

    assert wrong(world, manifest) == expected


def test_read_back__function_given_to_another_role__names_the_function(untouched: Deployed) -> None:
    project, world, manifest = untouched
    manager, ledger = (manifest["contracts"][name]["address"] for name in ("AccessManager", "PointsLedger"))
    abi = artifacts.load("AccessManager").abi
    call = encode_call(abi, "setTargetFunctionRole", (ledger, [selector("unpause()")], GUARDIAN))

    # The admin's delay is 60 seconds: it is scheduled in public first.
    act(world, "admin", manager, encode_call(abi, "schedule", (manager, call, 0)))
    project.ask("evm_increaseTime", 600)
    act(world, "admin", manager, encode_call(abi, "execute", (manager, call)))

    assert wrong(world, manifest) == {"role of PointsLedger.unpause"}
