"""Upgrades on a real EVM, with the programme's own roles and delays
├── given code that only adds
│   ├── it goes all the way: created, scheduled, executed, read back, in the manifest and the database
│   ├── balances, supply, caps, history stay; the new function belongs to ADMIN; its initialiser ran once and for all
│   ├── before the delay is over: refused, and nothing changes
│   ├── when the guardian cancels: there is nothing to execute, and it can be scheduled again
│   ├── while another one is scheduled: refused
│   └── when killed anywhere and started again: one implementation, one upgrade
└── given code that does not fit: refused, and the variable or what is missing is named
"""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.audit.run import run_audit
from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_output, encode_call
from loyaltychain.chain.deployments import find_deployment
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import canonical, errors
from loyaltychain.db.engine import reading
from loyaltychain.deploy import managed
from loyaltychain.deploy.candidate import Candidate
from loyaltychain.deploy.openzeppelin import ask_openzeppelin, find_validator
from loyaltychain.deploy.readback import read_back
from loyaltychain.deploy.reader import Reader
from loyaltychain.deploy.upgrade import cancel, encode_initialiser, execute, kept_code, plan_file, schedule
from loyaltychain.deploy.upgrade_check import check_upgrade, must_pass
from loyaltychain.wiring import World
from tests.crash.harness import start
from tests.projects import DeployedOnce, ProjectWorld, deployed_once
from tests.upgrades.variants import candidate
from tests.upgrades.world import WAIT, ask, role_sender, settle

BALANCES = {1: 250, 2: 7, 9: 1_000, 40: 3}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedOnce]:
    with deployed_once(tmp_path_factory.mktemp("deployed") / "project") as once:
        yield once


@pytest.fixture
def project(once: DeployedOnce, tmp_path: Path) -> Iterator[ProjectWorld]:
    with once.copied(tmp_path / "project") as world:
        yield world


def initialiser(code: Candidate, season: int = 3) -> bytes:
    return encode_initialiser(code, "initializeV2", [season]) if code.contract == "PointsLedger" else b""


def begin(world: World, code: Candidate, call: bytes = b"") -> managed.Done:
    file = world.project.manifest_file
    return schedule(role_sender(world, "upgrader"), world.manifest, code, call=call, manifest_file=file)[1]


def finish(world: World, contract: str, members: range = range(0)) -> list[str]:
    """Execute; the names of the facts that were read back."""
    file = world.project.manifest_file
    sender = role_sender(world, "upgrader")
    done = execute(sender, world.manifest, contract=contract, manifest_file=file, members=members)
    return [check.name for check in done.checks if check.ok]


def refusals(world: World, code: Candidate, call: bytes = b"") -> list[str]:
    kept = kept_code(world.project.manifest_file)
    return check_upgrade(world.rpc, world.manifest, code, call=call, kept=kept).refusals


def untold(manifest: dict[str, Any]) -> dict[str, Any]:
    """What the manifest would hold had nobody written the upgrade into it."""
    ledger = {**manifest["contracts"]["PointsLedger"]}
    ledger["implementation"] = manifest["deployed"]["implementations"]["PointsLedger"]
    deployed = {name: value for name, value in manifest["deployed"].items() if name != "implementations"}
    return {"contracts": {**manifest["contracts"], "PointsLedger": ledger}, "deployed": deployed, "upgrades": []}


def facts(world: World) -> dict[str, object]:
    names = ("totalSupply", "caps", "lastBatchId", "lastBatchHash", "instanceId", "settler", "mode")
    return {name: ask(world, "PointsLedger", name) for name in names} | {
        str(member): ask(world, "PointsLedger", "balanceOfMember", member) for member in range(48)
    }


