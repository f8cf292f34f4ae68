"""
settle, by dense words
├── given data that the protocol calls malformed, it refuses and says where
├── given one word of credits that fill it, debits that empty it, and both, it applies them
├── given words that are zero between others, it does not touch them
├── given a lane at its edge, it goes up to the edge and not over it
├── given more calldata behind the data, it does not read it
├── given any words near the top and bottom of lanes, it does what the model does
└── given any bytes, it does what the model does
"""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts import evm
from tests.contracts.builders import World, make_batch, read, settle, settle_data
from tests.contracts.dense import apply_dense, assemble, encode_dense
from tests.contracts.records import LANE_MAX, MEMBER_MAX, Applied, Fault, erc7201

WORDS = erc7201("loyaltychain.storage.PointsLedger.words")
NEAR_TOP = LANE_MAX - 20
START = {8: 3, 9: 40_000, 16: LANE_MAX, 17: NEAR_TOP, 23: 1, 24: 100, 31: NEAR_TOP, 32: 5, MEMBER_MAX: 7}
ZEROS, ONES = [0] * 8, [1] * 8
MALFORMED = {
    "no word": (b"\3\0\0\1", 0),
    "no whole head": (b"\3\0", 0),
    "a cut word": (assemble(1, [ONES])[:-1], 0),
    "half a word more": (assemble(1, [ONES]) + b"\1" * 8, 0),
    "a byte more": (assemble(1, [ONES]) + b"\1", 0),
    "a word beyond the last": (assemble(2**24 - 1, [ONES, ONES]), 0),
    "a first word of zeros": (assemble(1, [ZEROS, ONES]), 4),
    "one word of zeros": (assemble(1, [ZEROS]), 4),
    "a last word of zeros": (assemble(1, [ONES, ONES, ZEROS]), 36),
    "a delta of nobody's": (assemble(0, [ONES]), 4),
    "a debit of nobody's": (assemble(0, [[-1, *[1] * 7]]), 4),
}


@pytest.mark.parametrize(("data", "offset"), MALFORMED.values(), ids=MALFORMED)
def test_settle__given_malformed_words__says_where(world: World, data: bytes, offset: int) -> None:
    assert apply_dense({}, data) == Fault("MalformedData", (offset,))

    with evm.refused("MalformedData", offset):
        settle_data(world, data)


@pytest.mark.parametrize(
    "deltas",
    [
        dict.fromkeys(range(1, 8), 32_767),
        dict.fromkeys(range(8, 16), 1),
        {MEMBER_MAX: 32_767},
        {MEMBER_MAX - 7: 1, MEMBER_MAX: 1},
        {8: 1, 47: 2},
    ],
)
def test_settle__given_credits_and_their_debits__applies_them(world: World, deltas: dict[int, int]) -> None:
    expect_the_model(world, {}, encode_dense(deltas))
    expect_the_model(world, deltas, encode_dense({member: -delta for member, delta in deltas.items()}))


def test_settle__given_a_lane_at_its_edge__goes_up_to_it(world: World) -> None:
    settle(world, {8: 5, 9: LANE_MAX - 5, 10: 5})

    expect_the_model(world, {8: 5, 9: LANE_MAX - 5, 10: 5}, encode_dense({8: -5, 9: 5, 10: 1}))
    with evm.refused("BalanceTooHigh", 9, LANE_MAX, 1):
        settle_data(world, encode_dense({8: 1, 9: 1, 10: 1}))
    with evm.refused("BalanceTooLow", 8, 0, -1):
        settle_data(world, encode_dense({8: -1, 9: 1, 10: 1}))


@pytest.mark.parametrize("words", [1, 2, 3])
def test_settle__given_more_calldata_behind_the_data__does_not_read_it(world: World, words: int) -> None:
    batch, _ = make_batch(world, {}, updates=8 * words, issued=40 * words)
    data = assemble(1, [[5] * 8] * 4)
    whole = bytes.fromhex(evm.encode("PointsLedger", "settle", tuple(batch.values()), data)[2:])
    length_at = 4 + 32 * 11  # after the selector, the ten fields of the batch and the offset of the data
    shorter = whole[:length_at] + (4 + 16 * words).to_bytes(32, "big") + whole[length_at + 32 :]

    evm.send(world.chain, world.ledger, shorter, sender=world.people["settler"])

    assert [bool(read(world, "wordAt", i + 1)) for i in range(4)] == [i < words for i in range(4)]


@pytest.fixture(scope="module")
def started(deployed: World) -> Iterator[World]:
    """A ledger that holds START."""
    with evm.rolled_back(deployed.chain):
        settle(deployed, START)
        yield deployed


def expect_the_model(world: World, balances: dict[int, int], data: bytes) -> None:
    """Settle the bytes, and compare all that can be seen with what the model says."""
    expected = apply_dense(balances, data)
    if isinstance(expected, Fault):
        with evm.refused(expected.name, *expected.facts):
            settle_data(world, data)
        return
    settle_data(world, data, updates=expected.updates, issued=expected.issued, burned=expected.burned)
    assert words_of(world, expected) == pack(expected.balances)
    assert read(world, "totalSupply") == sum(expected.balances.values())


def words_of(world: World, expected: Applied) -> dict[int, int]:
    """The words that hold or adjoin a balance of the model, as the chain has them; empty ones left out."""
    touched = {m // 8 + side for m in expected.balances for side in (-1, 0, 1)}
    stored = {i: evm.storage(world.chain, world.ledger, WORDS + i) for i in touched if 0 <= i < 2**24}
    return {index: word for index, word in stored.items() if word}


def pack(balances: dict[int, int]) -> dict[int, int]:
    words: dict[int, int] = {}
    for member, points in balances.items():
        words[member // 8] = words.get(member // 8, 0) | points << (32 * (member % 8))
    return {index: word for index, word in words.items() if word}


deltas = st.one_of(st.just(0), st.integers(1, 30), st.integers(-3, 20), st.integers(-(2**15), 2**15 - 1))
credit_words = st.lists(st.integers(0, 30), min_size=8, max_size=8)
mixed_words = st.lists(deltas, min_size=8, max_size=8)
words = st.one_of(st.just(ZEROS), st.just([0, 0, 0, 0, 0, 0, 0, 20]), credit_words, mixed_words)
any_words = st.builds(
    assemble, st.one_of(st.integers(0, 5), st.just(2**24 - 2)), st.lists(words, min_size=1, max_size=5)
)


@settings(max_examples=120, deadline=None)
@given(data=any_words)
def test_settle__given_any_words__does_what_the_model_does(started: World, data: bytes) -> None:
    with evm.rolled_back(started.chain):
        expect_the_model(started, START, data)


@settings(max_examples=40, deadline=None)
@given(rest=st.binary(max_size=60))
def test_settle__given_any_bytes__does_what_the_model_does(started: World, rest: bytes) -> None:
    with evm.rolled_back(started.chain):
        expect_the_model(started, START, b"\3" + rest)
