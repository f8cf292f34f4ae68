"""The tree over all balances: positional, depth 24, one leaf a packed word, empty subtrees worth zero.

Pure, and built from the words that are not zero: it touches these and their ancestors only. Who needs one root or one
proof asks the functions; who needs many keeps a ``BalanceTree``.

Source: docs/PROTOCOL.md, section 4.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from loyaltychain.core.hashing import ZERO_HASH, keccak256

DEPTH = 24
WORDS = 2**DEPTH


class BalanceTree:
    """All levels over ``words`` (word index to 256-bit word; absent words are zero), for one root and many proofs."""

    def __init__(self, words: Mapping[int, int]) -> None:
        self._levels = [_leaves(words)]
        for _ in range(DEPTH):
            self._levels.append(_parents(self._levels[-1]))

    @property
    def root(self) -> bytes:
        """32 bytes; zero where no word is other than zero."""
        return self._levels[DEPTH].get(0, ZERO_HASH)

    def prove(self, index: int) -> tuple[bytes, ...]:
        """The 24 siblings of word ``index``, from the leaf upwards; a zero word can be proven as well."""
        return self.prove_many((index,))

    def prove_many(self, indexes: Sequence[int]) -> tuple[bytes, ...]:
        """The siblings that cannot be worked out from the words at ``indexes`` themselves.

        Level by level from the leaves upwards, in each level from the left. ``indexes`` ascend, without repetition;
        none at all need no sibling.
        """
        _check_indexes(indexes)
        siblings: list[bytes] = []
        places = list(indexes)
        for level in self._levels[:DEPTH]:
            known = set(places)
            siblings += [level.get(place ^ 1, ZERO_HASH) for place in places if place ^ 1 not in known]
            places = _parent_places(places)
        return tuple(siblings)


def root(words: Mapping[int, int]) -> bytes:
    """The root (32 bytes) over ``words`` (word index to 256-bit word). Absent words are zero; no words, root zero."""
    level = _leaves(words)
    for _ in range(DEPTH):
        level = _parents(level)
    return level.get(0, ZERO_HASH)


def prove(words: Mapping[int, int], index: int) -> tuple[bytes, ...]:
    """As ``BalanceTree.prove``, for one proof."""
    return BalanceTree(words).prove(index)


def prove_many(words: Mapping[int, int], indexes: Sequence[int]) -> tuple[bytes, ...]:
    """As ``BalanceTree.prove_many``, for one proof."""
    return BalanceTree(words).prove_many(indexes)


def verify(expected_root: bytes, *, index: int, word: int, proof: Sequence[bytes]) -> bool:
    """Whether ``proof`` shows that word ``index`` is ``word`` under ``expected_root``."""
    return verify_many(expected_root, words={index: word}, proof=proof)


def verify_many(expected_root: bytes, *, words: Mapping[int, int], proof: Sequence[bytes]) -> bool:
    """Whether ``proof`` shows that the words at these indexes are ``words`` under ``expected_root``. False without
    words, for they prove nothing."""
    if not words or not all(0 <= index < WORDS and 0 <= word < 2**256 for index, word in words.items()):
        return False
    siblings = iter(proof)
    level = {index: _leaf(words[index]) for index in sorted(words)}
    for _ in range(DEPTH):
        above = _rise(level, siblings)
        if above is None:
            return False
        level = above
    return next(siblings, None) is None and level[0] == expected_root


def _rise(level: Mapping[int, bytes], siblings: Iterator[bytes]) -> dict[int, bytes] | None:
    """The parents of some nodes, from the left; None if a sibling is lacking."""
    parents: dict[int, bytes] = {}
    for place, node in level.items():
        if place >> 1 in parents:
            continue
        other = level.get(place ^ 1) or next(siblings, None)
        if other is None:
            return None
        parents[place >> 1] = _node(other, node) if place & 1 else _node(node, other)
    return parents


def _check_indexes(indexes: Sequence[int]) -> None:
    assert all(0 <= index < WORDS for index in indexes), "a word lies outside the tree"
    assert all(one < other for one, other in pairwise(indexes)), "indexes do not ascend"


def _parent_places(places: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(place >> 1 for place in places))


def _leaf(word: int) -> bytes:
    return keccak256(b"\x00" + word.to_bytes(32, "big")) if word else ZERO_HASH


def _node(left: bytes, right: bytes) -> bytes:
    return ZERO_HASH if left == right == ZERO_HASH else keccak256(b"\x01" + left + right)


def _leaves(words: Mapping[int, int]) -> dict[int, bytes]:
    assert all(0 <= index < WORDS for index in words), "a word lies outside the tree"
    return {index: _leaf(word) for index, word in words.items() if word}


def _parents(level: Mapping[int, bytes]) -> dict[int, bytes]:
    """The next level up. Only nodes that are not zero stand in a level, so each parent here has a child that is not."""
    parents: dict[int, bytes] = {}
    for index in level:
        parent = index >> 1
        if parent not in parents:
            left, right = level.get(2 * parent, ZERO_HASH), level.get(2 * parent + 1, ZERO_HASH)
            parents[parent] = _node(left, right)
    return parents
