"""make_tree
├── given no leaves: its root is zero and it has no nodes
├── given one leaf: the root is the leaf
├── given the leaves of a golden tree: it has OpenZeppelin's nodes, places and proofs
├── given the leaves of OpenZeppelin's own sample: it has their nodes and places (skipped without the sample)
└── given any leaves in another order: the root is the same
prove and verify
├── given any leaf of any tree: its proof holds
├── given the only leaf: its proof is empty and holds
└── given another leaf, or a proof with a bit flipped: it does not hold
dump
├── given the golden receipts: it is OpenZeppelin's document
└── given to OpenZeppelin's library: it loads, and the library verifies our proofs (skipped without node)
make_root
└── given any leaves in any order: it is the tree's root
leaf digest
└── given any one value changed: it is another
hash_leaves
├── given any leaves of a batch: each is keccak twice over what eth_abi encodes, and the digest of the leaf
└── given a number out of its type's range: it raises OverflowError
"""

import json
import shutil
import subprocess
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import pytest
from eth_abi import encode
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core.hashing import from_hex, keccak256, to_hex
from loyaltychain.settlement.receipt_tree import (
    LEAF_ENCODING,
    BatchPlace,
    Leaf,
    dump,
    hash_leaves,
    make_root,
    make_tree,
    prove,
    verify,
)
from tests.settlement.builders import LEDGER, make_leaf, read_vectors

GOLDEN = read_vectors("receipt_trees.json")["trees"]
REPOSITORY = Path(__file__).parents[2]
SAMPLE = REPOSITORY / "../shared/data/vectors/merkle/oz_dumps/standard-v1.sorted.1_0_6.json"
CONTRACTS = REPOSITORY / "contracts"
ASK_OPENZEPPELIN = """
const { StandardMerkleTree } = require("@openzeppelin/merkle-tree");
const { dump, proofs } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const tree = StandardMerkleTree.load(dump);
tree.validate();
const verified = dump.values.map(({ value }, number) =>
  StandardMerkleTree.verify(tree.root, dump.leafEncoding, value, proofs[number]));
const own = dump.values.map((_, number) => tree.getProof(number));
console.log(JSON.stringify({ root: tree.root, verified, own, built: StandardMerkleTree.of(
  dump.values.map(({ value }) => value), dump.leafEncoding).dump() }));
"""

hash_sets = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40, unique=True)


def golden_leaves(tree: dict[str, Any]) -> list[Leaf]:
    return [
        Leaf(
            int(chain), ledger, int(batch), int(index), int(member), unit, int(amount), from_hex(digest), from_hex(salt)
        )
        for chain, ledger, batch, index, member, unit, amount, digest, salt in (
            row["value"] for row in tree["dump"]["values"]
        )
    ]


def proofs_as_text(leaves: list[Leaf]) -> list[list[str]]:
    tree = make_tree([leaf.digest for leaf in leaves])
    return [[to_hex(sibling) for sibling in prove(tree, number)] for number in range(len(leaves))]


def test_make_tree__no_leaves__zero_root() -> None:
    tree = make_tree([])

    assert (tree.root, tree.nodes, tree.places) == (bytes(32), (), ())


def test_make_tree__one_leaf__root_is_the_leaf() -> None:
    tree = make_tree([b"\x07" * 32])

    assert (tree.root, tree.nodes, tree.places) == (b"\x07" * 32, (b"\x07" * 32,), (0,))
    assert prove(tree, 0) == ()
    assert verify(tree.root, leaf=b"\x07" * 32, proof=())


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: f"{len(golden['proofs'])} leaves")
def test_make_tree__golden_leaves__openzeppelins_nodes_and_proofs(golden: dict[str, Any]) -> None:
    leaves = golden_leaves(golden)

    assert dump(make_tree([leaf.digest for leaf in leaves]), leaves) == golden["dump"]
    assert proofs_as_text(leaves) == golden["proofs"]


def test_make_tree__openzeppelins_sample__their_nodes_and_places() -> None:
    if not SAMPLE.exists():
        pytest.skip("OpenZeppelin's sample dump is not at hand")
    sample = json.loads(SAMPLE.read_text())
    rows = sample["values"]

    tree = make_tree([keccak256(keccak256(encode(sample["leafEncoding"], row["value"]))) for row in rows])

    assert [to_hex(node) for node in tree.nodes] == sample["tree"]
    assert list(tree.places) == [row["treeIndex"] for row in rows]


