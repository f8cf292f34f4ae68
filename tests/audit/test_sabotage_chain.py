"""run_audit, given a programme whose settler, roles or code went wrong on chain

given a settler who lies
└── it finds the lie in the batch, from the logs alone; with the books also that they do not know it
given roles that were granted, revoked, delayed or rewired
└── it finds exactly that
given settings that were changed
└── it finds exactly that
given an upgrade
├── when the code is of a release
│   └── it finds that it changed
├── when the code is foreign
│   └── it finds that, and asks it nothing
└── when foreign code wrote into storage and put the old code back
    └── it finds what was written, and the code that ran
"""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from loyaltychain.audit.balances import Balances
from loyaltychain.audit.check_code import hash_code
from loyaltychain.audit.views import IMPLEMENTATION_SLOT
from loyaltychain.chain import artifacts
from loyaltychain.core.hashing import from_hex, keccak256
from tests.audit.builders import encode_records, word
from tests.audit.scenario import Scenario, creation_of

STRANGER = "0x" + "99" * 20
WORDS_SLOT = 0x198D1B2526D1FCBBB089231AFA7D01A3F5DD6991B7A7B84D67FD4D586D8C5F00  # of RecordsCodec
PUBLIC_ROLE = 2**64 - 1
REGISTRAR, UPGRADER = 4, 3
CAPS = (1, 1, 1, 1, 86_400, 1_000)
#: Answers proxiableUUID with EIP-1967's slot; else stores its second argument at its first. Assembled by hand:
#: shr(224, calldataload(0)) == 0x52d1902d ? return slot : sstore(calldataload(4), calldataload(36)).
WRITER = bytes.fromhex(
    "5f3560e01c6352d1902d1460165760243560043555005b7f" + word(IMPLEMENTATION_SLOT).hex() + "5f5260205ff3"
)


def settle(scenario: Scenario, deltas: dict[int, int], **changes: Any) -> None:
    """The settler's key settles a batch of its own making; ``changes`` replace values of the truth."""
    last = scenario.row("SELECT * FROM batches ORDER BY id DESC LIMIT 1")
    balances = Balances()
    balances.apply([(1, 19), (2, 330)])
    balances.apply(sorted(deltas.items()))
    batch = {
        "batchId": last["id"] + 1,
        "prevHash": from_hex(last["batch_hash"]),
        "balanceRoot": balances.root,
        "receiptRoot": bytes(32),
        "ledgerHead": from_hex(last["ledger_head"]),
        "programHash": from_hex(last["program_hash"]),
        "time": 1_790_000_000,
        "updates": len(deltas),
        "issued": sum(delta for delta in deltas.values() if delta > 0),
        "burned": -sum(delta for delta in deltas.values() if delta < 0),
    } | changes
    scenario.send("settler", "PointsLedger", "settle", (tuple(batch.values()), encode_records(deltas)))


def test_run_audit__a_false_root__is_found_from_logs_alone(scenario: Scenario) -> None:
    settle(scenario, {1: 5}, balanceRoot=b"\x66" * 32)

    report = scenario.audit(database=None)

    assert [(finding.code, finding.subject) for finding in report.findings] == [("balance-root", "batch 3")]
    assert report.findings[0].actual == "0x" + "66" * 32
    assert scenario.codes() == ["balance-root", "batch-unknown"]


def test_run_audit__invented_points__are_found_by_the_books(scenario: Scenario) -> None:
    settle(scenario, {3: 1000})

    report = scenario.audit(database=None)

    assert (report.findings, report.supply, report.members) == ((), 349 + 1000, 3)
    assert scenario.codes() == ["batch-unknown"]


def test_run_audit__rules_never_published__are_found(scenario: Scenario) -> None:
    settle(scenario, {1: 5}, programHash=b"\x66" * 32)

    assert scenario.codes(database=None) == ["program-unpublished"]


def manage(function: str, *arguments: object) -> Callable[[Scenario], None]:
    return lambda scenario: scenario.send("admin", "AccessManager", function, arguments)


def selector(signature: str) -> bytes:
    return keccak256(signature.encode())[:4]


def rewire(scenario: Scenario, contract: str, signature: str, role: int) -> None:
    arguments = (scenario.address(contract), [selector(signature)], role)
    scenario.send("admin", "AccessManager", "setTargetFunctionRole", arguments)


