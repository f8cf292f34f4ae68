"""run_audit

given a programme that ran
├── when all sources are at hand
│   └── it finds nothing, and says what it looked at
├── when only a log file is at hand
│   └── it comes to the same
└── when the database, or the chain, has gone on since the log file
    └── it does not judge what came later
given a log file that was edited
└── it finds what the edit broke; with a node, that the file differs
given a node that lies or withholds
└── it finds exactly that
given sources that do not belong together
└── it refuses to begin
"""

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from loyaltychain.audit.report import print_report
from loyaltychain.chain.rpc import Block, Log
from loyaltychain.core.errors import InvalidSettings, RpcUnavailable, WrongChain
from loyaltychain.core.hashing import keccak256
from tests.audit.builders import word
from tests.audit.scenario import THIRD_WEEK, LyingRpc, Scenario

SECOND_PROGRAM = keccak256(b"a second programme")


def test_run_audit__a_clean_programme__finds_nothing(scenario: Scenario) -> None:
    report = scenario.audit()

    document = report.document()
    assert report.findings == ()
    assert report.is_clean
    assert document.pop("peak_mb")
    assert document.pop("block") == {"number": 29, "hash": "0x" + report.pin.hash.hex()}
    assert document == {
        "network": "local",
        "findings": [],
        "batches": 2,
        "updates": 4,
        "receipts": 5,
        "members": 2,
        "supply": 349,
        "finality": "final",
        "mode": "push",
        "pending": 0,
        "voided": 0,
        "sources": ["logs", "contracts", "database"],
        "seconds": 0.0,
    }


def test_run_audit__a_log_file_alone__comes_to_the_same(scenario: Scenario, exported_logs: Path) -> None:
    report = scenario.audit(rpc=None, database=None, logs=exported_logs)

    assert (report.findings, report.supply, report.receipts, report.finality) == ((), 349, None, "from file")
    assert report.pin == scenario.audit().pin
    assert scenario.codes(logs=exported_logs) == []
    assert report.sources == ("logs",)
    shown = StringIO()
    print_report(report, Console(file=shown, width=140))
    assert " ".join(shown.getvalue().splitlines()[2:4]) == (
        "Without a node nobody can tell which code runs, how the contracts were created, what they logged before the "
        "first block, or whether the logs in this file are the chain's."
    )


def test_run_audit__below_the_head__looks_at_final_blocks_only(scenario: Scenario) -> None:
    report = scenario.audit(finality_depth=1, database=None)

    assert (report.pin.number, report.batches, report.supply, report.findings) == (28, 1, 412, ())


def test_run_audit__books_that_went_on__are_not_judged_for_it(scenario: Scenario, exported_logs: Path) -> None:
    scenario.work(THIRD_WEEK)

    assert scenario.codes() == []
    assert scenario.codes(rpc=None, logs=exported_logs) == []
    assert scenario.audit().batches == 3


def edit_log(file: Path, copy: Path, line: int, change: Callable[[dict[str, Any]], None] | None) -> Path:
    lines = file.read_text("utf-8").splitlines()
    if change is None:
        del lines[line]
    else:
        log = json.loads(lines[line])
        change(log)
        lines[line] = json.dumps(log)
    copy.write_text("\n".join(lines), encoding="utf-8")
    return copy


def set_byte(at: int) -> Callable[[dict[str, Any]], None]:
    def change(log: dict[str, Any]) -> None:
        content = bytearray.fromhex(log["data"][2:])
        content[at] ^= 1
        log["data"] = "0x" + content.hex()

    return change


FILE_EDITS = [
    ("a point more in the last content", -1, set_byte(64 + 3), ["data-hash", "batch-issued", "balance-root"]),
    ("the last content cut off", -1, None, ["data-missing", "balance-root", "log-file-cut"]),
    ("a bit of the last header's time", -2, set_byte(32 * 7 + 31), ["batch-hash"]),
    ("the batch settled elsewhere", -2, lambda log: log.update(tx_hash="0x" + "66" * 32),
     ["data-missing", "data-unexpected", "balance-root"]),
    ("the last header unreadable", -2, lambda log: log.update(data="0x"), ["log-unreadable", "data-unexpected"]),
]  # fmt: skip