def test_upgrade__ledger_that_adds_a_variable__keeps_everything(project: ProjectWorld) -> None:
    world, code = project.open(), candidate("LedgerV2")
    settle(world, BALANCES)
    before, first = facts(world), world.manifest["contracts"]["PointsLedger"]["implementation"]
    kept = kept_code(world.project.manifest_file)
    check = check_upgrade(world.rpc, world.manifest, code, call=initialiser(code), kept=kept)
    must_pass(check)
    assert (check.gone, check.new) == (
        [],
        {
            "initializeV2(uint64)": "the upgrade itself, once",
            "openToAll()": "ANYBODY: it is not `restricted`",
            "season()": "anybody; it reads",
            "setSeason(uint64)": "admin",
        },
    )

    assert begin(world, code, initialiser(code)).what == "scheduled"
    project.ask("evm_increaseTime", hex(WAIT))
    read = finish(world, "PointsLedger", range(1, 48))

    assert facts(world) == before
    assert {"totalSupply()", "caps()", "lastBatchHash()", "balanceOfMember(40)", "code hash"} <= set(read)
    manifest = world.manifest
    (upgrade,) = manifest["upgrades"]
    assert (upgrade["old"], upgrade["new"]) == (first, manifest["contracts"]["PointsLedger"]["implementation"])
    assert manifest["deployed"]["implementations"] == {"PointsLedger": first}
    assert [check.name for check in read_back(world.rpc, manifest) if not check.ok] == []
    audit = run_audit(world.rpc, manifest, clock=lambda: 0.0)
    assert {finding.code for finding in audit.findings} == {"implementation-foreign"}  # it is of no release
    without = run_audit(world.rpc, {**manifest, **untold(manifest)}, clock=lambda: 0.0)
    assert "implementation-changed" in {finding.code for finding in without.findings}
    with reading(world.engine) as tx:
        stored = find_deployment(tx, manifest["network"])
    assert stored is not None
    assert stored.manifest == canonical.encode(manifest).decode()


def test_upgrade__its_initialiser__runs_once_with_it_and_never_again(project: ProjectWorld) -> None:
    world, code = project.open(), candidate("LedgerV2")
    begin(world, code, initialiser(code, 7))
    project.ask("evm_increaseTime", hex(WAIT))
    finish(world, "PointsLedger")
    ledger = world.manifest["contracts"]["PointsLedger"]["address"]

    season = decode_output(code.abi, "season", world.rpc.call(ledger, encode_call(code.abi, "season", ())))

    assert season == 7
    with pytest.raises(errors.Reverted) as refused:
        world.rpc.call(ledger, initialiser(code, 8))
    assert str(refused.value.context["data"]).startswith("0xf92ee8a9")  # InvalidInitialization()
    assert "version 2 was initialised already" in refusals(world, code, initialiser(code))[0]


def test_upgrade__before_the_delay_is_over__is_refused(project: ProjectWorld) -> None:
    world, code = project.open(), candidate("RegistryV2")
    with pytest.raises(errors.InvalidOperation, match="No upgrade"):
        finish(world, "ProgramRegistry")
    begin(world, code)
    before = world.manifest
    project.ask("evm_increaseTime", hex(30))
    project.ask("evm_mine")

    with pytest.raises(errors.NotDue, match="can be executed from 2026"):
        finish(world, "ProgramRegistry")

    assert world.manifest == before
    assert begin(world, code).what == "waits"  # once more changes nothing


def test_upgrade__cancelled_by_the_guardian__can_be_scheduled_again(project: ProjectWorld) -> None:
    world, code = project.open(), candidate("RegistryV2")
    begin(world, code)
    file = world.project.manifest_file
    guardian = role_sender(world, "guardian")

    assert cancel(guardian, world.manifest, contract="ProgramRegistry", manifest_file=file).what == "cancelled"

    project.ask("evm_increaseTime", hex(WAIT))
    with pytest.raises(errors.InvalidOperation):
        finish(world, "ProgramRegistry")
    assert begin(world, code).what == "scheduled"
    project.ask("evm_increaseTime", hex(WAIT))
    finish(world, "ProgramRegistry")
    assert len(world.manifest["upgrades"]) == 1
    assert ask(world, "ProgramRegistry", "count") == 1


def test_upgrade__while_another_is_scheduled__is_refused(project: ProjectWorld) -> None:
    world = project.open()
    begin(world, candidate("RegistryV2"))

    with pytest.raises(errors.InvalidOperation, match="Another upgrade of ProgramRegistry is scheduled"):
        begin(world, candidate("Unlocked"))


def test_upgrade__a_second_one__is_compared_with_the_first(project: ProjectWorld) -> None:
    world = project.open()
    begin(world, candidate("RegistryV2"))
    project.ask("evm_increaseTime", hex(WAIT))
    finish(world, "ProgramRegistry")

    back = refusals(world, Candidate.shipped("ProgramRegistry"))

    assert [refusal.split(": ")[:2] for refusal in back] == [
        ["removed", "erc7201:loyaltychain.storage.ProgramRegistry._added"]
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Reordered", "reordered: erc7201:loyaltychain.storage.ProgramRegistry._published"),
        ("Inserted", "inserted: erc7201:loyaltychain.storage.ProgramRegistry._publications: 0:0 "),
        ("Elsewhere", "namespace-gone: erc7201:loyaltychain.storage.ProgramRegistry"),
        ("StructChanged", "retyped: erc7201:loyaltychain.storage.MemberRegistry._bindings"),
        ("Retyped", "retyped: erc7201:loyaltychain.storage.MemberRegistry._rebindDelay: 0:20 uint32 _rebindDelay -> "),
        ("NotUups", "not UUPS: it has no proxiableUUID() and no upgradeToAndCall(address,bytes)"),
        ("Unlocked", "its constructor does not call _disableInitializers()"),
    ],
)
def test_check_upgrade__code_that_does_not_fit__is_refused_by_name(
    project: ProjectWorld, name: str, words: str
) -> None:
    found = refusals(project.open(), candidate(name))

    assert any(words in refusal for refusal in found), found


