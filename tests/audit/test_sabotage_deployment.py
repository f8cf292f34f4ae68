"""run_audit, given contracts that look right and did not come to be as the manifest says

given a deployment made by hand
├── when it is true
│   └── it finds nothing
├── when the access manager's constructor was forged
│   └── it finds the creation
└── when a role was given before the block from which logs are said to begin
    └── it finds that block
given a manifest that lies about a creation
└── it finds that creation
given settings that were changed, and a manifest that says so and remembers the first ones
└── it finds nothing
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from loyaltychain.audit.check_creations import check_creations
from loyaltychain.audit.creations import Creation
from loyaltychain.audit.run import known_releases
from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call
from loyaltychain.chain.rpc import Receipt
from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.hashing import from_hex, keccak256
from tests.audit.builders import word
from tests.audit.hostile import (
    BURGLAR,
    HIDDEN,
    act,
    deploy_by_hand,
    forged_manager,
)
from tests.audit.scenario import LyingRpc, Scenario, creation_of

ACCESS_ABI = artifacts.load("AccessManager").abi


def is_admin(scenario: Scenario, manifest: dict[str, Any]) -> bool:
    manager = manifest["contracts"]["AccessManager"]["address"]
    return scenario.world.rpc.call(manager, encode_call(ACCESS_ABI, "hasRole", (0, HIDDEN)))[:32] == word(1)


def test_run_audit__a_true_deployment_by_hand__finds_nothing(scenario: Scenario) -> None:
    manifest = deploy_by_hand(scenario.world)

    assert not is_admin(scenario, manifest)
    assert scenario.codes(manifest=manifest, database=None) == []


def test_run_audit__a_forged_constructor__is_found(scenario: Scenario) -> None:
    manifest = deploy_by_hand(scenario.world, forge={"create-AccessManager": forged_manager})

    report = scenario.audit(manifest=manifest, database=None)

    assert is_admin(scenario, manifest)
    manager = manifest["contracts"]["AccessManager"]["address"]
    assert [(finding.code, finding.subject) for finding in report.findings] == [
        ("creation-foreign", f"AccessManager at {manager}")
    ]


@pytest.mark.parametrize(("hidden_blocks", "codes"), [(0, ["role-extra"]), (1, ["first-block"])])
def test_run_audit__a_role_given_before_the_first_block__is_found(
    scenario: Scenario, hidden_blocks: int, codes: list[str]
) -> None:
    def give(manager: str) -> int:
        call = encode_call(ACCESS_ABI, "grantRole", (0, HIDDEN, 0))
        granted = act(scenario.world, "deployer", manager, call).block_number
        return granted + 1 if hidden_blocks else granted - 1

    manifest = deploy_by_hand(scenario.world, meanwhile=give)

    assert is_admin(scenario, manifest)
    assert scenario.codes(manifest=manifest, database=None) == codes


def test_run_audit__a_first_block_between_the_creations__is_found_by_state_alone(scenario: Scenario) -> None:
    manifest = scenario.manifest
    no_receipts = LyingRpc(scenario.world.rpc, receipt=lambda *_: None)
    manifest["first_block"] += 3  # the access manager and both implementations are older

    report = scenario.audit(rpc=no_receipts, manifest=manifest, database=None)

    begun = [finding for finding in report.findings if finding.code == "first-block"]
    assert [finding.subject.partition(" at ")[0] for finding in begun] == ["AccessManager"]
    code = artifacts.load("AccessManager").runtime_code
    assert begun[0].actual == f"{len(code)} bytes of code: 0x{keccak256(code).hex()}"


OTHER = "0x" + "99" * 20
CHANGES: dict[str, tuple[Callable[[dict[str, Any]], Any], list[str]]] = {
    "deployer": (lambda m: m.update(deployer=OTHER), ["AccessManager"]),
    "token": (lambda m: m["token"].update(symbol="X"), ["PointsLedger"]),
    "caps": (lambda m: m["deployed"]["caps"].update(supplyCap=7), ["PointsLedger"]),
    "settler": (lambda m: m["deployed"].update(settler=OTHER), ["PointsLedger"]),
    "another's creation": (
        lambda m: m["creations"].update(ProgramRegistry=m["creations"]["PointsLedger"]),
        ["ProgramRegistry"],
    ),
    "no transaction": (
        lambda m: m["creations"].update(PointsLedgerImplementation="0x" + "66" * 32),
        ["PointsLedgerImplementation"],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_run_audit__a_manifest_that_lies_about_a_creation__is_found(scenario: Scenario, change: str) -> None:
    lie, subjects = CHANGES[change]
    manifest = scenario.manifest

    lie(manifest)

    findings = scenario.audit(manifest=manifest, database=None).findings
    assert [(finding.code, finding.subject.partition(" at ")[0]) for finding in findings] == [
        ("creation-foreign", subject) for subject in subjects
    ]


def test_run_audit__a_call_named_as_a_creation__is_found(scenario: Scenario) -> None:
    settled = scenario.row("SELECT tx_hash FROM intents WHERE id LIKE 'settle:%' LIMIT 1")["tx_hash"]
    manifest = scenario.manifest
    manifest["creations"]["AccessManager"] = settled

    (finding,) = scenario.audit(manifest=manifest, database=None).findings

    assert (finding.code, finding.actual) == ("creation-foreign", f"a call of {scenario.address('PointsLedger')}")


def test_run_audit__a_creation_that_failed__is_found(scenario: Scenario) -> None:
    failed = from_hex(scenario.manifest["creations"]["ProgramRegistry"])

    def fail(truth: Receipt, asked: bytes) -> Receipt:
        return replace(truth, status=0) if asked == failed else truth

    (finding,) = scenario.audit(rpc=LyingRpc(scenario.world.rpc, receipt=fail)).findings

    assert (finding.code, finding.actual) == ("creation-foreign", "a creation that failed")


@pytest.mark.parametrize("field", ["creations", "token", "deployer"])
def test_run_audit__a_manifest_that_says_nothing_of_creations__is_refused(scenario: Scenario, field: str) -> None:
    manifest = {name: value for name, value in scenario.manifest.items() if name != field}

    with pytest.raises(InvalidSettings, match=field):
        scenario.audit(manifest=manifest)


def test_run_audit__a_cap_beyond_its_type__is_refused(scenario: Scenario) -> None:
    manifest = scenario.manifest
    manifest["deployed"]["caps"]["supplyCap"] = 2**64

    with pytest.raises(InvalidSettings, match="cannot take"):
        scenario.audit(manifest=manifest)


def test_run_audit__settings_changed_and_remembered__finds_nothing(scenario: Scenario) -> None:
    caps = {**scenario.manifest["caps"], "issuePerBatch": 5}
    scenario.send("guardian", "PointsLedger", "lowerCaps", (tuple(caps.values()),))
    scenario.send("config", "PointsLedger", "setSettler", (OTHER,))
    manifest = scenario.manifest
    manifest["caps"], manifest["roles"]["settler"] = caps, OTHER

    assert scenario.codes(manifest=manifest) == []


def test_run_audit__a_manifest_as_at_deployment__needs_nothing_remembered(scenario: Scenario) -> None:
    manifest = scenario.manifest
    del manifest["deployed"]

    assert scenario.codes(manifest=manifest) == []


@pytest.mark.parametrize(("is_known", "code"), [(True, "creation-unchecked"), (False, "creation-foreign")])
def test_check_creations__code_of_another_release__says_that_it_was_not_compared(
    scenario: Scenario, is_known: bool, code: str
) -> None:
    old = act(scenario.world, "deployer", None, creation_of(BURGLAR))
    creation = Creation("Old", "ProgramRegistry", str(old.contract_address), old.tx_hash, b"", logs=False)
    releases = dict(known_releases())
    if is_known:
        releases["ProgramRegistry"] = {*releases["ProgramRegistry"], keccak256(BURGLAR)}

    found = check_creations(
        scenario.world.rpc, [creation], first_block=1, block=old.block_number, releases=releases
    )  # fmt: skip

    assert [finding.code for finding in found] == [code]
