"""read_back: given a deployment in which one thing was changed by those who may, it names exactly that thing."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call, selector
from loyaltychain.chain.rpc import Log
from loyaltychain.core import errors
from loyaltychain.core.hashing import to_hex
from loyaltychain.deploy.deploy import prove
from loyaltychain.deploy.manifest import Manifest
from loyaltychain.deploy.plan import GUARDIAN, caps_tuple
from loyaltychain.deploy.readback import read_back
from loyaltychain.wiring import World
from tests.audit.hostile import HIDDEN, act, deploy_by_hand, forged_manager
from tests.projects import ProjectWorld, project_world, run_deploy

OTHER = "0x" + "11" * 20
Deployed = tuple[ProjectWorld, World, Manifest]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with project_world(tmp_path_factory.mktemp("readback") / "project") as project:
        world = project.open()
        yield project, world, run_deploy(world).deployed.manifest


@pytest.fixture
def untouched(deployed: Deployed) -> Iterator[Deployed]:
    """The deployment, set back to how it was afterwards."""
    snapshot = deployed[0].ask("evm_snapshot")
    yield deployed
    assert deployed[0].ask("evm_revert", snapshot) is True


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


def grants(world: World, manifest: Manifest) -> list[Log]:
    """The logs of the manager's roles, the newest last."""
    manager = manifest["contracts"]["AccessManager"]["address"]
    return world.rpc.logs([manager], first=1, last=world.rpc.block("latest").number)


def ledger_of(manifest: Manifest) -> str:
    return str(manifest["contracts"]["PointsLedger"]["address"])


HELD = "{} holds its role, delay in seconds".format
PROXIES = {"creation of PointsLedger", "creation of ProgramRegistry", "creation of MemberRegistry"}
LIES: dict[str, tuple[Callable[[Manifest], Any], set[str]]] = {
    "settler": (lambda m: m["roles"].update(settler=OTHER), {"settler"}),
    "settler at deployment": (lambda m: m["deployed"].update(settler=OTHER), {"creation of PointsLedger"}),
    "caps at deployment": (lambda m: m["deployed"]["caps"].update(supplyCap=7), {"creation of PointsLedger"}),
    "guardian": (lambda m: m["roles"].update(guardian=OTHER), {HELD("guardian"), "holders of guardian"}),
    "delay": (lambda m: m["delays"].update(upgrader=61), {HELD("upgrader")}),
    "instance": (lambda m: m.update(instance_id="0x" + "11" * 32), {"instance id", "creation of PointsLedger"}),
    "genesis": (lambda m: m.update(genesis_hash="0x" + "11" * 32), {"genesis hash"}),
    "implementation": (
        lambda m: m["contracts"]["PointsLedger"].update(m["contracts"]["ProgramRegistry"], address=ledger_of(m)),
        {"PointsLedger ERC-1967 slot", "PointsLedger code hash", "creation of PointsLedgerImplementation",
         "creation of PointsLedger"},
    ),
    "token": (lambda m: m["token"].update(name="Other"), {"name, symbol, decimals", "creation of PointsLedger"}),
    "deployer": (lambda m: m.update(deployer=m["roles"]["admin"]),
                 {"deployer does not hold admin", "creation of AccessManager"}),
    "first block": (lambda m: m.update(first_block=m["first_block"] + 1), {"first block"}),
    "a call as creation": (lambda m: m["creations"].update(AccessManager=m["call"]), {"creation of AccessManager"}),
    "no such creation": (lambda m: m["creations"].update(PointsLedger="0x" + "11" * 32),
                         {"creation of PointsLedger"}),
    "no creations": (lambda m: m.pop("creations"), PROXIES | {
        "creation of AccessManager", "creation of BatchProofs", "creation of PointsLedgerImplementation",
        "creation of ProgramRegistryImplementation", "creation of MemberRegistryImplementation"}),
    "voucher signer": (lambda m: m["wallets"].update(voucher_signer=OTHER), {"voucher signer"}),
    "transfer logs": (lambda m: m["wallets"].update(transfer_logs=True), {"transfer logs"}),
    "transfer logs at deployment": (lambda m: m["deployed"]["wallets"].update(transfer_logs=True),
                                    {"creation of PointsLedger"}),
    "voucher signer at deployment": (lambda m: m["deployed"]["wallets"].update(voucher_signer=OTHER),
                                     {"creation of MemberRegistry"}),
    "rebind delay": (lambda m: (m["wallets"].update(rebind_delay=7), m["deployed"].pop("wallets")),
                     {"rebind delay", "creation of MemberRegistry"}),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_read_back__manifest_that_lies__names_the_lie(deployed: Deployed, lie: str) -> None:
    world, manifest = deployed[1], copy.deepcopy(deployed[2])
    change, expected = LIES[lie]
    manifest["call"] = to_hex(grants(world, manifest)[-1].tx_hash)

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


MANAGED: dict[str, tuple[str, tuple[object, ...], set[str]]] = {
    "a stranger registers": ("grantRole", (4, OTHER, 0), {"holders of registrar"}),
    "a role that nobody knows": ("grantRole", (77, OTHER, 0), {"holders of role 77"}),
    "another role grants": ("setRoleAdmin", (4, 3), {"admin of registrar"}),
    "another role guards": ("setRoleGuardian", (4, 3), {"guardian of registrar"}),
    "grants wait": ("setGrantDelay", (4, 60), {"grants of registrar wait, in seconds"}),
    "the ledger is closed": ("setTargetClosed", ("PointsLedger", True), {"PointsLedger is open"}),
    "rules wait": ("setTargetAdminDelay", ("PointsLedger", 60), {"rules of PointsLedger wait, in seconds"}),
}


@pytest.mark.parametrize("name", MANAGED)
def test_read_back__one_act_of_the_admin__names_it(untouched: Deployed, name: str) -> None:
    project, world, manifest = untouched
    function, arguments, expected = MANAGED[name]
    manager = manifest["contracts"]["AccessManager"]["address"]
    placed = tuple(ledger_of(manifest) if argument == "PointsLedger" else argument for argument in arguments)
    abi = artifacts.load("AccessManager").abi
    call = encode_call(abi, function, placed)

    act(world, "admin", manager, encode_call(abi, "schedule", (manager, call, 0)))
    project.ask("evm_increaseTime", 600)
    act(world, "admin", manager, encode_call(abi, "execute", (manager, call)))
    project.ask("evm_increaseTime", 6 * 86_400)  # delays of the manager itself count after five days
    project.ask("evm_mine")

    assert wrong(world, manifest) == expected


def test_read_back__true_deployment_by_hand__is_as_asked_for(untouched: Deployed) -> None:
    world = untouched[1]

    assert wrong(world, deploy_by_hand(world)) == set()


def test_read_back__forged_constructor__names_the_creation(untouched: Deployed) -> None:
    world = untouched[1]

    manifest = deploy_by_hand(world, forge={"create-AccessManager": forged_manager})

    assert wrong(world, manifest) == {"creation of AccessManager"}


@pytest.mark.parametrize(("hidden", "expected"), [(False, {"holders of admin"}), (True, {"first block"})])
def test_read_back__role_given_before_the_first_block__is_seen(
    untouched: Deployed, hidden: bool, expected: set[str]
) -> None:
    world = untouched[1]

    def give(manager: str) -> int:
        call = encode_call(artifacts.load("AccessManager").abi, "grantRole", (0, HIDDEN, 0))
        act(world, "deployer", manager, call)
        head = world.rpc.block("latest").number
        return head + 1 if hidden else head - 1

    manifest = deploy_by_hand(world, meanwhile=give)

    assert wrong(world, manifest) == expected
