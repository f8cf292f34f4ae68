"""verify_receipt, with a node

given a receipt that the programme issued
├── when its batch is among the newest
│   └── the contract knows its hash
├── when the contract has forgotten the batch
│   └── the logs know it
└── when the manifest is at hand
    └── ledger, chain and network are its own
given a receipt whose batch was forged, consistently
└── only the chain tells
given a node of another chain, or a contract that is none
└── it is not proven
"""

import json
from typing import Any

import pytest

from loyaltychain.audit.receipt import verify_receipt
from loyaltychain.core.errors import Reverted
from loyaltychain.core.hashing import from_hex, keccak256, to_hex
from loyaltychain.db.engine import reading
from loyaltychain.settlement.receipts import show_receipt
from tests.audit.builders import make_receipt
from tests.audit.scenario import LyingRpc, Scenario

ASKED = keccak256(b"batchHashOf(uint32)")[:4]


def receipt_of(scenario: Scenario, batch: int, index: int) -> dict[str, Any]:
    with reading(scenario.world.engine) as tx:
        document = show_receipt(tx, scenario.world.deployment, place=(batch, index))
    on_paper: dict[str, Any] = json.loads(json.dumps(document))
    return on_paper


@pytest.mark.parametrize(("batch", "index", "amount"), [(1, 0, 12), (1, 1, 400), (2, 0, -100), (2, 1, 7), (2, 2, 30)])
def test_verify_receipt__as_issued__holds(scenario: Scenario, *, batch: int, index: int, amount: int) -> None:
    document = receipt_of(scenario, batch, index)

    verdict = verify_receipt(document, scenario.world.rpc, manifest_document=scenario.manifest)

    assert verdict.ok, verdict.checks
    assert document["amount"] == amount
    assert [check.name for check in verdict.checks] == [
        "entry digest", "amount", "rules", "proof", "batch hash", "programme", "chain", "batch on chain",
        "finality",
    ]  # fmt: skip


def test_verify_receipt__forgotten_by_the_contract__is_found_in_logs(scenario: Scenario) -> None:
    def forget(truth: bytes, _: object, calldata: bytes) -> bytes:
        if calldata[:4] == ASKED:
            raise Reverted(data="0x")
        return truth

    forgetful = LyingRpc(scenario.world.rpc, call=forget)
    document = receipt_of(scenario, 1, 0)

    assert verify_receipt(document, forgetful).ok
    document["batch"]["batchId"] = 9
    assert (
        verify_receipt(document, forgetful).checks[-1].detail
        == f"expected nothing, got {document['batch']['batchHash']}"
    )


def test_verify_receipt__a_forged_batch__is_told_by_the_chain_alone(scenario: Scenario) -> None:
    document = make_receipt() | {"chain_id": scenario.manifest["chain_id"]}
    assert verify_receipt(document).ok

    verdict = verify_receipt(document, scenario.world.rpc)

    assert [check.name for check in verdict.checks if not check.ok] == ["batch on chain"]


def test_verify_receipt__another_balance_root__is_told_by_the_chain(scenario: Scenario) -> None:
    document = receipt_of(scenario, 2, 0)
    document["batch"]["balanceRoot"] = to_hex(bytes(32))
    honest = verify_receipt(document)
    computed = honest.checks[-1].detail.split()[1].rstrip(",")
    document["batch"]["batchHash"] = computed
    assert len(from_hex(computed)) == 32
    assert verify_receipt(document).ok

    verdict = verify_receipt(document, scenario.world.rpc)

    assert [check.name for check in verdict.checks if not check.ok] == ["batch on chain"]


def test_verify_receipt__a_node_of_another_chain__proves_nothing(scenario: Scenario) -> None:
    other = LyingRpc(scenario.world.rpc, chain_id=lambda truth: truth + 1)

    verdict = verify_receipt(receipt_of(scenario, 1, 0), other)

    assert [check.name for check in verdict.checks if not check.ok] == ["chain"]
