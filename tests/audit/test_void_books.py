"""run_audit, given a programme in root mode whose batches were voided, with its books

given a batch settled with a stolen key, and voided
└── it warns, before the worker goes on and after
given a batch of the programme's own that was false, and voided
├── when its entries were settled anew
│   └── it warns, and each entry is settled once
├── when the worker has not heard of it yet
│   └── it warns, and holds the books for late, not for false
└── when the books went on past the pinned block
    └── it does not judge them for it
given books that say something else of a void than the chain
└── it finds exactly that                                        (on any engine)
verify_receipt, given a receipt of root mode
├── when its batch can still be voided, it holds and says until when; later it says that it is final
└── when its batch is void, it does not hold, whether the contract remembers the batch or not
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.audit.chain_log import choose_pin, fetch_chain_log
from loyaltychain.audit.manifest import parse_manifest
from loyaltychain.audit.rebuild import Rebuilt, rebuild
from loyaltychain.audit.receipt import Check, verify_receipt
from loyaltychain.core.errors import OwnBatchVoided, Reverted
from loyaltychain.core.hashing import keccak256, to_hex
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import reading
from loyaltychain.settlement.kept import Balances
from loyaltychain.settlement.store import settled_balances
from loyaltychain.worker import run_once
from tests.audit.root_ledger import WINDOW, Entry, Moving, RootLedger
from tests.audit.scenario import THIRD_WEEK, LyingRpc, Scenario, build, copied
from tests.audit.test_engines import fill
from tests.audit.test_receipt_on_chain import receipt_of
from tests.contracts.headers import Header

FOURTH_WEEK = THIRD_WEEK.replace("S-6", "S-7").replace("2.00", "3.00")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programme that ran, in root mode; not to be changed."""
    home = tmp_path_factory.mktemp("root-programme") / "home"
    home.mkdir()
    build(home, mode="root", challenge_window=WINDOW)
    return home


@pytest.fixture
def scenario(built: Path, tmp_path: Path) -> Iterator[Scenario]:
    with copied(built, tmp_path / "home") as scenario:
        yield scenario


