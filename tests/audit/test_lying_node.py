"""run_audit, given a node that lies or withholds: it finds exactly that"""

from collections.abc import Callable
from typing import Any

import pytest

from loyaltychain.audit.heads import FinalityRule
from loyaltychain.audit.manifest import PROXIED
from loyaltychain.chain.rpc import Log, Rpc
from loyaltychain.core.errors import Reverted
from loyaltychain.core.hashing import keccak256
from tests.audit.builders import word
from tests.audit.scenario import LyingRpc, Scenario

ONE_ON_TOP = FinalityRule(tag=None, depth=1)
SECOND_PROGRAM = keccak256(b"a second programme")


def answering(signature: str, answer: bytes) -> dict[str, Callable[..., bytes]]:
    selector = keccak256(signature.encode())[:4]

    def call(truth: bytes, target: str | None, calldata: bytes) -> bytes:
        if target is None:
            return b""  # no bulk calls: one by one
        return answer if calldata[:4] == selector else truth

    return {"call": call}


LIES = [
    ("totalSupply()", word(350), ["supply"]),
    ("lastBatchId()", word(3), ["last-batch"]),
    ("lastBatchHash()", word(3), ["last-batch-hash"]),
    ("batchHashOf(uint32)", word(3), ["batch-hash-kept"]),
    ("instanceId()", word(3), ["instance-id"]),
    ("settler()", word(3), ["settler", "settings-history"]),
    ("authority()", word(3), ["authority"]),
    ("hasRole(uint64,address)", word(0) + word(0), ["role-missing"]),
    ("hasRole(uint64,address)", word(1) + word(7), ["role-delay"]),
    ("getRoleAdmin(uint64)", word(3), ["role-admin"]),
    ("getRoleGrantDelay(uint64)", word(9), ["role-grant-delay"]),
    ("getTargetAdminDelay(address)", word(9), ["role-grant-delay"]),
    ("isTargetClosed(address)", word(1), ["target-closed"]),
    ("getTargetFunctionRole(address,bytes4)", word(9), ["function-role"]),
]


@pytest.mark.parametrize(("signature", "answer", "codes"), LIES)
def test_run_audit__one_answer_of_a_contract_false__is_found(
    scenario: Scenario, signature: str, answer: bytes, codes: list[str]
) -> None:
    lying = LyingRpc(scenario.world.rpc, **answering(signature, answer))

    assert scenario.codes(rpc=lying) == codes


@pytest.mark.parametrize(
    ("contract", "code"),
    [("PointsLedger", "proxy-foreign"), ("ProgramRegistry", "proxy-foreign"), ("AccessManager", "access-foreign")],
)
def test_run_audit__other_code_at_an_address__is_found(scenario: Scenario, contract: str, code: str) -> None:
    address = scenario.address(contract)
    lying = LyingRpc(scenario.world.rpc, code=lambda truth, asked: truth and truth + b"\x00" * (asked == address))

    assert scenario.codes(rpc=lying) == [code]


@pytest.mark.parametrize("answer", [word(1), Reverted(data="0x"), Reverted(data="0x1f2a2005" + "00" * 32)])
def test_run_audit__a_proxy_that_does_not_refuse_a_transfer__is_found(
    scenario: Scenario, answer: bytes | Reverted
) -> None:
    report = scenario.audit(rpc=Open(scenario.world.rpc, answer), database=None)

    assert [(finding.code, finding.subject) for finding in report.findings] == [
        ("kernel-open", f"{name}.transfer(address,uint256)") for name in PROXIED
    ]


class Open(LyingRpc):
    """A node whose proxies let one call through, or refuse it for another reason."""

    def __init__(self, rpc: Rpc, answer: bytes | Reverted) -> None:
        super().__init__(rpc)
        self._answer = answer

    def call(self, target: str | None, calldata: bytes, **options: Any) -> bytes:
        if calldata[:4] != keccak256(b"transfer(address,uint256)")[:4]:
            return self._rpc.call(target, calldata, **options)
        if isinstance(self._answer, Reverted):
            raise self._answer
        return self._answer


def withholding(keep: Callable[[Log], bool]) -> dict[str, Callable[..., list[Log]]]:
    return {"logs": lambda truth, _: [log for log in truth if keep(log)]}


def test_run_audit__the_last_batch_withheld__is_found_by_state_and_books(scenario: Scenario) -> None:
    lying = LyingRpc(scenario.world.rpc, **withholding(lambda log: log.block_number < 29))

    assert scenario.codes(rpc=lying, database=None) == ["supply", "balance-word", "member-balance", "last-batch"]
    assert "batch-not-on-chain" in scenario.codes(rpc=lying)


def test_run_audit__a_rewired_function_withheld__is_found_by_state(scenario: Scenario) -> None:
    scenario.send(
        "admin",
        "AccessManager",
        "setTargetFunctionRole",
        (scenario.address("PointsLedger"), [keccak256(b"unpause()")[:4]], 2**64 - 1),
    )
    lying = LyingRpc(scenario.world.rpc, **withholding(lambda log: log.block_number < 30))

    assert scenario.codes(rpc=lying) == ["function-role"]