ACTS: Sequence[tuple[str, Callable[[Scenario], None], list[str]]] = [
    ("a stranger registers", manage("grantRole", REGISTRAR, STRANGER, 0), ["role-extra"]),
    ("a stranger is admin", manage("grantRole", 0, STRANGER, 0), ["role-extra"]),
    ("a role that nobody knows", manage("grantRole", 77, STRANGER, 0), ["role-extra"]),
    ("the upgrader waits", lambda s: manage("grantRole", UPGRADER, s.role("upgrader"), 60)(s), ["role-delay"]),
    ("no registrar", lambda s: manage("revokeRole", REGISTRAR, s.role("registrar"))(s), ["role-missing"]),
    ("another role grants", manage("setRoleAdmin", REGISTRAR, UPGRADER), ["role-admin"]),
    ("another role guards", manage("setRoleGuardian", UPGRADER, UPGRADER), ["role-admin"]),
    ("grants wait", manage("setGrantDelay", REGISTRAR, 60), ["role-grant-delay"]),
    ("anybody sets the settler", lambda s: rewire(s, "PointsLedger", "setSettler(address)", PUBLIC_ROLE),
     ["function-role"]),
    ("a function of no table", lambda s: rewire(s, "PointsLedger", "mint(address)", PUBLIC_ROLE), ["function-role"]),
    ("the ledger is closed", lambda s: manage("setTargetClosed", s.address("PointsLedger"), True)(s),
     ["target-closed"]),
    ("another settler", lambda s: s.send("config", "PointsLedger", "setSettler", (STRANGER,)), ["settler"]),
    ("lower caps", lambda s: s.send("guardian", "PointsLedger", "lowerCaps", (CAPS,)), ["caps-changed"]),
    ("a pause", lambda s: s.send("guardian", "PointsLedger", "pause", ()), ["paused"]),
]  # fmt: skip


@pytest.mark.parametrize(("act", "codes"), [act[1:] for act in ACTS], ids=[act[0] for act in ACTS])
def test_run_audit__one_act__is_found(scenario: Scenario, act: Callable[[Scenario], None], codes: list[str]) -> None:
    act(scenario)

    assert scenario.codes() == codes


def test_run_audit__a_role_granted_and_revoked__leaves_nothing(scenario: Scenario) -> None:
    manage("grantRole", REGISTRAR, STRANGER, 0)(scenario)
    manage("revokeRole", REGISTRAR, STRANGER)(scenario)

    assert scenario.codes() == []


def test_run_audit__another_access_manager__is_found(scenario: Scenario) -> None:
    other = scenario.create(creation_of(artifacts.load("AccessManager").runtime_code))

    manage("updateAuthority", scenario.address("ProgramRegistry"), other)(scenario)

    assert scenario.codes() == ["authority"]


def upgrade(scenario: Scenario, implementation: str) -> None:
    scenario.send("upgrader", "PointsLedger", "upgradeToAndCall", (implementation, b""))


def test_run_audit__an_upgrade_to_the_same_release__is_named(scenario: Scenario) -> None:
    implementation = scenario.create(artifacts.load("PointsLedger").creation_code)

    upgrade(scenario, implementation)

    report = scenario.audit()
    assert [(finding.code, finding.actual) for finding in report.findings] == [
        ("implementation-changed", implementation)
    ]


@pytest.mark.parametrize("name", ["PointsLedger", "ProgramRegistry"])
def test_hash_code__a_constant__must_be_its_own_address(name: str) -> None:
    artifact = artifacts.load(name)
    own = bytearray(artifact.runtime_code)
    foreign = bytearray(artifact.runtime_code)
    assert artifact.immutable_references
    for start, length in artifact.immutable_references:
        own[start : start + length] = int(STRANGER, 16).to_bytes(length, "big")
        foreign[start : start + length] = word(5)

    assert hash_code(bytes(own), address=STRANGER) == artifact.code_hash
    assert hash_code(bytes(own), address="0x" + "98" * 20) != artifact.code_hash
    assert hash_code(bytes(foreign), address=STRANGER) != artifact.code_hash


def test_run_audit__an_upgrade_to_foreign_code__is_found_and_not_asked(scenario: Scenario) -> None:
    upgrade(scenario, scenario.create(creation_of(WRITER)))

    assert scenario.codes() == ["implementation-foreign", "implementation-changed"]


def write(scenario: Scenario, slot: int, value: int) -> None:
    scenario.send_bytes("deployer", scenario.address("PointsLedger"), b"\x00\x00\x00\x01" + word(slot) + word(value))


def test_run_audit__foreign_code_that_wrote_and_left__is_found(scenario: Scenario) -> None:
    upgrade(scenario, scenario.create(creation_of(WRITER)))
    write(scenario, WORDS_SLOT, 20 << 32 | 330 << 64)
    write(scenario, IMPLEMENTATION_SLOT, int(scenario.manifest["contracts"]["PointsLedger"]["implementation"], 16))

    report = scenario.audit()

    assert [(finding.code, finding.subject.partition(" at ")[0]) for finding in report.findings] == [
        ("implementation-slot", "PointsLedger"),
        ("implementation-foreign", "PointsLedger"),
        ("balance-word", "word 0"),
        ("member-balance", "member 1"),
        ("implementation-changed", "PointsLedger"),
    ]
    assert (report.findings[3].expected, report.findings[3].actual) == ("19", "20")
