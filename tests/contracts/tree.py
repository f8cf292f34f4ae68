"""The tests' own reading of docs/PROTOCOL.md, 1 and 4: words, lanes, and the tree over all words.

Plain and slow: a dict of the words that are not zero, and a dict of nodes for each level.
Shares no code with the package: a mistake made once must not cancel itself out.
"""

from collections.abc import Iterable, Mapping

from eth_utils.crypto import keccak

DEPTH = 24
LAST = 2**DEPTH - 1
LANE_MAX = 2**32 - 1
ZERO = bytes(32)


def leaf_of(word: int) -> bytes:
    """Leaf of a word; of an empty one, zero."""
    return keccak(b"\0" + word.to_bytes(32, "big")) if word else ZERO


def node_of(left: bytes, right: bytes) -> bytes:
    """Parent of two nodes; of two empty ones, zero."""
    return ZERO if left == right == ZERO else keccak(b"\1" + left + right)


def levels_of(words: Mapping[int, int]) -> list[dict[int, bytes]]:
    """The nodes that are not zero, by place: leaves first, the root last, at place 0."""
    levels = [{index: leaf_of(word) for index, word in words.items() if word}]
    for _ in range(DEPTH):
        below = levels[-1]
        places = {place >> 1 for place in below}
        levels.append({p: node_of(below.get(2 * p, ZERO), below.get(2 * p + 1, ZERO)) for p in places})
    return levels


def root_of(words: Mapping[int, int]) -> bytes:
    """The root over all words."""
    return levels_of(words)[-1].get(0, ZERO)


def siblings_of(words: Mapping[int, int], indexes: Iterable[int]) -> list[bytes]:
    """The nodes that prove the words at ``indexes``: level by level from the leaves, in each level from the left."""
    levels, places, siblings = levels_of(words), sorted(set(indexes)), []
    for level in levels[:DEPTH]:
        known = set(places)
        siblings += [level.get(place ^ 1, ZERO) for place in places if place ^ 1 not in known]
        places = sorted({place >> 1 for place in places})
    return siblings


def lane_of(word: int, member: int) -> int:
    """A member's balance in her word."""
    return (word >> (32 * (member % 8))) & LANE_MAX


def with_lane(word: int, member: int, balance: int) -> int:
    """The word with another balance of that member."""
    shift = 32 * (member % 8)
    return word & ~(LANE_MAX << shift) | balance << shift


def apply_deltas(words: Mapping[int, int], deltas: Mapping[int, int]) -> dict[int, int]:
    """The words after the deltas, without empty ones. Each lane must hold its balance."""
    after = dict(words)
    for member, delta in deltas.items():
        balance = lane_of(after.get(member // 8, 0), member) + delta
        assert 0 <= balance <= LANE_MAX, f"member {member} cannot have {balance}"
        after[member // 8] = with_lane(after.get(member // 8, 0), member, balance)
    return {index: word for index, word in after.items() if word}