@settings(deadline=None, max_examples=60)
@given(hash_sets, st.randoms(use_true_random=False))
def test_make_tree__another_order__same_root(leaves: list[bytes], random: Any) -> None:
    shuffled = leaves.copy()
    random.shuffle(shuffled)

    assert make_tree(shuffled).nodes == make_tree(leaves).nodes
    assert make_root(shuffled) == make_tree(leaves).root


@settings(deadline=None, max_examples=60)
@given(hash_sets)
def test_prove__any_leaf__holds(leaves: list[bytes]) -> None:
    tree = make_tree(leaves)

    assert all(verify(tree.root, leaf=leaf, proof=prove(tree, number)) for number, leaf in enumerate(leaves))


@settings(deadline=None, max_examples=60)
@given(hash_sets, st.integers(0), st.integers(0, 255))
def test_verify__a_bit_flipped__does_not_hold(leaves: list[bytes], where: int, bit: int) -> None:
    tree, number = make_tree(leaves), where % len(leaves)
    proof = list(prove(tree, number))

    for place, sibling in enumerate([leaves[number], *proof]):
        bent = (int.from_bytes(sibling, "big") ^ 1 << bit).to_bytes(32, "big")
        leaf, siblings = (bent, proof) if place == 0 else (leaves[number], [*proof[: place - 1], bent, *proof[place:]])
        assert not verify(tree.root, leaf=leaf, proof=siblings)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64])
def test_dump__given_to_openzeppelins_library__loads_and_verifies(count: int) -> None:
    if shutil.which("node") is None or not (CONTRACTS / "node_modules/@openzeppelin/merkle-tree").exists():
        pytest.skip("node or @openzeppelin/merkle-tree is not installed")
    leaves = [
        make_leaf(index=index, member=index % 5 + 1, amount=(-1) ** index * (index + 1)) for index in range(count)
    ]
    document = dump(make_tree([leaf.digest for leaf in leaves]), leaves)
    question = json.dumps({"dump": document, "proofs": proofs_as_text(leaves)})

    answer = subprocess.run(
        ["node", "-e", ASK_OPENZEPPELIN], cwd=CONTRACTS, input=question, capture_output=True, text=True, check=True
    )

    assert json.loads(answer.stdout) == {
        "root": document["tree"][0],
        "verified": [True] * count,
        "own": proofs_as_text(leaves),
        "built": document,
    }


@pytest.mark.parametrize("field", Leaf.__dataclass_fields__)
def test_leaf_digest__one_value_changed__another(field: str) -> None:
    leaf = make_leaf()
    other: dict[str, Any] = {"ledger": LEDGER[:-1] + "4", "unit": "badge:x"}
    old: Any = getattr(leaf, field)
    new = other.get(field, b"\x99" * 32 if isinstance(old, bytes) else old)
    changed = replace(leaf, **{field: new + 1 if isinstance(new, int) else new})

    assert changed.digest != leaf.digest
    assert len(LEAF_ENCODING) == len(Leaf.__dataclass_fields__)


uint32 = st.integers(0, 2**32 - 1)
thirty_two = st.binary(min_size=32, max_size=32)
leaf_values = st.tuples(uint32, uint32, st.integers(-(2**255), 2**255 - 1) | uint32, thirty_two, thirty_two)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**256 - 1), st.binary(min_size=20, max_size=20), uint32, st.lists(leaf_values, max_size=4),
    st.text(st.characters(exclude_categories=["Cs"])),
)  # fmt: skip
def test_hash_leaves__any__twice_keccak_of_what_eth_abi_encodes(
    chain_id: int, address: bytes, batch_id: int, values: list[tuple[int, int, int, bytes, bytes]], unit: str
) -> None:
    ledger = to_hex(address)
    leaves = [
        Leaf(chain_id, ledger, batch_id, index, member, unit, amount, digest, salt)
        for index, member, amount, digest, salt in values
    ]
    expected = [keccak256(keccak256(encode(LEAF_ENCODING, astuple(leaf)))) for leaf in leaves]

    assert hash_leaves(BatchPlace(chain_id, ledger, batch_id), values, unit=unit) == expected
    assert [leaf.digest for leaf in leaves] == expected


@pytest.mark.parametrize(
    "change", [{"chain_id": 2**256}, {"batch_id": 2**32}, {"index": -1}, {"member": 2**32}, {"amount": 2**255}]
)
def test_leaf_digest__out_of_range__refused(change: dict[str, int]) -> None:
    with pytest.raises(OverflowError):
        make_leaf(**change).digest  # noqa: B018
