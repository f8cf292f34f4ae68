"""run_audit, given a programme with bound wallets and transfer logs

├── given true bindings, batches and logs, it finds nothing; from logs alone it comes to the same
├── given logs that were switched off and on with bindings between, it finds nothing
├── given a binding, an unbinding or a transfer log that was withheld, invented or changed, it finds exactly that
├── given the last of a batch's many transfer logs changed, it finds that and says which
├── given a registry that answers otherwise than its logs, it finds it
├── given settings for wallets that were changed, it finds exactly that
└── given foreign code in the registry, it asks it nothing
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loyaltychain.chain import artifacts
from loyaltychain.chain.rpc import Log
from loyaltychain.chain.signer import PrivateKey
from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.hashing import keccak256
from loyaltychain.wallets.bindings import next_binding
from loyaltychain.wallets.voucher import sign_consent, sign_voucher
from tests.audit.builders import address_word, word
from tests.audit.scenario import HEADER, THIRD_WEEK, LyingRpc, Scenario, copied

ANN, BOB, CAY = 1, 2, 3  # the members' numbers
KEYS = {number: PrivateKey(keccak256(b"wallet" + bytes([number]))) for number in (1, 2, 3)}
STRANGER = "0x" + "99" * 20
FOURTH_WEEK = HEADER + "".join(
    f"S-7-{who},{who},sale,2026-01-26T09:00:00+00:00,20.00,\n" for who in ("ann", "bob", "cay")
)
BOUND, UNBOUND, TRANSFER = (
    keccak256(signature)
    for signature in (b"WalletBound(uint32,address)", b"WalletUnbound(uint32,address)",
                      b"Transfer(address,address,uint256)")
)  # fmt: skip


def bind(scenario: Scenario, member: int, key: PrivateKey) -> None:
    world = scenario.world
    binding = next_binding(world.rpc, scenario.manifest, member=member, wallet=key.address, seconds=3600)
    voucher = sign_voucher(binding, world.key("registrar"))
    arguments = (member, key.address, binding.deadline, voucher.signature, sign_consent(binding, key))
    scenario.send("registrar", "MemberRegistry", "bind", arguments)


@pytest.fixture(scope="module")
def bound_home(built_programme: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programme with transfer logs on, two members bound, one of them again elsewhere, and a batch after that."""
    home = tmp_path_factory.mktemp("bound") / "home"
    with copied(built_programme, home) as scenario:
        scenario.send("config", "PointsLedger", "setTransferLogs", (True,))
        bind(scenario, ANN, KEYS[1])
        bind(scenario, BOB, KEYS[2])
        scenario.send("config", "MemberRegistry", "forceUnbind", (BOB,))
        bind(scenario, BOB, KEYS[3])
        scenario.work(THIRD_WEEK.replace("cay", "bob"), "third.csv")
    return home


@pytest.fixture
def scenario(bound_home: Path, tmp_path: Path) -> Iterator[Scenario]:
    with copied(bound_home, tmp_path / "home") as scenario:
        yield scenario


def as_remembered(scenario: Scenario) -> dict[str, Any]:
    """The manifest after ``verify --accept``."""
    manifest = scenario.manifest
    return {**manifest, "wallets": {**manifest["wallets"], "transfer_logs": True}}


def found(scenario: Scenario, **changes: Any) -> list[tuple[str, str]]:
    sources = {"manifest": as_remembered(scenario)} | changes
    return [(finding.code, finding.subject) for finding in scenario.audit(**sources).findings]


def logs_of(scenario: Scenario, topic: bytes) -> list[Log]:
    addresses = [facts["address"] for facts in scenario.manifest["contracts"].values()]
    logs = scenario.world.rpc.logs(addresses, first=0, last=scenario.world.rpc.block("latest").number)
    return [log for log in logs if log.topics[0] == topic]


def test_run_audit__true_bindings_and_logs__finds_nothing(scenario: Scenario, tmp_path: Path) -> None:
    exported = tmp_path / "logs.jsonl"

    assert found(scenario, export=exported) == []
    assert found(scenario, rpc=None, database=None, logs=exported) == []
    assert len(logs_of(scenario, TRANSFER)) == 5  # three bindings, one unbinding, one batch


def test_run_audit__logs_switched_with_bindings_between__finds_nothing(scenario: Scenario) -> None:
    scenario.send("config", "PointsLedger", "setTransferLogs", (False,))
    scenario.send("config", "MemberRegistry", "forceUnbind", (ANN,))
    bind(scenario, CAY, KEYS[2])
    scenario.work(FOURTH_WEEK, "fourth.csv")
    scenario.send("config", "PointsLedger", "setTransferLogs", (True,))
    bind(scenario, ANN, KEYS[1])
    scenario.send("config", "MemberRegistry", "forceUnbind", (CAY,))

    assert found(scenario) == []
    assert found(scenario, database=None) == []


def with_logs(scenario: Scenario, change: Callable[[list[Log]], list[Log]]) -> LyingRpc:
    return LyingRpc(scenario.world.rpc, logs=lambda truth, _: change(truth))


def without(log: Log) -> Callable[[list[Log]], list[Log]]:
    return lambda logs: [each for each in logs if each != log]


def changed(log: Log, **values: Any) -> Callable[[list[Log]], list[Log]]:
    return lambda logs: [replace(each, **values) if each == log else each for each in logs]


