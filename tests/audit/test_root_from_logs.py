"""rebuild, from the logs of the real contract in root mode

given twenty batches of a thousand updates, half of them records and half Golomb-Rice codes
└── a fresh auditor comes to every balance, root and hash, and to the supply
given a lie that the rebuilding found
└── what it says of it is enough to have the contract void it       (each fraud that needs words, and those that do not)
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loyaltychain.audit.chain_log import choose_pin, fetch_chain_log
from loyaltychain.audit.lies import Fraud
from loyaltychain.audit.log_file import read_log_file, write_log_file
from loyaltychain.audit.manifest import LEDGER, parse_manifest
from loyaltychain.audit.rebuild import Rebuilt, rebuild
from loyaltychain.audit.views import View
from tests.audit.root_ledger import RootLedger, copied_root
from tests.contracts.records import encode_records
from tests.contracts.rice import encode_rice
from tests.contracts.tree import root_of

LAST_WORD = 2**24 - 1
MEMBERS = range(1, 4_000)
UPDATES = 1_000


@pytest.fixture(scope="module")
def twenty(built_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RootLedger]:
    """A ledger of twenty full batches. Not to be changed."""
    dice = random.Random(20)
    balances = dict.fromkeys(MEMBERS, 0)
    with copied_root(built_root, tmp_path_factory.mktemp("twenty") / "home") as ledger:
        for number in range(20):
            deltas = {}
            for member in sorted(dice.sample(MEMBERS, UPDATES)):
                delta = dice.randint(-balances[member], -1) if balances[member] and dice.random() < 0.2 else 0
                deltas[member] = delta or dice.choice(
                    (10, 217, 999, 5_000, 40_000) if member % 100 == 0 else (10, 50, 217)
                )
                balances[member] += deltas[member]
            ledger.settle(deltas, data=encode_rice(deltas) if number % 2 else encode_records(deltas))
        yield ledger


def rebuild_from(ledger: RootLedger, file: Path | None = None) -> Rebuilt:
    """What a stranger with a node, or with a file of its logs, comes to."""
    manifest = parse_manifest(ledger.scenario.manifest)
    rpc = ledger.scenario.world.rpc
    chain_log = fetch_chain_log(rpc, manifest, pin=choose_pin(rpc, finality_depth=0))
    if file is not None:
        write_log_file(chain_log, file)
        chain_log, _ = read_log_file(file)
    return rebuild(chain_log, mode=manifest.first_mode)


def test_rebuild__twenty_full_batches__comes_to_all_that_stands(twenty: RootLedger, tmp_path: Path) -> None:
    rebuilt = rebuild_from(twenty, tmp_path / "logs.jsonl")

    assert rebuilt.findings == ()
    assert [batch.header.updates for batch in rebuilt.batches] == [UPDATES] * 20
    assert [entry.data[0] for entry in twenty.entries[1:]] == [1, 2] * 10
    assert {index: rebuilt.balances.word(index) for index in rebuilt.balances.word_indexes} == {
        index: twenty.last.words.get(index, 0) for index in rebuilt.balances.word_indexes
    }
    assert rebuilt.balances.root == root_of(twenty.last.words) == twenty.last.header.balance_root
    for batch, entry in zip(rebuilt.batches, twenty.entries[1:], strict=True):
        assert batch.hash == twenty.hash_of(entry)
    ledger = View(twenty.scenario.world.rpc, twenty.scenario.address(LEDGER), block=choose_block(twenty))
    assert ledger.number("totalSupply()") == rebuilt.balances.supply == twenty.last.header.supply
    assert ledger.word("lastBatchHash()") == rebuilt.last_hash


def choose_block(ledger: RootLedger) -> int:
    return ledger.scenario.world.rpc.block("latest").number


def test_run_audit__twenty_full_batches_in_a_file__finds_nothing(twenty: RootLedger, tmp_path: Path) -> None:
    manifest, rpc = parse_manifest(twenty.scenario.manifest), twenty.scenario.world.rpc
    write_log_file(fetch_chain_log(rpc, manifest, pin=choose_pin(rpc, finality_depth=0)), tmp_path / "logs.jsonl")

    report = twenty.audit(rpc=None, logs=tmp_path / "logs.jsonl")

    assert (report.findings, report.batches, report.updates, report.pending) == ((), 20, 20_000, None)


LIES: dict[str, tuple[dict[int, int], dict[str, Any], Fraud]] = {
    "malformed data": ({1: 1}, {"data": b"\x02"}, Fraud.MALFORMED_DATA),
    "wrong totals": ({1: 1}, {"burned": 1}, Fraud.WRONG_TOTALS),
    "a lane left": ({1: -6, 2: 6}, {"words": {}}, Fraud.LANE_LEFT),
    "a root of another tree": ({2: 1, 900: 7}, {"words": {0: 5 << 32}}, Fraud.WRONG_ROOT),
    "a root of no tree": ({2: 1, 900: 7}, {"balance_root": b"\x66" * 32}, Fraud.WRONG_ROOT),
    "no change, and another root": ({}, {"balance_root": b"\x66" * 32}, Fraud.WRONG_ROOT),
}


@pytest.mark.parametrize(("deltas", "lies", "fraud"), LIES.values(), ids=LIES)
def test_lies__as_rebuilt__are_enough_to_void(
    root: RootLedger, *, deltas: dict[int, int], lies: dict[str, Any], fraud: Fraud
) -> None:
    root.settle({1: 5, 40: 3})
    root.settle({40: 1})
    root.settle(deltas, **lies)
    root.settle({3: 3})
    rebuilt = rebuild_from(root)
    (lie,) = [lie for lie in rebuilt.lies if lie.disputed.batch_id == 3]

    if lie.fraud.needs_words:
        root.retrace(lie, rebuilt.balances_before(3), LAST_WORD)
    else:
        root.challenge(place=3)

    after = rebuild_from(root)
    assert lie.fraud == fraud
    assert [(void.first, void.last, void.fraud) for void in after.voids] == [(3, 4, fraud)]
    assert [finding.code for finding in after.findings] == ["batch-voided"]
    assert (after.balances.supply, after.last_id) == (9, 4)
