"""run_audit, given a ledger in root mode

given true batches
└── it finds nothing, and says how many can still be voided
given a batch that is false in one way
├── when it is pending
│   └── it names the fraud and until when to challenge it       (one case a fraud)
├── when its window is over
│   └── it says that nobody can void it any more
├── when it was voided
│   └── balances, supply and history are those before it; a warning stays
├── when only a log file is at hand
│   └── it cannot tell whether it can still be voided
└── when it was voided and logs of that were withheld
    └── state and logs contradict each other
given a true batch of which logs say that it was voided
└── it finds that there was no ground
"""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from loyaltychain.audit.lies import Fraud
from loyaltychain.audit.report import Report, print_report
from loyaltychain.core.hashing import keccak256
from loyaltychain.core.times import format_instant
from tests.audit.builders import address_word, make_log, word
from tests.audit.root_ledger import WINDOW, RootLedger
from tests.audit.scenario import LyingRpc
from tests.contracts.dense import encode_dense
from tests.contracts.rice import encode_rice

VOIDED = keccak256(b"BatchVoided(uint32,uint32,address,uint8)")


def test_run_audit__true_batches__finds_nothing_and_counts_the_pending(root: RootLedger) -> None:
    root.settle({1: 5, 17: 40_000})
    root.settle({1: 7, 2: 1}, data=encode_rice({1: 7, 2: 1}))
    root.end_window()
    root.settle({17: -1, 18: 4}, data=encode_dense({17: -1, 18: 4}))

    report = root.audit()

    assert report.findings == ()
    assert (report.batches, report.pending, report.voided, report.mode) == (3, 1, 0, "root")
    assert (report.supply, report.members) == (40_016, 4)
    assert say(report) == "Root mode: 1 batch can still be voided; 0 batches were voided."


