"""
rootOf
├── given any words and the siblings of some of them, it is the root over all
├── given 1,000 neighbours, or 1,000 words far apart, likewise
├── given a sibling too few or too many, it says that it cannot be reckoned
└── given indexes that are none, not ascending, beyond the last or not as many as words, likewise
"""

import random

import pytest
from eth_abi.abi import decode
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts import evm
from tests.contracts.readers import Readers, start_readers
from tests.contracts.tree import LAST, root_of, siblings_of

indexes = st.one_of(st.integers(0, 40), st.integers(LAST - 20, LAST), st.integers(0, LAST))
values = st.one_of(st.just(0), st.integers(1, 2**256 - 1))
word_sets = st.dictionaries(indexes, values, max_size=20)
chosen_sets = st.sets(indexes, min_size=1, max_size=12)


@pytest.fixture(scope="module")
def readers() -> Readers:
    return start_readers()


def reckon(readers: Readers, places: list[int], words: list[int], siblings: list[bytes]) -> bytes:
    calldata = evm.encode("BatchProofs", "rootOf", places, words, siblings)
    return bytes(decode(["bytes32"], evm.ask(readers.chain, readers.proofs, calldata))[0])


@settings(max_examples=80, deadline=None)
@given(words=word_sets, chosen=chosen_sets)
def test_root_of__given_some_words_and_siblings__is_that_of_all(
    readers: Readers, words: dict[int, int], chosen: set[int]
) -> None:
    places = sorted(chosen | set(list(words)[:4]))
    siblings = siblings_of(words, places)

    assert reckon(readers, places, [words.get(i, 0) for i in places], siblings) == root_of(words)
    with evm.refused("WrongWords"):
        reckon(readers, places, [words.get(i, 0) for i in places], [*siblings, bytes(32)])
    if siblings:
        with evm.refused("WrongWords"):
            reckon(readers, places, [words.get(i, 0) for i in places], siblings[:-1])


@pytest.mark.parametrize("step", [1, 16_001])
def test_root_of__given_1_000_words__is_that_of_all(readers: Readers, step: int) -> None:
    draw = random.Random(step)
    words = {i: draw.getrandbits(256) for i in range(3, 3 + 1000 * step, step)}
    places = list(words)

    assert reckon(readers, places, list(words.values()), siblings_of(words, places)) == root_of(words)


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ([], []),
        ([1], []),
        ([], [1]),
        ([1, 2], [1]),
        ([2, 1], [1, 1]),
        ([1, 1], [1, 1]),
        ([0, 0], [1, 1]),
        ([LAST + 1], [1]),
        ([5, 2**256 - 1], [1, 1]),
        ([2**255], [1]),
        ([2**256 - 1], [1]),
        ([2**255, 5], [1, 1]),
    ],
)
def test_root_of__given_wrong_indexes__cannot_be_reckoned(
    readers: Readers, places: list[int], words: list[int]
) -> None:
    for count in (0, 1, 23, 24, 25, 46):
        with evm.refused("WrongWords"):
            reckon(readers, places, words, [bytes(32)] * count)