@pytest.fixture(scope="module")
def voided_home(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programme after a false batch of its own, its void, and another batch in its place; not to be changed."""
    home = tmp_path_factory.mktemp("voided") / "home"
    with copied(built, home) as scenario:
        settle_false(scenario)
        challenge(scenario)
        resume(scenario)
    return home


@pytest.fixture
def voided(voided_home: Path, tmp_path: Path) -> Iterator[Scenario]:
    with copied(voided_home, tmp_path / "voided") as scenario:
        yield scenario


def rebuild_from(scenario: Scenario) -> Rebuilt:
    manifest, rpc = parse_manifest(scenario.manifest), scenario.world.rpc
    return rebuild(fetch_chain_log(rpc, manifest, pin=choose_pin(rpc, finality_depth=0)), mode=manifest.first_mode)


def settle_false(scenario: Scenario) -> None:
    """The worker seals on balances that somebody changed in its books, root included, and settles one that is false."""
    true, false = root_after(scenario), root_after(scenario, {1: 1})
    books = "UPDATE batch_updates SET delta = delta {} 1 WHERE batch = 1 AND member = 1"
    root = "UPDATE batches SET balance_root = '{}' WHERE id = 2"
    scenario.edit(books.format("+"), root.format(to_hex(false)))
    scenario.work(THIRD_WEEK, "third.csv")
    scenario.edit(books.format("-"), root.format(to_hex(true)))


def root_after(scenario: Scenario, moved: Mapping[int, int] | None = None) -> bytes:
    """Of the balances after batch 2 by the books, with these differences."""
    with reading(scenario.world.engine) as tx:
        balances = settled_balances(tx, 2)
    return Balances({member: balance + (moved or {}).get(member, 0) for member, balance in balances.items()}).root


def challenge(scenario: Scenario) -> None:
    """A stranger has the lie voided."""
    rebuilt = rebuild_from(scenario)
    (lie,) = rebuilt.lies
    RootLedger(scenario, Moving()).retrace(lie, rebuilt.balances_before(lie.disputed.batch_id), 2**24 - 1)


def resume(scenario: Scenario) -> None:
    """CONFIG and an engineer let the settlement go on, with more to settle than before."""
    scenario.take_in(FOURTH_WEEK, "fourth.csv")
    with pytest.raises(OwnBatchVoided):
        run_once(scenario.world)
    scenario.send("config", "PointsLedger", "unpause", ())
    run_once(scenario.world, retry=True)


def found(scenario: Scenario, **changes: Any) -> list[tuple[str, str]]:
    return [(finding.code, finding.subject) for finding in scenario.audit(**changes).findings]


def test_run_audit__a_stolen_key__is_a_warning_once_it_is_void(scenario: Scenario) -> None:
    last = rebuild_from(scenario).batches[-1]
    header = Header(**{name: getattr(last.header, name) for name in Header.__dataclass_fields__})
    thief = RootLedger(scenario, Moving(), [Entry(header)], 2)
    thief.settle({5: 1_000}, words={0: 1}, program_hash=last.header.program_hash)
    thief.settle({5: 1_000}, words={0: 1}, program_hash=last.header.program_hash)
    standing = found(scenario)
    challenge(scenario)
    before = found(scenario)
    scenario.send("config", "PointsLedger", "unpause", ())
    scenario.work(THIRD_WEEK, "third.csv")

    assert ("batch-false-pending", "batch 3") in standing
    assert ("batch-unknown", "batch 3") in standing
    assert before == [("batch-voided", "batches 3 to 4"), ("paused", "PointsLedger")]
    assert found(scenario) == [("batch-voided", "batches 3 to 4")]
    assert [batch.header.batch_id for batch in rebuild_from(scenario).batches] == [1, 2, 5]


def test_run_audit__an_own_batch_voided_and_settled_anew__is_a_warning(voided: Scenario) -> None:
    report = voided.audit()

    assert [(finding.code, finding.subject) for finding in report.findings] == [("batch-voided", "batch 3")]
    assert (report.batches, report.voided) == (3, 1)
    assert voided.row("SELECT COUNT(*) AS n FROM batches WHERE state = 'void'")["n"] == 1
    assert report.receipts == voided.row("SELECT COUNT(*) AS n FROM receipts")["n"]


def test_run_audit__a_void_that_the_worker_has_not_seen__is_a_warning(scenario: Scenario, tmp_path: Path) -> None:
    settle_false(scenario)
    file = tmp_path / "logs.jsonl"
    scenario.audit(export=file)
    challenge(scenario)

    late = found(scenario)
    resume(scenario)

    assert late == [("batch-voided", "batch 3"), ("paused", "PointsLedger")]
    assert found(scenario, rpc=None, logs=file) == [("balance-root", "batch 3"), ("batch-false", "batch 3")]
    assert found(scenario) == [("batch-voided", "batch 3")]


VOID = "INSERT INTO batch_voids VALUES (2, 2, 3, '0x', 9, 0, NULL)"
EDITS: list[tuple[str, list[tuple[str, str]]]] = [
    ("UPDATE batch_voids SET fraud = 1", [("void-row", "void from batch 3 fraud")]),
    ("UPDATE batch_voids SET last_id = 4", [("void-row", "void from batch 3 last_id")]),
    ("UPDATE batch_voids SET challenger = '0x'", [("void-row", "void from batch 3 challenger")]),
    ("UPDATE batch_voids SET block_number = 7", [("void-row", "void from batch 3 block_number")]),
    (VOID, [("void-row", "void from batch 2")]),
    ("UPDATE batches SET state = 'void' WHERE id = 2", [("batch-row", "batch 2 state")]),
    ("UPDATE batches SET state = 'final' WHERE id = 3", [("batch-row", "batch 3 state")]),
    ("UPDATE batches SET time = 7 WHERE id = 3", [("batch-row", "batch 3 batch_hash")]),
    ("UPDATE batches SET supply = 7 WHERE id = 2", [("batch-row", "batch 2 supply")]),
    ("UPDATE receipts SET salt = leaf WHERE batch = 3",
     [("receipt-leaf", "receipt 3/0"), ("receipt-salt", "receipt 3/0")]),
    ("DELETE FROM receipts WHERE batch = 3",
     [("receipt-missing", "batch 3 earn:shop/S-6:spend member 3"), ("receipt-root", "batch 3")]),
    ("UPDATE batch_updates SET delta = 7 WHERE batch = 3", [("update-row", "batch 3 member 3")]),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "expected"), EDITS)
def test_run_audit__books_that_tell_a_void_otherwise__are_found(
    voided: Scenario, edit: str, expected: list[tuple[str, str]]
) -> None:
    voided.edit(edit)

    assert sorted(found(voided)) == sorted([*expected, ("batch-voided", "batch 3")])


def test_run_audit__voids_on_any_engine__finds_the_same(voided: Scenario, database: Engine) -> None:
    fill(voided, database)

    assert found(voided, database=database) == [("batch-voided", "batch 3")]


def test_verify_receipt__of_a_pending_batch__says_until_when(scenario: Scenario) -> None:
    rpc = scenario.world.rpc
    settled_at = rpc.block("latest").timestamp

    pending = verify_receipt(receipt_of(scenario, 2, 0), rpc)
    early = LyingRpc(rpc, block=lambda truth, *_: replace(truth, timestamp=settled_at + WINDOW))
    final = verify_receipt(receipt_of(scenario, 2, 0), early)

    until = format_instant(settled_at + WINDOW)
    assert pending.checks[-1] == Check("finality", True, f"pending: the batch can be challenged until {until}")
    assert final.checks[-1] == Check("finality", True, "final")
    assert pending.ok and final.ok


def test_verify_receipt__of_a_void_batch__does_not_hold(scenario: Scenario) -> None:
    settle_false(scenario)
    document = receipt_of(scenario, 3, 0)
    assert verify_receipt(document, scenario.world.rpc).ok
    challenge(scenario)
    asked = keccak256(b"batchHashOf(uint32)")[:4]

    def forget(truth: bytes, _: object, calldata: bytes) -> bytes:
        if calldata[:4] == asked:
            raise Reverted(data="0x")
        return truth

    kept = verify_receipt(document, scenario.world.rpc)
    forgotten = verify_receipt(document, LyingRpc(scenario.world.rpc, call=forget))

    last_good = to_hex(rebuild_from(scenario).last_hash)
    own = document["batch"]["batchHash"]
    assert kept.checks[-1] == Check("batch on chain", False, f"expected {last_good}, got {own}")
    assert forgotten.checks[-1] == Check("batch on chain", False, f"expected void, got {own}")
