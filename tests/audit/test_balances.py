"""WordTree, Balances

given words of 0 and others
├── when written at once or in any steps
│   └── the root is that of the full tree                   (small depth), and of a recursive one (depth 24)
└── when all are zero again
    └── the root is zero
given balances
├── when deltas are applied
│   └── balances, words and supply follow, lane by lane
└── when a delta leaves the lane
    └── it is refused, and neighbours stay
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.audit.balances import Balances
from loyaltychain.audit.word_tree import WordTree
from tests.audit.builders import full_root, sparse_root

WORDS = st.integers(0, 2**256 - 1) | st.just(0)


@given(st.lists(st.dictionaries(st.integers(0, 15), WORDS, max_size=8), max_size=6))
@settings(deadline=None, max_examples=100)
def test_word_tree__any_steps__root_is_that_of_the_full_tree(steps: list[dict[int, int]]) -> None:
    tree = WordTree(depth=4)
    words: dict[int, int] = {}
    for step in steps:
        tree.write(step)
        words |= step

        assert tree.root == full_root(words, depth=4)


@given(st.dictionaries(st.integers(0, 2**24 - 1), WORDS, max_size=6))
@settings(deadline=None, max_examples=50)
def test_word_tree__full_depth__root_is_that_of_a_recursive_tree(words: dict[int, int]) -> None:
    tree = WordTree()

    tree.write(words)

    assert tree.root == sparse_root(words)


def test_word_tree__back_to_zero__root_is_zero() -> None:
    tree = WordTree()
    tree.write({0: 1, 2**24 - 1: 7})
    assert tree.root != bytes(32)

    tree.write({0: 0, 2**24 - 1: 0})

    assert tree.root == bytes(32)


def test_balances__deltas__fold_into_lanes() -> None:
    balances = Balances()

    refused = balances.apply([(1, 5), (8, 2**32 - 1), (15, 1)])
    refused += balances.apply([(1, -5), (8, -1), (9, 3)])

    assert refused == []
    assert balances.of == {1: 0, 8: 2**32 - 2, 9: 3, 15: 1}
    assert balances.word(1) == (2**32 - 2) | 3 << 32 | 1 << 224
    assert balances.word_indexes == [0, 1]
    assert balances.supply == 2**32 + 2
    assert balances.root == sparse_root({1: balances.word(1)})


def test_balances__out_of_the_lane__is_refused_and_neighbours_stay() -> None:
    balances = Balances()
    balances.apply([(8, 2**32 - 1), (9, 1)])

    refused = balances.apply([(8, 1), (9, -2), (10, 4)])

    assert refused == [(8, 2**32), (9, -1)]
    assert balances.of == {8: 2**32 - 1, 9: 1, 10: 4}
