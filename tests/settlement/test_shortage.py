"""is_over_cap
├── given each of the contract's cap errors: true
└── given another reason, or none: false
explain_shortage
├── given a cap below what the batch moves: names it, and how high it has to be again
├── given several: names each
├── given a supply cap: the supply after the batch
└── given that every cap holds the batch: the bucket refills by itself
explain_pending
├── given the contract's own words for a full history: says until when, and that nothing has to be done
└── given another reason, or none: nothing
"""

from dataclasses import replace
from typing import Any

import pytest

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_revert, selector
from loyaltychain.settlement.header import GENESIS_HEADER, Header
from loyaltychain.settlement.shortage import CAP_ERRORS, explain_pending, explain_shortage, is_over_cap

HEADER: Header = replace(GENESIS_HEADER, batch_id=1, issued=42, burned=7)
CAPS = {"issuePerBatch": 42, "burnPerBatch": 7, "issuePerPeriod": 42, "burnPerPeriod": 7, "periodSeconds": 1,
        "supplyCap": 135}  # fmt: skip


def explain(header: Header = HEADER, **caps: int) -> str:
    return explain_shortage(header, CAPS | caps, supply=100)


def test_is_over_cap__each_cap_error_of_the_contract__true() -> None:
    known = {element["name"] for element in artifacts.load("PointsLedger").abi if element["type"] == "error"}

    assert set(CAP_ERRORS) == {name for name in known if name.endswith("Cap") and "Over" in name}
    assert all(is_over_cap(f"{name}(issued=2, cap=1)") for name in CAP_ERRORS)


@pytest.mark.parametrize("reason", [None, "", "LedgerIsPaused()", "0x1234 lacks 5 wei", "needs 3 gas"])
def test_is_over_cap__another_reason__false(reason: str | None) -> None:
    assert is_over_cap(reason) is False


@pytest.mark.parametrize(
    ("caps", "wanted"),
    [
        ({"issuePerBatch": 41}, "42 (issuePerBatch)"),
        ({"burnPerBatch": 6}, "7 (burnPerBatch)"),
        ({"issuePerPeriod": 0}, "42 (issuePerPeriod)"),
        ({"burnPerPeriod": 6}, "7 (burnPerPeriod)"),
        ({"supplyCap": 134}, "135 (supplyCap)"),
        ({"issuePerBatch": 41, "issuePerPeriod": 41}, "42 (issuePerBatch), 42 (issuePerPeriod)"),
    ],
)
def test_explain_shortage__cap_too_low__how_high_again(caps: dict[str, Any], wanted: str) -> None:
    assert explain(**caps) == f"let the config role raise the caps to at least {wanted} again"


def test_explain_shortage__supply_shrinks__needs_no_supply_cap() -> None:
    shrinking = replace(HEADER, issued=7, burned=7)

    assert explain(shrinking, supplyCap=0) == "the period's bucket refills with time"


def test_explain_shortage__every_cap_holds__refills() -> None:
    assert explain() == "the period's bucket refills with time"


def test_explain_pending__full_history__says_until_when() -> None:
    raw = selector("TooManyPending(uint256)") + (1_767_268_800).to_bytes(32, "big")
    reason = decode_revert([artifacts.load("PointsLedger").abi], raw)

    advice = explain_pending(reason)

    assert advice == "the oldest pending batch is final at 2026-01-01T12:00:00Z; it is tried again by itself then"


@pytest.mark.parametrize("reason", [None, "", "LedgerIsPaused()", "IssueOverBatchCap(issued=2, cap=1)"])
def test_explain_pending__another_reason__nothing(reason: str | None) -> None:
    assert explain_pending(reason) is None
