"""accept_settings: given caps and a settler that the roles changed, the manifest follows, and nothing else does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call
from loyaltychain.deploy.accept import accept_settings
from loyaltychain.deploy.plan import caps_tuple
from loyaltychain.deploy.readback import read_back
from tests.deploy.test_readback import act
from tests.projects import ProjectWorld, project_world, run_deploy


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[ProjectWorld]:
    with project_world(tmp_path / "project") as world:
        run_deploy(world.open())
        yield world


def test_accept_settings__lowered_caps_and_a_new_settler__manifest_follows(deployed: ProjectWorld) -> None:
    world, abi = deployed.open(), artifacts.load("PointsLedger").abi
    manifest = world.manifest
    ledger = manifest["contracts"]["PointsLedger"]["address"]
    lower = {**manifest["caps"], "issuePerBatch": 5}
    act(world, "guardian", ledger, encode_call(abi, "lowerCaps", (caps_tuple(lower),)))
    call = encode_call(abi, "setSettler", ("0x" + "11" * 20,))
    manager = manifest["contracts"]["AccessManager"]["address"]
    manager_abi = artifacts.load("AccessManager").abi
    act(world, "config", manager, encode_call(manager_abi, "schedule", (ledger, call, 0)))
    deployed.ask("evm_increaseTime", 600)
    act(world, "config", manager, encode_call(manager_abi, "execute", (ledger, call)))
    assert {check.name for check in read_back(world.rpc, manifest) if not check.ok} == {"caps", "settler"}

    accepted = accept_settings(world.rpc, manifest)

    assert [check.name for check in read_back(world.rpc, accepted) if not check.ok] == []
    assert accepted["caps"] == lower
    assert accepted["roles"]["settler"] == "0x" + "11" * 20
    assert {**accepted, "caps": 0, "roles": 0} == {**manifest, "caps": 0, "roles": 0}
