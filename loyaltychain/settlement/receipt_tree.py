"""The tree over one batch's receipts: OpenZeppelin's *standard-v1*, so that their library reads and proves it.

Knows leaves and hashes; what a receipt says and where it is kept stands in ``receipts`` and ``store``.

Source: docs/PROTOCOL.md, section 5; the array layout is that of OpenZeppelin's merkle-tree 1.0.
"""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

from loyaltychain.core.hashing import ZERO_HASH, keccak256, to_hex

LEAF_ENCODING = ("uint256", "address", "uint32", "uint32", "uint32", "string", "int256", "bytes32", "bytes32")
_TEXT_OFFSET = (32 * len(LEAF_ENCODING)).to_bytes(32)  # where the unit stands, which is no word like the others
_ZEROS_28 = bytes(28)


@dataclass(frozen=True, slots=True)
class Leaf:
    """The values of one leaf, in the order in which they are hashed."""

    chain_id: int
    ledger: str
    batch_id: int
    index: int  # of the receipt in its batch, from 0
    member: int
    unit: str
    amount: int  # signed whole units
    entry_digest: bytes
    salt: bytes

    @property
    def digest(self) -> bytes:
        """The leaf's hash: twice keccak, so that no inner node can pass for a leaf."""
        place = BatchPlace(self.chain_id, self.ledger, self.batch_id)
        values = (self.index, self.member, self.amount, self.entry_digest, self.salt)
        return hash_leaves(place, [values], unit=self.unit)[0]


@dataclass(frozen=True, slots=True)
class BatchPlace:
    """What all leaves of a batch begin with."""

    chain_id: int
    ledger: str
    batch_id: int


#: Index, member, amount, entry digest, salt: what tells the leaves of a batch and unit apart.
LeafValues = tuple[int, int, int, bytes, bytes]


def hash_leaves(place: BatchPlace, leaves: Iterable[LeafValues], *, unit: str) -> list[bytes]:
    """The leaves' hashes, in their order.

    Their ABI encoding written out: what is the same in all of them is encoded once, and a leaf takes a tenth of the
    time. Raises OverflowError for a number that is out of its type's range.
    """
    begin = place.chain_id.to_bytes(32) + bytes(12) + _address(place.ledger) + _word32(place.batch_id)
    text = unit.encode()
    end = len(text).to_bytes(32) + text + bytes(-len(text) % 32)
    hashes: list[bytes] = []
    for index, member, amount, entry_digest, salt in leaves:
        assert len(entry_digest) == len(salt) == 32, (entry_digest, salt)
        encoded = b"".join(
            (
                begin, _ZEROS_28, index.to_bytes(4), _ZEROS_28, member.to_bytes(4), _TEXT_OFFSET,
                amount.to_bytes(32, signed=True), entry_digest, salt, end,
            )
        )  # fmt: skip
        hashes.append(keccak256(keccak256(encoded)))
    return hashes


@dataclass(frozen=True, slots=True)
class Tree:
    """A heap: ``nodes[0]`` is the root, the children of ``i`` are ``2i + 1`` and ``2i + 2``, leaves come last.

    ``places[k]`` is where in ``nodes`` the leaf stands that was given as number ``k``. Both empty without leaves.
    """

    nodes: tuple[bytes, ...]
    places: tuple[int, ...]

    @property
    def root(self) -> bytes:
        """32 bytes; zero without leaves, the leaf itself when there is one only."""
        return self.nodes[0] if self.nodes else ZERO_HASH


def make_tree(leaves: Sequence[bytes]) -> Tree:
    """The tree over leaf hashes (32 bytes each). The root depends on their set, not on their order."""
    count = len(leaves)
    nodes = [ZERO_HASH] * max(2 * count - 1, 0)
    places = [0] * count
    for rank, number in enumerate(sorted(range(count), key=leaves.__getitem__)):
        places[number] = len(nodes) - 1 - rank
        nodes[places[number]] = leaves[number]
    _fill(nodes)
    return Tree(nodes=tuple(nodes), places=tuple(places))


def make_root(leaves: Iterable[bytes]) -> bytes:
    """The root of ``make_tree``, without where each leaf stands."""
    nodes = sorted(leaves, reverse=True)
    if not nodes:
        return ZERO_HASH
    nodes[:0] = [ZERO_HASH] * (len(nodes) - 1)
    _fill(nodes)
    return nodes[0]


def _fill(nodes: list[bytes]) -> None:
    """Write the inner nodes of a heap whose leaves stand at its end: level by level, the deepest pairs first."""
    first = 2 ** (len(nodes).bit_length() - 1) - 1  # of the deepest level
    while first > 0:
        pairs = zip(nodes[first : 2 * first + 1 : 2], nodes[first + 1 : 2 * first + 1 : 2], strict=True)
        parents = [keccak256(one + other if one < other else other + one) for one, other in pairs]
        first >>= 1
        nodes[first : first + len(parents)] = parents


def prove(tree: Tree, number: int) -> tuple[bytes, ...]:
    """The siblings of leaf ``number`` from the leaf upwards; empty for the only leaf of a tree."""
    assert 0 <= number < len(tree.places), number
    place = tree.places[number]
    siblings: list[bytes] = []
    while place > 0:
        siblings.append(tree.nodes[place + 1 if place % 2 else place - 1])
        place = (place - 1) // 2
    return tuple(siblings)


def verify(expected_root: bytes, *, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Whether ``proof`` shows that ``leaf`` (its hash) is under ``expected_root``."""
    node = leaf
    for sibling in proof:
        node = _node(node, sibling)
    return node == expected_root


def dump(tree: Tree, leaves: Sequence[Leaf]) -> dict[str, object]:
    """The document that OpenZeppelin's ``StandardMerkleTree.load`` reads. Integers stand as decimal text.

    ``leaves`` are those whose hashes the tree was made of, in the same order.
    """
    assert len(leaves) == len(tree.places), (len(leaves), len(tree.places))
    return {
        "format": "standard-v1",
        "leafEncoding": list(LEAF_ENCODING),
        "tree": [to_hex(node) for node in tree.nodes],
        "values": [
            {"value": [_text(value) for value in astuple(leaf)], "treeIndex": place}
            for leaf, place in zip(leaves, tree.places, strict=True)
        ],
    }


def _node(one: bytes, other: bytes) -> bytes:
    return keccak256(one + other if one < other else other + one)


def _address(text: str) -> bytes:
    address = bytes.fromhex(text.removeprefix("0x"))
    assert len(address) == 20, text
    return address


def _word32(number: int) -> bytes:
    return _ZEROS_28 + number.to_bytes(4)


def _text(value: int | str | bytes) -> str:
    return to_hex(value) if isinstance(value, bytes) else str(value)
