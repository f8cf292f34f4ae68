"""rebuild, in root mode

given a history of true batches, voids and syncs
└── balances, supply, hashes, stored words are those of the batches that stand    (any history)
given a void
├── when its batch was false in the way it says
│   └── a warning, and nothing else of it
├── when its batch was true, or false in another way
│   └── there was no ground
└── when it is of a batch that is void, unknown, or not the beginning of the end
    └── it takes nothing back
given a false batch that stands
├── when nothing false is before it
│   └── it is a lie, with what stood before it
└── when it hangs on a false root
    └── nobody can tell, unless its data or totals are false
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.audit.chain_log import ChainLog, Pin
from loyaltychain.audit.lies import Fraud
from loyaltychain.audit.manifest import Mode
from loyaltychain.audit.rebuild import Rebuilt, rebuild
from tests.audit.builders import ACCESS, CHAIN_ID, CHALLENGER, LEDGER, REGISTRY, History, sparse_root, word
from tests.contracts.tree import siblings_of

ROOT = Mode("root", 3_600)
LIE = b"\x66" * 32


def rebuild_history(history: History, *, mode: Mode = ROOT) -> Rebuilt:
    addresses = {"PointsLedger": LEDGER, "ProgramRegistry": REGISTRY, "AccessManager": ACCESS}
    return rebuild(ChainLog(CHAIN_ID, "local", 2, Pin(9_999, word(90)), addresses, tuple(history.logs)), mode=mode)


def codes(rebuilt: Rebuilt) -> list[tuple[str, str]]:
    return [(finding.code, finding.subject) for finding in rebuilt.findings]


TARGETS = st.dictionaries(st.integers(1, 40), st.integers(0, 70_000), min_size=1, max_size=6)
STEPS = st.lists(
    st.tuples(st.just("settle"), TARGETS, st.booleans())
    | st.tuples(st.just("void"), st.integers(0, 10), st.just(False))
    | st.tuples(st.just("sync"), st.integers(0, 10), st.integers(0, 5)),
    max_size=14,
)


@given(STEPS)
@settings(deadline=None, max_examples=60)
def test_rebuild__any_history_with_voids_and_syncs__answers_what_stands(steps: list[tuple[str, Any, Any]]) -> None:
    history = History()
    good: list[tuple[int, dict[int, int]]] = [(0, {})]  # (batch id, words after it)
    false: list[int] = []  # those that stand, oldest first
    stored: dict[int, int] = {}
    voided = 0
    for kind, first, second in steps:
        if kind == "settle":
            deltas = {member: balance - history.balances.get(member, 0) for member, balance in first.items()}
            history.settle({m: d for m, d in deltas.items() if d}, **({"balance_root": LIE} if second else {}))
            good.append((history.batch_id, history.words))
            false += [history.batch_id] if second else []
        elif kind == "void" and false:
            history.void(false[0])
            good = [pair for pair in good if pair[0] < false[0]]
            false, voided = [], voided + 1
        elif kind == "sync":
            batch_id, words = good[first % len(good)]
            stored[second] = words.get(second, 0)
            history.sync(second, batch_id)

    rebuilt = rebuild_history(history)

    assert [batch.header.batch_id for batch in rebuilt.batches] == [batch_id for batch_id, _ in good[1:]]
    assert {m: b for m, b in rebuilt.balances.of.items() if b} == {m: b for m, b in history.balances.items() if b}
    assert rebuilt.balances.of.keys() == history.balances.keys()
    assert rebuilt.balances.root == sparse_root(history.words)
    assert (rebuilt.last_hash, rebuilt.last_id) == (history.last_hash, history.batch_id)
    assert rebuilt.balances.supply == history.supply
    assert rebuilt.stored is not None
    assert rebuilt.stored.words == stored
    assert len(rebuilt.voids) == voided
    assert [code for code, _ in codes(rebuilt)].count("batch-voided") == voided
    assert {code for code, _ in codes(rebuilt)} <= {"batch-voided", "balance-root"}
    assert [lie.disputed.batch_id for lie in rebuilt.lies] == [
        id_ for id_ in false if id_ == false[0] or _hangs(id_, false)
    ]


def _hangs(batch_id: int, false: list[int]) -> bool:
    """Whether the batch before is true, so that a false root can be told from what it hangs on."""
    return batch_id - 1 not in false


def test_rebuild__a_lie__comes_with_what_stood_before_it() -> None:
    history = History()
    history.settle({3: 5, 17: 40_000})
    before = history.words
    history.settle({3: 1, 200: 9}, balance_root=LIE)
    history.settle({17: 1})

    rebuilt = rebuild_history(history)

    (lie,) = rebuilt.lies
    balances = rebuilt.balances_before(2)
    assert (lie.fraud, lie.disputed.batch_id, lie.previous.batch_id) == (Fraud.WRONG_ROOT, 2, 1)
    assert (lie.changes, lie.challenge_window) == (((3, 1), (200, 9)), 3_600)
    assert {index: balances.word(index) for index in balances.word_indexes} == before
    assert balances.tree.siblings([0, 25]) == siblings_of(before, [0, 25])
    assert balances.root == lie.previous.balance_root
    balances.apply(lie.changes)
    assert rebuilt.balances.of == {3: 6, 17: 40_001, 200: 9}, "a copy was changed"
    with pytest.raises(KeyError):
        rebuilt.balances_before(4)


@given(
    st.dictionaries(st.integers(0, 2**24 - 1) | st.integers(0, 40), st.integers(0, 2**256 - 1), max_size=8), st.data()
)
@settings(deadline=None, max_examples=60)
def test_siblings__any_words__are_those_of_a_plain_tree(words: dict[int, int], data: st.DataObject) -> None:
    indexes = data.draw(st.sets(st.sampled_from(sorted({*words, 0, 1, 2**24 - 1})), min_size=1))
    tree = rebuild_history(History()).balances.tree
    tree.write(words)

    assert tree.siblings(indexes) == siblings_of(words, indexes)


FALSE: list[tuple[dict[str, Any], int]] = [
    ({"content": b"\x01\x03\x00\x00"}, Fraud.MALFORMED_DATA),
    ({"updates": 2}, Fraud.WRONG_TOTALS),
    ({"issued": 2}, Fraud.WRONG_TOTALS),
    ({"burned": 2}, Fraud.WRONG_TOTALS),
    ({"balance_root": LIE}, Fraud.WRONG_ROOT),
]


@pytest.mark.parametrize(("changes", "fraud"), FALSE)
@pytest.mark.parametrize("claimed", [0, 1, 2, 3, 4])
def test_rebuild__a_void__must_be_for_what_is_false(*, changes: dict[str, Any], fraud: int, claimed: int) -> None:
    history = History()
    history.settle({3: 5})
    history.settle({3: 1}, **changes)
    (lie,) = rebuild_history(history).lies
    history.void(2, claimed)
    history.settle({3: 2})

    rebuilt = rebuild_history(history)

    assert lie.fraud == fraud
    assert codes(rebuilt) == [("batch-voided" if claimed == fraud else "void-unfounded", "batch 2")]
    assert (rebuilt.voids[0].by, rebuilt.voids[0].batches[0].fraud) == (CHALLENGER, fraud)
    assert rebuilt.lies == ()


@pytest.mark.parametrize(("claimed", "code"), [(2, "batch-voided"), (3, "batch-voided"), (1, "void-unfounded")])
def test_rebuild__a_lane_left__may_be_shown_by_another_word(claimed: int, code: str) -> None:
    history = History()
    history.settle({3: 5})
    history.settle({3: -6, 4: 6})
    history.void(2, claimed)

    rebuilt = rebuild_history(history)

    assert codes(rebuilt) == [(code, "batch 2")]
    assert rebuilt.balances.of == {3: 5}


def test_rebuild__a_true_batch_voided__is_unfounded() -> None:
    history = History()
    history.settle({3: 5})
    history.settle({3: 1})
    history.void(2)

    assert codes(rebuild_history(history)) == [("void-unfounded", "batch 2")]


@pytest.mark.parametrize(("first", "last"), [(2, 2), (4, 4), (1, 2), (2, 4)])
def test_rebuild__a_void_of_what_cannot_be__takes_nothing_back(first: int, last: int) -> None:
    history = History()
    history.settle({3: 5}, balance_root=LIE)
    history.settle({3: 1}, issued=7)
    history.void(2, 1)
    history.settle({3: 2})
    expected = rebuild_history(history)
    topics = [word(first), word(last), bytes(32)]
    history.log("BatchVoided(uint32,uint32,address,uint8)", topics, word(3))

    rebuilt = rebuild_history(history)

    assert codes(rebuilt)[-1] == ("void-unfounded", f"batches {first} to {last}")
    assert rebuilt.balances.of == expected.balances.of


def test_rebuild__behind_a_false_root__only_what_needs_no_words_is_told() -> None:
    history = History()
    history.settle({3: 5}, balance_root=LIE)
    history.settle({3: 1}, balance_root=b"\x77" * 32)
    history.settle({3: 1}, issued=2)
    history.settle({3: 1})

    rebuilt = rebuild_history(history)

    assert [(lie.disputed.batch_id, lie.fraud) for lie in rebuilt.lies] == [
        (1, Fraud.WRONG_ROOT),
        (3, Fraud.WRONG_TOTALS),
    ]
    assert [batch.is_judged for batch in rebuilt.batches] == [True, False, True, True]
    history.void(2)
    assert codes(rebuild_history(history))[-1] == ("batch-voided", "batches 2 to 4")


def test_rebuild__logs_missing__make_no_lie() -> None:
    history = History()
    history.settle({3: 5}, balance_root=LIE)
    del history.logs[-1]

    rebuilt = rebuild_history(history)

    assert rebuilt.lies == ()
    assert [batch.is_judged for batch in rebuilt.batches] == [False]
