"""rebuild

given a history of true batches
└── it answers balances, supply, hashes, and finds nothing              (any history)
given a history in which one thing is wrong
└── it finds exactly that                                               (one case a thing, consequences spelled out)
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.audit.chain_log import ChainLog, Pin
from loyaltychain.audit.rebuild import Rebuilt, rebuild
from loyaltychain.core.hashing import keccak256
from tests.audit.builders import (
    ACCESS,
    CHAIN_ID,
    GENESIS_HASH,
    LEDGER,
    REGISTRY,
    History,
    publication_log,
    word,
)


def rebuild_history(history: History) -> Rebuilt:
    addresses = {"PointsLedger": LEDGER, "ProgramRegistry": REGISTRY, "AccessManager": ACCESS}
    return rebuild(ChainLog(CHAIN_ID, "local", 2, Pin(90, word(90)), addresses, tuple(history.logs)))


def codes(rebuilt: Rebuilt) -> list[tuple[str, str]]:
    return [(finding.code, finding.subject) for finding in rebuilt.findings]


def test_rebuild__no_batches__hangs_on_batch_0() -> None:
    rebuilt = rebuild_history(History())

    assert (rebuilt.batches, rebuilt.last_hash, rebuilt.balances.of) == ((), GENESIS_HASH, {})
    assert rebuilt.findings == ()


@given(st.lists(st.dictionaries(st.integers(1, 40), st.integers(0, 70_000), min_size=1, max_size=6), max_size=4))
@settings(deadline=None, max_examples=25)
def test_rebuild__any_true_history__answers_its_balances(targets: list[dict[int, int]]) -> None:
    history = History()
    for target in targets:
        deltas = {member: balance - history.balances.get(member, 0) for member, balance in target.items()}
        history.settle({member: delta for member, delta in deltas.items() if delta})

    rebuilt = rebuild_history(history)

    assert rebuilt.findings == ()
    assert rebuilt.balances.of == history.balances
    assert rebuilt.balances.supply == sum(history.balances.values())
    assert rebuilt.last_hash == history.last_hash
    assert len(rebuilt.batches) == len(targets)


def false_history(spoil: Callable[[History], None]) -> Rebuilt:
    history = History()
    history.settle({3: 5, 17: 40_000})
    spoil(history)
    history.settle({3: 1, 18: 2})
    return rebuild_history(history)


FALSE_HEADERS = [
    ({"balance_root": b"\x66" * 32}, [("balance-root", "batch 2")]),
    ({"updates": 2}, [("batch-updates", "batch 2")]),
    ({"issued": 8}, [("batch-issued", "batch 2")]),
    ({"burned": 1}, [("batch-burned", "batch 2")]),
    ({"prev_hash": b"\x66" * 32}, [("prev-hash", "batch 2")]),
    ({"data_hash": b"\x66" * 32}, [("data-hash", "batch 2")]),
    ({"program_hash": b"\x66" * 32}, [("program-unpublished", "batch 2")]),
    ({"program_hash": bytes(32)}, []),
    ({"supply": 1}, [("batch-supply", "batch 2"), ("batch-supply", "batch 3")]),
    ({"batch_id": 4}, [("batch-sequence", "batch 4")]),
    ({"batch_id": 1}, [("batch-sequence", "batch 1")]),
]


@pytest.mark.parametrize(("changes", "expected"), FALSE_HEADERS)
def test_rebuild__one_false_value_in_a_header__finds_it(
    changes: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    rebuilt = false_history(lambda history: history.settle({5: 7}, **changes))

    assert codes(rebuilt) == expected


def test_rebuild__malformed_content__finds_it_and_the_lost_balances() -> None:
    rebuilt = false_history(lambda history: history.settle({5: 7}, content=b"\x01\x05\x00\x00"))

    assert codes(rebuilt) == [
        ("data-malformed", "batch 2"),
        ("batch-updates", "batch 2"),
        ("batch-issued", "batch 2"),
        ("balance-root", "batch 2"),
        ("balance-root", "batch 3"),
    ]
    assert rebuilt.findings[0].actual == "a delta of 0 at byte 1"


def test_rebuild__content_of_another_batch__finds_every_difference() -> None:
    rebuilt = false_history(
        lambda history: history.settle({5: 7}, content=b"\x01\x05\x00\x08", data_hash=keccak256(b"\x01\x05\x00\x07"))
    )

    assert codes(rebuilt) == [
        ("data-hash", "batch 2"),
        ("batch-issued", "batch 2"),
        ("balance-root", "batch 2"),
        ("balance-root", "batch 3"),
    ]


def test_rebuild__below_zero__finds_the_member() -> None:
    def spoil(history: History) -> None:
        history.settle({3: -6}, balance_root=rebuild_history(history).balances.root)
        history.balances[3] = 5

    rebuilt = false_history(spoil)

    assert codes(rebuilt) == [("balance-range", "member 3")]
    assert rebuilt.findings[0].actual == "-1"


def test_rebuild__a_false_logged_hash__finds_it() -> None:
    def spoil(history: History) -> None:
        settled = history.logs[1]
        history.logs[1] = replace(settled, topics=(*settled.topics[:2], b"\x66" * 32))

    assert codes(false_history(spoil)) == [("batch-hash", "batch 1")]


def test_rebuild__a_batch_log_missing__finds_the_gap_and_what_followed() -> None:
    def spoil(history: History) -> None:
        del history.logs[1]

    assert codes(false_history(spoil)) == [
        ("data-unexpected", "batch 1"),
        ("batch-sequence", "batch 2"),
        ("balance-root", "batch 2"),
    ]


def test_rebuild__content_missing__finds_it_and_the_lost_balances() -> None:
    def spoil(history: History) -> None:
        del history.logs[2]

    assert codes(false_history(spoil)) == [
        ("data-missing", "batch 1"),
        ("balance-root", "batch 1"),
        ("balance-root", "batch 2"),
    ]


def test_rebuild__an_unreadable_log__finds_it() -> None:
    def spoil(history: History) -> None:
        history.logs.append(replace(publication_log(), data=b"\x00"))

    assert codes(false_history(spoil)) == [("log-unreadable", f"ProgramPublished of {REGISTRY}")]


def test_rebuild__a_batch_in_the_block_of_its_publication__finds_it() -> None:
    def spoil(history: History) -> None:
        history.logs[0] = publication_log(block=history.logs[1].block_number)

    assert codes(false_history(spoil)) == [("program-unpublished", "batch 1")]


def test_rebuild__publications_out_of_order__finds_them() -> None:
    def spoil(history: History) -> None:
        history.logs.append(publication_log(keccak256(b"second"), position=0, index=2, block=40))

    assert codes(false_history(spoil)) == [
        ("publication-index", "publication 1"),
        ("publication-order", "publication 1"),
    ]


def test_rebuild__logs_of_a_stranger__count_for_nothing() -> None:
    def spoil(history: History) -> None:
        history.logs.append(replace(history.logs[1], address="0x" + "99" * 20))

    assert codes(false_history(spoil)) == []


def test_rebuild__more_updates_than_allowed__finds_it() -> None:
    rebuilt = false_history(lambda history: history.settle(dict.fromkeys(range(100, 10_101), 1)))

    assert codes(rebuilt) == [("batch-bounds", "batch 2")]