def test_check_upgrade__what_no_source_shows__is_refused_too(project: ProjectWorld) -> None:
    world, code = project.open(), candidate("LedgerV2")

    assert "--call has to name initializeV2(uint64)" in refusals(world, code)[0]
    assert "it has no function" in refusals(world, code, bytes.fromhex("12345678"))[0]
    assert "too large" in refusals(world, replace(candidate("RegistryV2"), runtime_code=bytes(24_577)))[0]
    foreign = replace(candidate("RegistryV2"), contract="MemberRegistry")
    assert "namespace-gone" in refusals(world, foreign)[0]


@pytest.mark.parametrize("target", ["0x" + "00" * 20, "0x" + "11" * 20])
def test_upgrade__to_an_address_without_code__is_refused_by_the_contract(project: ProjectWorld, target: str) -> None:
    world = project.open()
    call = managed.managed_call(world.manifest, "upgrader", "ProgramRegistry", "upgradeToAndCall", target, b"")
    managed.advance(role_sender(world, "upgrader"), world.manifest, call)
    project.ask("evm_increaseTime", hex(WAIT))
    address = world.manifest["contracts"]["ProgramRegistry"]["address"]
    before = Reader(world.rpc, world.rpc.block("latest").number).ask("ProgramRegistry", address, "count")

    with pytest.raises(errors.Reverted):
        managed.execute(role_sender(world, "upgrader"), world.manifest, call)

    assert ask(world, "ProgramRegistry", "count") == before


def test_upgrade__killed_anywhere__goes_on_and_upgrades_once(once: DeployedOnce, tmp_path: Path) -> None:
    code = candidate("RegistryV2")

    def run(project: ProjectWorld, engine: Engine, rpc: Rpc) -> None:
        world = project.open(engine=engine, rpc=rpc)
        if plan_file(world.project.manifest_file, "ProgramRegistry").exists() or not world.manifest.get("upgrades"):
            if begin_if_needed(world, code):
                project.ask("evm_increaseTime", hex(WAIT))
            finish(world, "ProgramRegistry")

    for number in itertools.count():
        with once.copied(tmp_path / str(number)) as project:
            was_killed = start(project, run, points=1 + 4 * number)
            if was_killed:
                project.ask("evm_increaseTime", hex(WAIT))
                start(project, run, points=None)
            world = project.open()
            assert len(world.manifest["upgrades"]) == 1, number
            assert world.rpc.nonce(world.address("upgrader")) == 3, "a creation, a schedule, an execution"
            assert [check.name for check in read_back(world.rpc, world.manifest) if not check.ok] == []
        if not was_killed:
            break
    assert number >= 3, "the harness has found almost nothing to kill"


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("RegistryV2", "fit"), ("Reordered", "Deleted `_publications`"), ("Inserted", "Inserted `_added`"),
     ("NotUups", "upgradeTo"), ("LedgerV2", "fit")],
)  # fmt: skip
def test_openzeppelin__where_it_is_installed__agrees(name: str, verdict: str) -> None:
    if find_validator() is None:
        pytest.skip("no @openzeppelin/upgrades-core below .tools: python3 scripts/tools.py")
    code = candidate(name)

    says = ask_openzeppelin(code, running=artifacts.load(code.contract).code_hash)

    assert verdict in says
    assert says.startswith("fit" if verdict == "fit" else "refused: ")


def begin_if_needed(world: World, code: Candidate) -> bool:
    """What an operator does who does not know how far it came: asks for it again, unless it has happened."""
    address = world.manifest["contracts"]["ProgramRegistry"]["address"]
    slot = world.rpc.storage(address, 0x360894A13BA1A3210667C828492DB98DCA3E2076CC3735A920A3CA505D382BBC)[12:].hex()
    if "0x" + slot != world.manifest["contracts"]["ProgramRegistry"]["implementation"]:
        return False
    return begin(world, code).what == "scheduled"
