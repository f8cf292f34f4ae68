"""bench seal, small
├── every figure has its permanent name, those that are compared a baseline of the same run
├── OpenZeppelin's library is beside it where it can be had, and comes to our root
└── receipts are the same in parts and as a whole, each as the seal makes it
"""

import json

import pytest
from typer.testing import CliRunner

from loyaltychain.bench.seal import make_receipts, say
from loyaltychain.bench.seal_baselines import LIBRARY, PLACE, ask_openzeppelin
from loyaltychain.cli.main import make_app
from loyaltychain.core.errors import CompilerUnavailable
from loyaltychain.deploy.soljson import find_node
from loyaltychain.settlement.receipt_tree import Leaf
from loyaltychain.settlement.salts import receipt_salt


def has_openzeppelin() -> bool:
    try:
        find_node()
    except CompilerUnavailable:
        return False
    return LIBRARY.exists()


def test_command__json__permanent_names() -> None:
    done = CliRunner().invoke(make_app(), ["bench", "seal", "--n", "1000", "--json"])

    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    results = {each["name"]: each for each in document["results"]}
    beside = ["plain", *(["openzeppelin"] if has_openzeppelin() else [])]
    compared = {
        "incremental.10_of_1k", "incremental.10_of_1k.read_back", "step.10_of_1k", "receipts.1k",
        *(f"{part}.{name}" for part in ("full.1k.member", "receipts.1k.receipt") for name in beside),
    }  # fmt: skip
    assert document["bench"] == "seal"
    assert {name for name, each in results.items() if each["ratio"] is not None} == compared
    assert results.keys() - compared == {
        "full.1k", "full.1k.a_word_each", "kept.1k.peak", "step.10_of_1k.receipt", "receipts.1k.processes",
        "receipts.1k.one_process", "receipts.1k.peak",
    }  # fmt: skip
    assert all(each["baseline"] and each["baseline_value"] >= 0 for name, each in results.items() if name in compared)


def test_ask_openzeppelin__its_root_is_ours() -> None:
    if not has_openzeppelin():
        pytest.skip("node or @openzeppelin/merkle-tree is not installed")
    asked = ask_openzeppelin(37)  # raises when the roots differ
    assert asked is not None and asked.receipt > 0 < asked.balance


def test_receipts__in_parts__as_the_seal_makes_each() -> None:
    receipts = make_receipts(7)
    leaves = receipts.hash()

    assert receipts.part(0, 3).hash() + receipts.part(3, 7).hash() == leaves
    for (index, member, amount, digest, key), leaf in zip(receipts.values(), leaves, strict=True):
        salt = receipt_salt(key, entry_digest=digest, unit="points")
        values = (index, member, "points", amount, digest, salt)
        assert leaf == Leaf(PLACE.chain_id, PLACE.ledger, PLACE.batch_id, *values).digest
    assert [say(n) for n in (999, 1_000, 20_000, 3_000_000)] == ["999", "1k", "20k", "3m"]
