"""Proofs against false batches, built from what the logs say, tried on the real contract
├── given a false batch of each kind: its calls have it voided, for that fraud
│   ├── data malformed, totals wrong, a lane left: one challenge
│   └── a root wrong, of a known tree or of none: a retracing, in one call and in many
├── given a retracing in many calls: each stays within its budget, and the chain comes to the root that we did
├── given a liar's own tree: one word is enough; of a root without a tree no word can be shown
└── given a true batch: every call is refused
"""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from loyaltychain.audit.headers import Header
from loyaltychain.audit.lies import Fraud
from loyaltychain.audit.word_tree import WordTree
from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_revert
from loyaltychain.core.errors import Reverted
from loyaltychain.core.hashing import from_hex
from loyaltychain.watch.calls import LAST_WORD, Budget, Call
from loyaltychain.watch.proofs import Dispute, changed_words, next_call, retraced_root, word_challenge
from tests.contracts.tree import apply_deltas, root_of
from tests.watch.world import NO_TREE, STRANGER, Programme

AMPLE = Budget()
BEFORE = {1: 100, 9: 20, 17: 5, 800: 7, 2**27 - 1: 3}
DELTAS = {1: -100, 2: 4, 9: 1, 18: 30, 900: 2, 5000: 8, 2**26: 1, 2**27 - 1: 5}


def dispute_over(programme: Programme, disputed: object, changes: Mapping[int, int]) -> Dispute:
    """The dispute over a batch that was settled on the newest good one."""
    tree = WordTree()
    tree.write(programme.words)
    previous = Header(*programme.headers[-1].fields())
    header = Header(*disputed.fields())  # type: ignore[attr-defined]  # the tests' own header
    ordered = tuple(sorted(changes.items()))
    return Dispute(previous, header, programme.data[header.batch_id], ordered, dict(programme.words), tree)


def prove(programme: Programme, dispute: Dispute, fraud: Fraud, budget: Budget = AMPLE) -> list[tuple[Call, int]]:
    """Send calls until the batch is void: each with the gas that it used."""
    done: list[tuple[Call, int]] = []
    while not programme.ask("paused"):
        next_word, root = programme.ask("retracing", dispute.disputed.batch_id, _address(programme))
        if next_word:
            assert root == retraced_root(dispute, next_word)
        call = next_call(dispute, fraud, next_word=next_word, budget=budget)
        assert len(call.calldata) <= budget.calldata
        done.append((call, programme.send(STRANGER, call.calldata).gas_used))
        assert done[-1][1] <= budget.gas
        assert call.is_last == programme.ask("paused")
    return done


def _address(programme: Programme) -> str:
    from loyaltychain.chain.signer import PrivateKey

    return PrivateKey(bytes.fromhex(STRANGER)).address


def refusal_of(programme: Programme, call: Call) -> str:
    with pytest.raises(Reverted) as raised:
        programme.rpc.call(programme.ledger, call.calldata)
    abis = [artifacts.load("PointsLedger").abi]
    return decode_revert(abis, from_hex(raised.value.context["data"])).partition("(")[0]


def assert_void(programme: Programme) -> None:
    good = programme.headers[-1]
    assert programme.ask("paused")
    assert programme.ask("totalSupply") == good.supply
    assert programme.ask("lastBatchHash") == programme.hash_of(good)


LIES = {
    "malformed": (Fraud.MALFORMED_DATA, {"data": b"\x01\x00"}),
    "no version": (Fraud.MALFORMED_DATA, {"data": b""}),
    "updates": (Fraud.WRONG_TOTALS, {"updates": len(DELTAS) + 1}),
    "issued": (Fraud.WRONG_TOTALS, {"issued": 10**6}),
    "burned": (Fraud.WRONG_TOTALS, {"burned": 99}),
    "no tree": (Fraud.WRONG_ROOT, {"balanceRoot": NO_TREE}),
    "zero": (Fraud.WRONG_ROOT, {"balanceRoot": bytes(32)}),
    "another lane": (
        Fraud.WRONG_ROOT,
        {"balanceRoot": root_of(apply_deltas(apply_deltas({}, BEFORE), DELTAS | {3: 1_000}))},
    ),
    "nothing changed": (Fraud.WRONG_ROOT, {"balanceRoot": root_of(apply_deltas({}, BEFORE))}),
}


@pytest.mark.parametrize("lie", LIES)
def test_proof__of_each_lie__voids_the_batch(programme: Programme, lie: str) -> None:
    fraud, changes = LIES[lie]
    programme.settle(BEFORE)
    disputed = programme.settle(DELTAS, **changes)
    dispute = dispute_over(programme, disputed, {} if fraud is Fraud.MALFORMED_DATA else DELTAS)

    calls = prove(programme, dispute, fraud)

    assert len(calls) == 1
    assert_void(programme)


