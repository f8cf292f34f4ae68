"""run_audit

given a programme that ran
├── when all sources are at hand
│   └── it finds nothing, and says what it looked at
├── when only a log file is at hand
│   └── it comes to the same
└── when the database, or the chain, has gone on since the log file
    └── it does not judge what came later
given a chain of which not all is final
└── each batch has its label, and nothing is called final that is not
given awards for what was before their programme
└── they are named as back-fill, and are no finding
given a log file that was edited
└── it finds what the edit broke; with a node, that the file differs
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

from loyaltychain.audit.heads import FinalityRule
from loyaltychain.audit.report import print_report
from loyaltychain.chain.rpc import Block
from loyaltychain.core.errors import InvalidSettings, RpcUnavailable, WrongChain
from loyaltychain.core.hashing import keccak256
from tests.audit.scenario import THIRD_WEEK, LyingRpc, Scenario

ONE_ON_TOP = FinalityRule(tag=None, depth=1)
SECOND_PROGRAM = keccak256(b"a second programme")


def test_run_audit__a_clean_programme__finds_nothing(scenario: Scenario) -> None:
    report = scenario.audit()

    document = report.document()
    assert report.findings == ()
    assert report.is_clean
    assert document.pop("peak_mb")
    for lists in ("settled", "programs", "backfill", "history", "roles", "chain_id", "contracts", "caps"):
        assert document.pop(lists)
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
        "heads": {"head": 29, "safe": 29, "final": 29, "by": "0 blocks on top", "source": "node"},
        "finality_counts": {"final": 2},
        "buckets_checked": True,
        "scheduled": [],
        "awards": None,
    }


def test_run_audit__a_clean_programme__lists_what_it_saw(scenario: Scenario) -> None:
    details = scenario.audit().details

    assert [(batch.batch_id, batch.block, batch.label, batch.supply) for batch in details.batches] == [
        (1, 28, "final", 412), (2, 29, "final", 349),
    ]  # fmt: skip
    (program,) = details.programs
    assert (program.from_position, program.block) == (1, 27)
    assert {(change.what, change.subject) for change in details.history} == {
        ("upgrade", "PointsLedger"), ("upgrade", "MemberRegistry"), ("upgrade", "ProgramRegistry"),
        ("settler", "PointsLedger"), ("transfer-logs", "PointsLedger"),
        *(("caps", name) for name in scenario.manifest["caps"]),
    }  # fmt: skip
    assert {(line.role, line.holder, line.delay) for line in details.roles} == {
        (name, scenario.role(name), 0) for name in ("admin", "guardian", "config", "upgrader", "registrar")
    }


def test_run_audit__awards_for_what_was_before_the_programme__are_back_fill(scenario: Scenario) -> None:
    report = scenario.audit()

    assert report.details.backfill is not None
    (backfill,) = report.details.backfill
    assert (backfill.entries, backfill.points, backfill.first, backfill.last) == (4, 449, 1767603600, 1768219200)
    assert backfill.published_at == report.details.programs[0].time
    assert report.is_clean


def test_run_audit__what_happened_after_the_programme__is_no_back_fill(scenario: Scenario) -> None:
    scenario.work(THIRD_WEEK.replace("2026-01-19", "2027-01-19"))

    (backfill,) = scenario.audit().details.backfill or ()
    assert (backfill.entries, backfill.points) == (4, 449)


def test_run_audit__a_node_without_final_blocks__calls_none_so(scenario: Scenario) -> None:
    rpc = LyingRpc(scenario.world.rpc, block=no_tags_above(0))
    rule = FinalityRule(tag="finalized", depth=100)

    report = scenario.audit(rpc=rpc, rule=rule, database=None)

    assert (report.finality, report.details.count_labels(), report.findings) == ("unsafe", {"unsafe": 2}, ())


def test_run_audit__a_file__says_how_far_the_chain_stood_when_it_was_written(
    scenario: Scenario, tmp_path: Path
) -> None:
    rpc = LyingRpc(scenario.world.rpc, block=no_tags_above(28))
    scenario.audit(rpc=rpc, rule=FinalityRule(tag="finalized", depth=100), export=tmp_path / "logs.jsonl")

    report = scenario.audit(rpc=None, database=None, logs=tmp_path / "logs.jsonl")

    heads = report.details.heads
    assert heads is not None
    assert (heads.head, heads.final, heads.by, heads.source) == (29, 28, "the node's 'finalized'", "file")
    assert [batch.label for batch in report.details.batches] == ["final", "unsafe"]
    assert (report.finality, report.details.is_bucket_checked) == ("from file", True)
    shown = StringIO()
    print_report(report, Console(file=shown, width=200))
    assert "1 final, 1 unsafe; final is by the node's 'finalized', as told when the file was written." in (
        shown.getvalue()
    )


def test_run_audit__a_final_block_that_nobody_knows__is_refused(scenario: Scenario) -> None:
    rule = FinalityRule(tag=None, depth=100)

    with pytest.raises(RpcUnavailable, match=r"which block is final: .*--at latest.*100 blocks on top"):
        scenario.audit(rule=rule, at="final")


def no_tags_above(number: int) -> Callable[..., Block]:
    """Tags that name the head name this block."""

    def block(truth: Block, asked: object) -> Block:
        return replace(truth, number=min(truth.number, number)) if asked in ("safe", "finalized") else truth

    return block


def test_run_audit__a_log_file_alone__comes_to_the_same(scenario: Scenario, exported_logs: Path) -> None:
    report = scenario.audit(rpc=None, database=None, logs=exported_logs)

    assert (report.findings, report.supply, report.receipts, report.finality) == ((), 349, None, "from file")
    assert report.pin == scenario.audit().pin
    assert scenario.codes(logs=exported_logs) == []
    assert report.sources == ("logs",)
    shown = StringIO()
    print_report(report, Console(file=shown, width=140))
    assert shown.getvalue().splitlines()[1].startswith("Finality: 2 final;")
    assert " ".join(shown.getvalue().splitlines()[3:5]) == (
        "Without a node nobody can tell which code runs, how the contracts were created, what they logged before the "
        "first block, or whether the logs in this file are the chain's."
    )


def test_run_audit__below_the_head__looks_at_final_blocks_only(scenario: Scenario) -> None:
    report = scenario.audit(rule=ONE_ON_TOP, at="final", database=None)

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
