"""run_audit, given code that came and went, or a node that has forgotten

given an implementation whose address had other code before
├── when that ran and was gone within one transaction
│   └── it finds it
└── when nobody can tell, since code and upgrade came together
    └── it finds that
given a node without old blocks
└── it finds what was not checked
"""

from typing import Any

import pytest

from loyaltychain.audit.check_code import hash_code
from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import RpcUnavailable
from tests.audit.builders import word
from tests.audit.hostile import BURGLAR, FACTORY, NEST, created_by, nest_of, script
from tests.audit.scenario import LyingRpc, Scenario, creation_of

WORDS_SLOT = 0x198D1B2526D1FCBBB089231AFA7D01A3F5DD6991B7A7B84D67FD4D586D8C5F00  # of RecordsCodec
UPGRADER = 3
LEDGER_ABI = artifacts.load("PointsLedger").abi


def arm(scenario: Scenario) -> tuple[str, str, str]:
    """A factory, the nest that it makes, and what the nest's first creation will be; its next script may upgrade."""
    factory = scenario.create(creation_of(FACTORY))
    nest = nest_of(factory)
    deployer = scenario.world.key("deployer").address
    upgrader = created_by(deployer, scenario.world.rpc.nonce(deployer))
    scenario.send("admin", "AccessManager", "grantRole", (UPGRADER, upgrader, 0))
    return factory, nest, created_by(nest, 1)


def disarm(scenario: Scenario) -> None:
    deployer = scenario.world.key("deployer").address
    upgrader = created_by(deployer, scenario.world.rpc.nonce(deployer) - 1)
    scenario.send("admin", "AccessManager", "revokeRole", (UPGRADER, upgrader))


def upgrade_call(implementation: str, content: bytes) -> bytes:
    return encode_call(LEDGER_ABI, "upgradeToAndCall", (implementation, content))


@pytest.mark.filterwarnings("ignore:SELFDESTRUCT opcode present:DeprecationWarning")
def test_run_audit__foreign_code_for_one_transaction__is_found(scenario: Scenario) -> None:
    ledger, genuine = scenario.address("PointsLedger"), artifacts.load("PointsLedger")
    first = scenario.manifest["contracts"]["PointsLedger"]["implementation"]
    factory, nest, place = arm(scenario)
    write = b"\x00\x00\x00\x01" + word(WORDS_SLOT + 100) + word(5)
    scenario.create(
        script([
            (factory, creation_of(NEST)),
            (nest, creation_of(BURGLAR)),
            (ledger, upgrade_call(place, write)),
            (place, b""),
            (nest, b""),
        ])
    )  # fmt: skip
    disarm(scenario)
    assert scenario.world.rpc.code(place) == b""
    scenario.send_bytes("deployer", factory, creation_of(NEST))
    scenario.send_bytes("deployer", nest, genuine.creation_code)
    scenario.send("upgrader", "PointsLedger", "upgradeToAndCall", (first, b""))

    report = scenario.audit()

    rpc = scenario.world.rpc
    assert hash_code(rpc.code(place), address=place) == genuine.code_hash
    assert rpc.call(ledger, encode_call(LEDGER_ABI, "wordAt", (100,))) == word(5)
    assert [(finding.code, finding.actual) for finding in report.findings] == [
        ("implementation-foreign", "nothing"),
        ("implementation-changed", place),
    ]


def test_run_audit__code_and_upgrade_in_one_block__is_found(scenario: Scenario) -> None:
    factory, nest, place = arm(scenario)
    creation_code = artifacts.load("PointsLedger").creation_code
    ledger = scenario.address("PointsLedger")
    scenario.create(script([(factory, creation_of(NEST)), (nest, creation_code), (ledger, upgrade_call(place, b""))]))
    disarm(scenario)

    report = scenario.audit()

    assert [(finding.code, finding.actual) for finding in report.findings] == [
        ("implementation-fresh", "nothing"),
        ("implementation-changed", place),
    ]


class Forgetful:
    """A node that keeps the newest state alone."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def code(self, address: str, *, block: int | None = None) -> bytes:
        if block is not None and block < self._rpc.block("latest").number:
            raise RpcUnavailable("The node refused to answer.", reason="missing trie node")
        return self._rpc.code(address, block=block)

    def __getattr__(self, method: str) -> Any:
        return getattr(self._rpc, method)


def test_run_audit__a_node_without_old_state__is_no_silence(scenario: Scenario) -> None:
    report = scenario.audit(rpc=Forgetful(scenario.world.rpc))

    assert {finding.code for finding in report.findings} == {"history-unavailable"}
    assert [finding.subject.partition(" at ")[0] for finding in report.findings] == [
        "code of AccessManager",
        "code of MemberRegistry",
        "code of PointsLedger",
        "code of ProgramRegistry",
        "code of PointsLedger",
        "code of ProgramRegistry",
        "code of MemberRegistry",
    ]


def test_run_audit__a_first_block_that_lies_to_such_a_node__is_found_still(scenario: Scenario) -> None:
    manifest = scenario.manifest
    manifest["first_block"] += 1

    codes = scenario.codes(rpc=Forgetful(scenario.world.rpc), manifest=manifest, database=None)

    assert codes == ["first-block", "history-unavailable"]


def test_run_audit__a_node_without_old_transactions__is_no_silence(scenario: Scenario) -> None:
    def refuse(*_: object) -> None:
        raise RpcUnavailable("The node refused to answer.", reason="transaction indexing is in progress")

    report = scenario.audit(rpc=LyingRpc(scenario.world.rpc, transaction=refuse))

    assert [finding.code for finding in report.findings] == ["history-unavailable"] * 8
    assert "indexing" in report.findings[0].actual
