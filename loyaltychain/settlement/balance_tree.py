"""The tree over all balances: positional, depth 24, one leaf a packed word, empty subtrees worth zero.

Pure, and built anew each time from the words that are not zero: it touches these and their ancestors only.

Source: docs/PROTOCOL.md, section 4.
"""

from collections.abc import Mapping, Sequence

from loyaltychain.core.hashing import ZERO_HASH, keccak256

DEPTH = 24


def root(words: Mapping[int, int]) -> bytes:
    """The root (32 bytes) over ``words`` (word index to 256-bit word). Absent words are zero; no words, root zero."""
    level = _leaves(words)
    for _ in range(DEPTH):
        level = _parents(level)
    return level.get(0, ZERO_HASH)


def prove(words: Mapping[int, int], index: int) -> tuple[bytes, ...]:
    """The 24 siblings of word ``index``, from the leaf upwards; a zero word can be proven as well."""
    assert 0 <= index < 2**DEPTH, index
    level = _leaves(words)
    siblings: list[bytes] = []
    for height in range(DEPTH):
        siblings.append(level.get((index >> height) ^ 1, ZERO_HASH))
        level = _parents(level)
    return tuple(siblings)


def verify(expected_root: bytes, *, index: int, word: int, proof: Sequence[bytes]) -> bool:
    """Whether ``proof`` shows that word ``index`` is ``word`` under ``expected_root``."""
    if len(proof) != DEPTH or not 0 <= index < 2**DEPTH or not 0 <= word < 2**256:
        return False
    node = _leaf(word)
    for height, sibling in enumerate(proof):
        is_right = index >> height & 1
        node = _node(sibling, node) if is_right else _node(node, sibling)
    return node == expected_root


def _leaf(word: int) -> bytes:
    return keccak256(b"\x00" + word.to_bytes(32, "big")) if word else ZERO_HASH


def _node(left: bytes, right: bytes) -> bytes:
    return ZERO_HASH if left == right == ZERO_HASH else keccak256(b"\x01" + left + right)


def _leaves(words: Mapping[int, int]) -> dict[int, bytes]:
    assert all(0 <= index < 2**DEPTH for index in words), "a word lies outside the tree"
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
