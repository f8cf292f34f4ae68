"""A batch's receipts: salt, leaf, tree and proof (PROTOCOL §5), from standard library and keccak alone."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from loyaltychain.core.hashing import ZERO_HASH, keccak256

SALT_LABEL: Final = b"loyaltychain/receipt/v1"
_HEAD_WORDS: Final = 9  # values of a leaf; the text stands behind them
_OFFSET: Final = (32 * _HEAD_WORDS).to_bytes(32)
_WORDS: Final = 2**256
_NO_SALT: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Leaf:
    """The values of one receipt. ``amount`` is signed, in whole ``unit``s."""

    chain_id: int
    ledger: str
    batch_id: int
    index: int
    member: int
    unit: str
    amount: int
    entry_digest: bytes
    salt: bytes


def hash_leaf(leaf: Leaf) -> bytes:
    """The leaf's hash (32 bytes): keccak twice over the ABI encoding of its values."""
    leaves = BatchLeaves(chain_id=leaf.chain_id, ledger=leaf.ledger, batch_id=leaf.batch_id)
    return leaves.hash(leaf.index, leaf.member, leaf.unit, leaf.amount, entry_digest=leaf.entry_digest, salt=leaf.salt)


class BatchLeaves:
    """The leaves of one batch: what they have in common is encoded once."""

    def __init__(self, *, chain_id: int, ledger: str, batch_id: int) -> None:
        self._begin = _word(chain_id) + _word(int(ledger, 16)) + _word(batch_id)
        self._ends: dict[str, bytes] = {}  # by unit: its length and text

    def hash(self, index: int, member: int, unit: str, amount: int, *, entry_digest: bytes, salt: bytes) -> bytes:
        """As ``hash_leaf``."""
        end = self._ends.get(unit)
        if end is None:
            text = unit.encode()
            end = self._ends[unit] = _word(len(text)) + text + bytes(-len(text) % 32)
        encoded = b"".join(
            (self._begin, _word(index), _word(member), _OFFSET, _word(amount), entry_digest, salt, end)
        )  # fmt: skip
        return keccak256(keccak256(encoded))


def make_root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes in any order; zero for none.

    Source: OpenZeppelin's ``standard-v1``: a complete binary tree in an array, the sorted leaves at its
    end in reverse, each node the hash of its sorted children.
    """
    if not leaves:
        return ZERO_HASH
    nodes = [ZERO_HASH] * (len(leaves) - 1) + sorted(leaves, reverse=True)
    for index in range(len(leaves) - 2, -1, -1):
        nodes[index] = _hash_pair(nodes[2 * index + 1], nodes[2 * index + 2])
    return nodes[0]


def climb(leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that a proof leads to from a leaf's hash. An empty proof is that of a tree of one leaf."""
    node = leaf
    for sibling in proof:
        node = _hash_pair(node, sibling)
    return node


def derive_salt(key: bytes, *, entry_digest: bytes, unit: str) -> bytes:
    """The salt (32 bytes) of a member's receipt from her key (32 bytes).

    Source: RFC 5869 with SHA-256 and no salt; 32 bytes are the first block of its expansion.
    """
    extracted = hmac.digest(_NO_SALT, key, "sha256")
    return hmac.digest(extracted, SALT_LABEL + entry_digest + unit.encode() + b"\x01", "sha256")


def _word(number: int) -> bytes:
    return (number % _WORDS).to_bytes(32)  # two's complement; a number out of range gives a wrong hash, no crash


def _hash_pair(one: bytes, other: bytes) -> bytes:
    return keccak256(one + other if one < other else other + one)