def test_proof__of_the_very_first_batch__voids_it(programme: Programme) -> None:
    disputed = programme.settle(BEFORE, balanceRoot=NO_TREE)

    prove(programme, dispute_over(programme, disputed, BEFORE), Fraud.WRONG_ROOT)

    assert_void(programme)


def test_proof__of_a_batch_that_changes_nothing__voids_it(programme: Programme) -> None:
    programme.settle(BEFORE)
    disputed = programme.settle({}, balanceRoot=NO_TREE)

    (only,) = prove(programme, dispute_over(programme, disputed, {}), Fraud.WRONG_ROOT)

    assert only[0].words == 0
    assert_void(programme)


@pytest.mark.parametrize("overdrawn", [{9: -21}, {9: -20, 16: -1, 17: 1}, {1: 2**32 - 1}])
def test_proof__of_a_lane_that_is_left__voids_the_batch_by_one_word(
    programme: Programme, overdrawn: dict[int, int]
) -> None:
    programme.settle(BEFORE)
    disputed = programme.settle(overdrawn, balanceRoot=NO_TREE)

    (only,) = prove(programme, dispute_over(programme, disputed, overdrawn), Fraud.LANE_LEFT)

    assert only[0].function == "challenge"
    assert_void(programme)


@pytest.mark.parametrize("calldata", [2_100, 3_000])
def test_retracing__in_many_calls__each_within_its_budget(programme: Programme, calldata: int) -> None:
    programme.settle(BEFORE)
    disputed = programme.settle(DELTAS, balanceRoot=NO_TREE)
    dispute = dispute_over(programme, disputed, DELTAS)

    calls = prove(programme, dispute, Fraud.WRONG_ROOT, Budget(calldata=calldata))

    assert len(calls) > 1
    assert sum(call.words for call, _ in calls) == len(list(changed_words(dispute)))
    assert_void(programme)


def test_retracing__with_a_bound_on_its_words__opens_no_more(programme: Programme) -> None:
    programme.settle(BEFORE)
    dispute = dispute_over(programme, programme.settle(DELTAS, balanceRoot=NO_TREE), DELTAS)

    call = next_call(dispute, Fraud.WRONG_ROOT, budget=Budget(), most=2)

    assert (call.words, call.next_word, call.is_last) == (2, 2, False)


def test_retracing__with_a_budget_for_nothing__still_opens_one_word(programme: Programme) -> None:
    programme.settle(BEFORE)
    dispute = dispute_over(programme, programme.settle(DELTAS, balanceRoot=NO_TREE), DELTAS)

    assert next_call(dispute, Fraud.WRONG_ROOT, budget=Budget(gas=10_000)).words == 1


def test_one_word__with_the_liars_tree__voids_the_batch(programme: Programme) -> None:
    programme.settle(BEFORE)
    lied = apply_deltas(programme.words, DELTAS | {3: 1_000})
    disputed = programme.settle(DELTAS, balanceRoot=root_of(lied))
    tree = WordTree()
    tree.write(lied)

    call = word_challenge(dispute_over(programme, disputed, DELTAS), 0, new_word=lied[0], new_tree=tree)
    programme.send(STRANGER, call.calldata)

    assert_void(programme)


def test_one_word__of_a_root_without_a_tree__cannot_be_shown(programme: Programme) -> None:
    programme.settle(BEFORE)
    disputed = programme.settle(DELTAS, balanceRoot=NO_TREE)
    dispute = dispute_over(programme, disputed, DELTAS)
    true = apply_deltas(programme.words, DELTAS)
    tree = WordTree()
    tree.write(true)

    for index in (0, 1, 625, 2**23):
        call = word_challenge(dispute, index, new_word=true.get(index, 0), new_tree=tree)
        assert refusal_of(programme, call) == "WrongProof"


def test_true_batch__every_call_is_refused(programme: Programme) -> None:
    programme.settle(BEFORE)
    before = replace(programme, words=dict(programme.words), headers=list(programme.headers))
    dispute = dispute_over(before, programme.settle(DELTAS), DELTAS)
    tree = WordTree()
    tree.write(programme.words)

    for fraud in (Fraud.MALFORMED_DATA, Fraud.WRONG_ROOT):
        assert refusal_of(programme, next_call(dispute, fraud, budget=Budget())) in (
            "NoFraud",
            "WrongProof",
            "WrongWords",
        )
    for index in (0, 1, 3, LAST_WORD):
        call = word_challenge(dispute, index, new_word=programme.words.get(index, 0), new_tree=tree)
        assert refusal_of(programme, call) == "NoFraud"
