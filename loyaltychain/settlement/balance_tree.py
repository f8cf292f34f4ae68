"""The tree over all balances: positional, depth 24, one leaf a packed word, empty subtrees worth zero.

Pure, and built from the words that are not zero: it touches these and their ancestors only. Who needs one root or one
proof asks the functions; who needs many keeps a ``BalanceTree``.

Source: docs/PROTOCOL.md, section 4.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from loyaltychain.core.hashing import ZERO_HASH, keccak256

DEPTH = 24
WORDS = 2**DEPTH
_NODE = b"\x01"
_ZERO_PAIR = _NODE + ZERO_HASH + ZERO_HASH


@dataclass(frozen=True, slots=True)
class Renewal:
    """The nodes of a tree that are others when some words are: for each level from the leaves up, by place."""

    levels: list[dict[int, bytes]]
    root: bytes


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

    def renew(self, words: Mapping[int, int]) -> Renewal:
        """The nodes that ``words`` in place of those that stand here would give. The tree stays as it is."""
        _check_indexes(list(words))
        levels = [{index: _leaf(word) for index, word in words.items()}]
        for below in self._levels[:DEPTH]:
            levels.append(_renewed_parents(levels[-1], below))
        return Renewal(levels, levels[DEPTH].get(0, self.root))

    def write(self, renewal: Renewal) -> None:
        """Take over what ``renew`` gave, if nothing was written since."""
        for level, nodes in zip(self._levels, renewal.levels, strict=True):
            level.update(nodes)
            for place in [place for place, node in nodes.items() if node == ZERO_HASH]:
                del level[place]


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


def roots_through(
    before: Mapping[int, int], after: Mapping[int, int], proof: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    """The two roots to which the words at the same indexes lead by the same siblings: of the tree before some words
    changed and after. None if the siblings are not as many as the words lack.

    Who knows the first root to be true knows the second one to be, without the rest of the tree.
    """
    places = sorted(before)
    _check_indexes(places)
    assert places and before.keys() == after.keys(), "words of the same places, one at least"
    old, new = [_leaf(before[place]) for place in places], [_leaf(after[place]) for place in places]
    siblings = iter(proof)
    for _ in range(DEPTH):
        try:
            places, old, new = _rise_both(places, old, new, siblings)
        except StopIteration:
            return None
    return (old[0], new[0]) if next(siblings, None) is None else None


def _rise_both(
    places: Sequence[int], old: Sequence[bytes], new: Sequence[bytes], siblings: Iterator[bytes]
) -> tuple[list[int], list[bytes], list[bytes]]:
    """The parents of some nodes of two trees, from the left. Raises StopIteration if a sibling is lacking."""
    above: list[int] = []
    old_above: list[bytes] = []
    new_above: list[bytes] = []
    at, count = 0, len(places)
    while at < count:
        place = places[at]
        if not place & 1 and at + 1 < count and places[at + 1] == place + 1:
            old_pair, new_pair = _NODE + old[at] + old[at + 1], _NODE + new[at] + new[at + 1]
            at += 1
        elif place & 1:
            left = _NODE + next(siblings)
            old_pair, new_pair = left + old[at], left + new[at]
        else:
            right = next(siblings)
            old_pair, new_pair = _NODE + old[at] + right, _NODE + new[at] + right
        at += 1
        above.append(place >> 1)
        old_above.append(ZERO_HASH if old_pair == _ZERO_PAIR else keccak256(old_pair))
        new_above.append(ZERO_HASH if new_pair == _ZERO_PAIR else keccak256(new_pair))
    return above, old_above, new_above


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


def _renewed_parents(nodes: Mapping[int, bytes], level: Mapping[int, bytes]) -> dict[int, bytes]:
    """The parents of ``nodes``, which replace those of ``level``."""
    parents: dict[int, bytes] = {}
    for place, node in nodes.items():
        parent = place >> 1
        if parent in parents:
            continue
        other = nodes.get(place ^ 1) or level.get(place ^ 1, ZERO_HASH)
        pair = _NODE + other + node if place & 1 else _NODE + node + other
        parents[parent] = ZERO_HASH if pair == _ZERO_PAIR else keccak256(pair)  # ``_node`` without its call
    return parents


def _parents(level: Mapping[int, bytes]) -> dict[int, bytes]:
    """The next level up. Only nodes that are not zero stand in a level, so each parent here has a child that is not."""
    parents: dict[int, bytes] = {}
    for index in level:
        parent = index >> 1
        if parent not in parents:
            left, right = level.get(2 * parent, ZERO_HASH), level.get(2 * parent + 1, ZERO_HASH)
            parents[parent] = _node(left, right)
    return parents
