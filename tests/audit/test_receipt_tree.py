"""hash_leaf, make_root, climb, derive_salt

given a leaf
└── its hash is keccak twice over what the ABI library encodes
given leaf hashes
├── when there are none, or one
│   └── the root is zero, or the leaf itself
├── when in another order
│   └── the root is the same
└── when there are any
    └── the root is that of OpenZeppelin's array layout, and golden for three
given a key
└── the salt is HKDF-SHA256 of it
"""

import eth_abi
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.audit.receipt_tree import Leaf, climb, derive_salt, hash_leaf, make_root
from loyaltychain.core.hashing import keccak256
from tests.audit.builders import CHAIN_ID, LEDGER

HASH = st.binary(min_size=32, max_size=32)
UINT32 = st.integers(0, 2**32 - 1)


def pair(one: bytes, other: bytes) -> bytes:
    return keccak256(min(one, other) + max(one, other))


@given(UINT32, UINT32, st.integers(-(2**63), 2**63), st.text(max_size=70), HASH)
@settings(deadline=None, max_examples=100)
def test_hash_leaf__any_values__is_that_of_the_abi_library(
    index: int, member: int, amount: int, unit: str, salt: bytes
) -> None:
    leaf = Leaf(CHAIN_ID, LEDGER, 7, index, member, unit, amount, b"\x09" * 32, salt)
    types = ["uint256", "address", "uint32", "uint32", "uint32", "string", "int256", "bytes32", "bytes32"]
    values = [CHAIN_ID, LEDGER, 7, index, member, unit, amount, b"\x09" * 32, salt]

    assert hash_leaf(leaf) == keccak256(keccak256(eth_abi.encode(types, values)))


def test_make_root__none_and_one__are_zero_and_the_leaf() -> None:
    assert make_root([]) == bytes(32)
    assert make_root([b"\x07" * 32]) == b"\x07" * 32
    assert climb(b"\x07" * 32, []) == b"\x07" * 32


def test_make_root__three__follows_the_array_layout() -> None:
    low, middle, high = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32

    root = make_root([high, low, middle])

    # Five nodes: the leaves stand at 2, 3, 4 as high, middle, low; node 1 is over 3 and 4, the root over 1 and 2.
    assert root == pair(pair(middle, low), high)
    assert climb(middle, [low, high]) == root


@given(st.lists(HASH, min_size=1, max_size=20), st.randoms())
@settings(deadline=None, max_examples=100)
def test_make_root__any_order__is_the_same_and_every_leaf_climbs_to_it(leaves: list[bytes], random: object) -> None:
    shuffled = list(leaves)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis gives a Random
    root = make_root(leaves)
    nodes = [b""] * (len(leaves) - 1) + sorted(leaves)[::-1]
    for at in reversed(range(len(leaves) - 1)):
        nodes[at] = pair(nodes[2 * at + 1], nodes[2 * at + 2])
    place = nodes.index(leaves[0], len(leaves) - 1)
    proof = []
    while place:
        proof.append(nodes[place + 1 if place % 2 else place - 1])
        place = (place - 1) // 2

    assert make_root(shuffled) == root == nodes[0]
    assert climb(leaves[0], proof) == root


@given(HASH, HASH, st.text(max_size=20))
@settings(deadline=None, max_examples=50)
def test_derive_salt__any_key__is_hkdf(key: bytes, digest: bytes, unit: str) -> None:
    context = b"loyaltychain/receipt/v1" + digest + unit.encode()

    assert derive_salt(key, entry_digest=digest, unit=unit) == HKDF(key, 32, b"", SHA256, 1, context)