#: What is settled behind {1: 5}, what is false about it, and what an audit finds besides.
LIES: dict[str, tuple[dict[int, int], dict[str, Any], Fraud, list[str]]] = {
    "malformed data": (
        {1: 1}, {"data": b"\x01\x01\x00\x00"}, Fraud.MALFORMED_DATA,
        ["data-malformed", "batch-updates", "batch-issued", "balance-root", "batch-false-pending", "supply"],
    ),
    "wrong totals": (
        {1: 1}, {"issued": 1_000}, Fraud.WRONG_TOTALS, ["batch-issued", "batch-false-pending", "supply"],
    ),
    "a lane left": (
        {1: -6, 2: 6}, {"words": {0: 11 << 64}}, Fraud.LANE_LEFT,
        ["balance-range", "balance-root", "batch-false-pending", "supply"],
    ),
    "a wrong root": (
        {2: 1}, {"words": {0: 5 << 32 | 1 << 64, 9: 1}}, Fraud.WRONG_ROOT, ["balance-root", "batch-false-pending"],
    ),
    "a root of no tree": (
        {2: 1}, {"balance_root": b"\x66" * 32}, Fraud.WRONG_ROOT, ["balance-root", "batch-false-pending"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("deltas", "lies", "fraud", "codes"), LIES.values(), ids=LIES)
def test_run_audit__a_false_pending_batch__is_named_with_its_fraud(
    root: RootLedger, *, deltas: dict[int, int], lies: dict[str, Any], fraud: Fraud, codes: list[str]
) -> None:
    root.settle({1: 5})
    root.settle(deltas, **lies)

    report = root.audit()

    assert [finding.code for finding in report.findings] == codes
    (told,) = [finding for finding in report.findings if finding.code == "batch-false-pending"]
    settled_at = root.scenario.world.rpc.block("latest").timestamp
    assert told.subject == "batch 2"
    assert told.expected == f"a challenge before {format_instant(settled_at + WINDOW)}"
    assert report.pending == 2


def test_run_audit__a_false_final_batch__cannot_be_voided_any_more(root: RootLedger) -> None:
    root.settle({1: 5}, balance_root=b"\x66" * 32)
    root.end_window()
    root.settle({2: 1}, words={0: 5 << 32 | 1 << 64})

    assert root.found() == [("balance-root", "batch 1"), ("batch-false-final", "batch 1")]


@pytest.mark.parametrize("name", ["malformed data", "wrong totals", "a wrong root"])
def test_run_audit__a_voided_batch__never_was(root: RootLedger, name: str) -> None:
    deltas, lies, _, _ = LIES[name]
    root.settle({1: 5})
    root.settle(deltas, **lies)
    root.settle({3: 3})
    root.challenge(place=2, index=9 if name == "a wrong root" else None)

    report = root.audit()
    root.role("config", "unpause")
    root.settle({8: 8})

    assert [(f.code, f.subject) for f in report.findings] == [
        ("batch-voided", "batches 2 to 3"),
        ("paused", "PointsLedger"),
    ]
    assert "shown by 0x" in report.findings[0].actual
    assert (report.batches, report.voided, report.supply, report.members) == (1, 2, 5, 1)
    assert root.found() == [("batch-voided", "batches 2 to 3")]
    assert (root.audit().supply, root.audit().batches) == (13, 2)


def test_run_audit__many_voids__history_and_checkpoints_hold(root: RootLedger) -> None:
    for batch in range(1, 131):
        if batch % 64 in (0, 1):
            root.settle({1: 1}, balance_root=b"\x66" * 32, issued=2)
            root.challenge()
            root.role("config", "unpause")
        elif batch % 20 == 0:
            root.end_window()
            root.settle({batch: 1})
        else:
            root.settle({batch: 1})

    report = root.audit()

    assert {finding.code for finding in report.findings} == {"batch-voided"}
    assert (report.batches, report.voided) == (125, 5)
    unknown = LyingRpc(root.scenario.world.rpc, call=answering("isCheckpoint(bytes32)", word(0)))
    assert root.found(rpc=unknown)[0] == ("checkpoint-missing", "PointsLedger")


def answering(signature: str, answer: bytes) -> Any:
    selector = keccak256(signature.encode())[:4]
    return lambda truth, _, calldata: answer if calldata[:4] == selector else truth


def test_run_audit__a_log_file_alone__cannot_tell_what_is_pending(root: RootLedger, tmp_path: Path) -> None:
    root.settle({1: 5}, balance_root=b"\x66" * 32)
    file = tmp_path / "logs.jsonl"
    root.audit(export=file)

    report = root.audit(rpc=None, logs=file)

    assert [finding.code for finding in report.findings] == ["balance-root", "batch-false"]
    assert report.findings[1].expected == f"a challenge within {WINDOW} seconds of block {report.findings[1].block}"
    assert report.pending is None
    assert say(report) == (
        "Root mode: without a node nobody can tell which batches can still be voided; 0 batches were voided."
    )


def say(report: Report) -> str:
    """The second line of the report as text."""
    shown = StringIO()
    print_report(report, Console(file=shown, width=140))
    return shown.getvalue().splitlines()[2]


def test_run_audit__a_void_withheld__contradicts_the_state(root: RootLedger) -> None:
    root.settle({1: 5})
    root.settle({1: 1}, issued=2)
    root.challenge()
    lying = LyingRpc(root.scenario.world.rpc, logs=lambda truth, *_: [log for log in truth if log.topics[0] != VOIDED])

    found = {finding.code for finding in root.audit(rpc=lying).findings}

    assert found >= {"supply", "last-batch-hash", "batch-hash-kept", "batch-false-pending"}


@pytest.mark.parametrize(("first", "last", "fraud"), [(2, 2, 3), (1, 2, 0), (1, 1, 3), (3, 3, 3), (2, 2, 9)])
def test_run_audit__a_true_batch_voided__is_unfounded(root: RootLedger, *, first: int, last: int, fraud: int) -> None:
    root.settle({1: 5})
    root.settle({1: 1})
    pin = root.audit().pin.number
    void = make_log(
        "BatchVoided(uint32,uint32,address,uint8)",
        topics=[word(first), word(last), address_word("0x" + "99" * 20)], data=word(fraud),
        address=root.scenario.address("PointsLedger"), block=pin, index=9,
    )  # fmt: skip
    lying = LyingRpc(root.scenario.world.rpc, logs=lambda truth, *_: [*truth, void])

    assert "void-unfounded" in {finding.code for finding in root.audit(rpc=lying).findings}