@pytest.mark.parametrize(("line", "change", "codes"), [edit[1:] for edit in FILE_EDITS], ids=[e[0] for e in FILE_EDITS])
def test_run_audit__a_line_of_the_file_edited__is_found(
    scenario: Scenario, exported_logs: Path, tmp_path: Path, *, line: int, change: Any, codes: list[str]
) -> None:
    edited = edit_log(exported_logs, tmp_path / "edited.jsonl", line, change)

    assert scenario.codes(rpc=None, database=None, logs=edited) == codes
    assert "log-file-differs" in scenario.codes(database=None, logs=edited)


def test_run_audit__a_file_edited_where_nothing_hangs_on_it__still_differs(
    scenario: Scenario, exported_logs: Path, tmp_path: Path
) -> None:
    edited = edit_log(exported_logs, tmp_path / "edited.jsonl", 1, lambda log: log.update(tx_hash="0x" + "66" * 32))

    assert scenario.codes(logs=edited) == ["log-file-differs"]


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
    ("settler()", word(3), ["settler"]),
    ("authority()", word(3), ["authority"]),
    ("hasRole(uint64,address)", word(0) + word(0), ["role-missing"]),
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


def test_run_audit__rules_replaced_without_notice__are_found(scenario: Scenario) -> None:
    scenario.send("registrar", "ProgramRegistry", "publish", (SECOND_PROGRAM, 5))

    report = scenario.audit()

    assert [(finding.code, finding.subject) for finding in report.findings] == [
        ("publication-row", "programme 2"),
        ("program-superseded", "earn:shop/S-5:spend"),
    ]


def test_run_audit__a_reorganisation_meanwhile__must_begin_again(scenario: Scenario) -> None:
    seen = []

    def other_later(truth: Block, number: object) -> Block:
        seen.append(number)
        return replace(truth, hash=b"\x66" * 32) if seen.count(29) > 1 else truth

    lying = LyingRpc(scenario.world.rpc, block=other_later)

    with pytest.raises(RpcUnavailable, match=r"reorganised.*block: 29"):
        scenario.audit(rpc=lying)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"chain_id": 1}, "another chain"), ({"genesis_hash": "0x" + "66" * 32}, "another beginning")],
)
def test_run_audit__another_chain__is_refused(scenario: Scenario, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongChain, match=message):
        scenario.audit(manifest=scenario.manifest | changes)


def test_run_audit__a_file_of_other_contracts__is_refused(scenario: Scenario, exported_logs: Path) -> None:
    with pytest.raises(InvalidSettings, match="other contracts"):
        scenario.audit(rpc=None, logs=exported_logs, manifest=scenario.manifest | {"chain_id": 1})


def test_run_audit__nothing_to_audit__is_refused(scenario: Scenario) -> None:
    with pytest.raises(InvalidSettings, match="a node or a file"):
        scenario.audit(rpc=None)


@pytest.mark.parametrize(
    "field", ["network", "chain_id", "genesis_hash", "instance_id", "contracts", "roles", "caps", "wallets"]
)
def test_run_audit__a_manifest_without_a_field__is_refused(scenario: Scenario, field: str) -> None:
    manifest = {name: value for name, value in scenario.manifest.items() if name != field}

    with pytest.raises(InvalidSettings, match=field):
        scenario.audit(manifest=manifest)


@pytest.mark.parametrize("value", ["0x66", "66" * 32, "0x" + "6g" * 32, 7])
def test_run_audit__a_manifest_with_a_false_hash__is_refused(scenario: Scenario, value: object) -> None:
    with pytest.raises(InvalidSettings, match="instance_id"):
        scenario.audit(manifest=scenario.manifest | {"instance_id": value})


def test_print_report__findings__stand_with_their_meaning(scenario: Scenario) -> None:
    scenario.send("guardian", "PointsLedger", "pause", ())
    clean, paused = StringIO(), StringIO()

    print_report(scenario.audit(finality_depth=1), Console(file=clean, width=140))
    print_report(scenario.audit(), Console(file=paused, width=140))

    assert "local: 2 batches, 4 updates, 5 receipts, 2 members, 349 points, up to block 29 (final)" in clean.getvalue()
    assert clean.getvalue().endswith("Nothing was found.\n")
    assert paused.getvalue().splitlines()[2:] == [
        "",
        "warning paused: PointsLedger, block 30",
        "  expected  running",
        "  actual    paused",
        "  The ledger is paused: no batch can be settled.",
        "",
        "1 finding, 1 warning among them.",
    ]
