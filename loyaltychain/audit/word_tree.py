"""The tree over all balances (PROTOCOL §4), kept up to date batch by batch, and proofs of its words.

Holds only what is not zero. Knows no words, only their leaves.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from loyaltychain.audit.rows import Rows
from loyaltychain.core.hashing import ZERO_HASH, keccak256

DEPTH: Final = 24


class WordTree:
    """A positional binary Merkle tree over 2**depth words, all zero at first."""

    def __init__(self, depth: int = DEPTH) -> None:
        self._levels = [Rows() for _ in range(depth + 1)]

    @property
    def root(self) -> bytes:
        """The root (32 bytes); zero when every word is zero."""
        return self._levels[-1].get(0)

    def write(self, words: Mapping[int, int]) -> None:
        """Sets words by their index and renews what stands above them, each node once."""
        leaves = self._levels[0]
        for index, word in words.items():
            leaves.put(index, hash_leaf(word))
        touched = set(words)
        for below, level in zip(self._levels, self._levels[1:], strict=False):
            touched = {index >> 1 for index in touched}
            below.climb(level, touched, _hash_pair)

    def siblings(self, indexes: Iterable[int]) -> list[bytes]:
        """What proves the words at ``indexes`` together: the nodes that cannot be worked out from the words.

        Level by level from the leaves upwards, in each level from the left, 32 bytes each.
        """
        found = []
        places = set(indexes)
        for level in self._levels[:-1]:
            found += [level.get(place ^ 1) for place in sorted(places) if place ^ 1 not in places]
            places = {place >> 1 for place in places}
        return found

    def copy(self) -> "WordTree":
        """The same tree, to be written to on its own."""
        twin = WordTree(depth=0)
        twin._levels = [level.copy() for level in self._levels]
        return twin


def hash_leaf(word: int) -> bytes:
    """The leaf of a packed word; zero for a word of zero."""
    return keccak256(b"\x00" + word.to_bytes(32)) if word else ZERO_HASH


def _hash_pair(pair: bytes | bytearray) -> bytes:
    """The node above two children that are not both zero."""
    return keccak256(b"\x01" + pair)