def mismatch(log: Log) -> tuple[str, str]:
    return ("transfer-log-mismatch", f"transaction 0x{log.tx_hash.hex()}")


@pytest.mark.parametrize("number", range(5))
def test_run_audit__a_transfer_log_withheld__is_found(scenario: Scenario, number: int) -> None:
    log = logs_of(scenario, TRANSFER)[number]

    assert found(scenario, rpc=with_logs(scenario, without(log))) == [mismatch(log)]


def test_run_audit__a_transfer_log_changed_or_invented__is_found(scenario: Scenario) -> None:
    log = logs_of(scenario, TRANSFER)[-1]
    more = replace(log, data=word(int.from_bytes(log.data) + 1))
    elsewhere = replace(log, topics=(*log.topics[:2], address_word(STRANGER)))

    assert found(scenario, rpc=with_logs(scenario, changed(log, data=more.data))) == [mismatch(log)]
    assert found(scenario, rpc=with_logs(scenario, changed(log, topics=elsewhere.topics))) == [mismatch(log)]
    assert found(scenario, rpc=with_logs(scenario, lambda logs: [*logs, more])) == [mismatch(log)]


def test_run_audit__the_last_of_many_transfers_changed__is_found_and_named(scenario: Scenario) -> None:
    bind(scenario, CAY, KEYS[2])
    scenario.work(FOURTH_WEEK, "fourth.csv")
    log = logs_of(scenario, TRANSFER)[-1]
    points = int.from_bytes(log.data)

    (finding,) = scenario.audit(
        manifest=as_remembered(scenario), rpc=with_logs(scenario, changed(log, data=word(points + 1)))
    ).findings

    assert (finding.code, finding.subject) == mismatch(log)
    assert finding.expected.startswith(f"3 transfers, number 3: {points} from ")
    assert finding.actual.startswith(f"3 transfers, number 3: {points + 1} from ")


def test_run_audit__bindings_withheld__are_found_by_state_and_transfers(scenario: Scenario) -> None:
    bound = logs_of(scenario, BOUND)
    (unbound,) = logs_of(scenario, UNBOUND)

    assert ("binding-mismatch", f"WalletUnbound of member 2 and {KEYS[2].address}") in found(
        scenario, rpc=with_logs(scenario, without(bound[1]))
    )
    assert found(scenario, rpc=with_logs(scenario, without(unbound))) == [
        ("binding-mismatch", f"WalletBound of member 2 and {KEYS[3].address}"),
        ("binding-mismatch", f"member of {KEYS[2].address}"),
        mismatch(unbound),
    ]
    assert "transfer-log-mismatch" in [code for code, _ in found(scenario, rpc=with_logs(scenario, without(bound[2])))]


def test_run_audit__a_binding_that_the_registry_does_not_have__is_found(scenario: Scenario) -> None:
    last = logs_of(scenario, BOUND)[-1]
    invented = replace(last, topics=(BOUND, word(7), address_word(STRANGER)), index=last.index + 100)

    assert found(scenario, rpc=with_logs(scenario, lambda logs: [*logs, invented]), database=None) == [
        ("binding-mismatch", "wallet of member 7"),
        ("binding-mismatch", f"member of {STRANGER}"),
    ]


ACTS: dict[str, tuple[str, str, str, tuple[object, ...], str]] = {
    "no transfer logs": ("config", "PointsLedger", "setTransferLogs", (False,), "transfer logs"),
    "another voucher signer": ("config", "MemberRegistry", "setVoucherSigner", (STRANGER,), "voucher signer"),
    "a stop": ("guardian", "MemberRegistry", "stopBinding", (), "voucher signer"),
}


@pytest.mark.parametrize("name", ACTS)
def test_run_audit__a_setting_for_wallets_changed__is_found(scenario: Scenario, name: str) -> None:
    role, contract, function, arguments, subject = ACTS[name]

    scenario.send(role, contract, function, arguments)

    assert found(scenario) == [("wallet-settings", subject)]


def test_run_audit__another_rebind_delay_in_the_manifest__is_found(scenario: Scenario) -> None:
    manifest = as_remembered(scenario)
    manifest["wallets"]["rebind_delay"] += 1

    assert found(scenario, manifest=manifest) == [("wallet-settings", "rebind delay")]


@pytest.mark.parametrize("value", [None, 1, "yes"])
def test_run_audit__a_manifest_that_does_not_say_whether_there_are_logs__is_refused(
    scenario: Scenario, value: object
) -> None:
    manifest = as_remembered(scenario)
    manifest["wallets"]["transfer_logs"] = value

    with pytest.raises(InvalidSettings, match="yes or no"):
        scenario.audit(manifest=manifest)


def test_run_audit__foreign_code_in_the_registry__is_found_and_not_asked(scenario: Scenario) -> None:
    other = scenario.create(artifacts.load("ProgramRegistry").creation_code)  # of a release, but another contract's
    scenario.send("upgrader", "MemberRegistry", "upgradeToAndCall", (other, b""))

    codes = [code for code, _ in found(scenario)]

    assert codes == ["implementation-foreign", "implementation-changed"]


def test_run_audit__a_programme_without_wallets__says_nothing_of_them(built_programme: Path, tmp_path: Path) -> None:
    with copied(built_programme, tmp_path / "home") as scenario:
        assert scenario.codes() == []
