"""accept_settings: given settings that the roles changed, the manifest follows, and nothing else does."""

from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import pytest

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call
from loyaltychain.deploy.accept import ACCEPTABLE, accept_settings
from loyaltychain.deploy.plan import caps_tuple
from loyaltychain.deploy.readback import read_back
from loyaltychain.settlement.header import GENESIS_HEADER
from tests.deploy.test_readback import act
from tests.projects import ProjectWorld, project_world, run_deploy

WINDOW = 3_600  # seconds


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[ProjectWorld]:
    with project_world(tmp_path / "project") as world:
        run_deploy(world.open())
        yield world


def test_accept_settings__settings_that_roles_changed__manifest_follows(deployed: ProjectWorld) -> None:
    world, abi = deployed.open(), artifacts.load("PointsLedger").abi
    manifest = world.manifest
    ledger = manifest["contracts"]["PointsLedger"]["address"]
    lower = {**manifest["caps"], "issuePerBatch": 5}
    act(world, "guardian", ledger, encode_call(abi, "lowerCaps", (caps_tuple(lower),)))
    members, members_abi = manifest["contracts"]["MemberRegistry"]["address"], artifacts.load("MemberRegistry").abi
    calls = [
        (ledger, encode_call(abi, "setSettler", ("0x" + "11" * 20,))),
        (ledger, encode_call(abi, "setTransferLogs", (True,))),
        (members, encode_call(members_abi, "setVoucherSigner", ("0x" + "22" * 20,))),
        (ledger, encode_call(abi, "proposeRootMode", (astuple(GENESIS_HEADER), WINDOW))),
    ]
    act(world, "guardian", ledger, encode_call(abi, "pause", ()))  # nothing is switched while batches settle
    manager = manifest["contracts"]["AccessManager"]["address"]
    manager_abi = artifacts.load("AccessManager").abi
    for target, call in calls:
        act(world, "config", manager, encode_call(manager_abi, "schedule", (target, call, 0)))
    deployed.ask("evm_increaseTime", 600)
    for target, call in calls:
        act(world, "config", manager, encode_call(manager_abi, "execute", (target, call)))
    deployed.ask("evm_increaseTime", WINDOW + 60)  # blocks of one second are a second apart
    act(world, "registrar", ledger, encode_call(abi, "activateRootMode", ()))  # anybody may
    wrong = {check.name for check in read_back(world.rpc, manifest) if not check.ok}
    assert wrong == {"caps", "settler", "transfer logs", "voucher signer", "mode", "challenge window"} == ACCEPTABLE

    accepted = accept_settings(world.rpc, manifest)

    assert [check.name for check in read_back(world.rpc, accepted) if not check.ok] == []
    assert accepted["caps"] == lower
    assert accepted["roles"]["settler"] == "0x" + "11" * 20
    assert accepted["wallets"] == {
        "transfer_logs": True, "rebind_delay": manifest["wallets"]["rebind_delay"], "voucher_signer": "0x" + "22" * 20,
    }  # fmt: skip
    assert (accepted["mode"], accepted["challenge_window"]) == ("root", WINDOW)
    changed = {"caps": 0, "roles": 0, "wallets": 0, "mode": "", "challenge_window": 0}
    assert {**accepted, **changed} == {**manifest, **changed}
