"""Gas of one batch, to the unit: a change of cost is seen, and is meant.

settle
└── given a ledger that has run for a while
    ├── and 1,000 members who fill their words (dense), it costs exactly
    ├── and 1,000 of 5,000 members, drawn at random (sparse), it costs exactly
    └── and a batch without updates (the fixed part), it costs exactly
"""

import random
from collections.abc import Iterator

import pytest

from tests.contracts.builders import World, settle
from tests.contracts.evm import rolled_back

DENSE = dict.fromkeys(range(8, 1008), 217)
SPARSE = dict.fromkeys(random.Random(20).sample(range(8, 5008), 1000), 217)


@pytest.fixture(scope="module")
def seasoned(deployed: World) -> Iterator[World]:
    """A ledger in which every slot that a batch writes was written before, the 64 kept hashes included."""
    with rolled_back(deployed.chain):
        settle(deployed, dict.fromkeys(range(8, 5008), 1))
        for _ in range(64):
            settle(deployed, {})
        yield deployed


@pytest.mark.parametrize(
    ("deltas", "gas"),
    [
        pytest.param(DENSE, 850_718, id="dense"),
        pytest.param(SPARSE, 3_164_353, id="sparse"),  # 533 words
        pytest.param({}, 64_068, id="fixed"),
    ],
)
def test_settle__given_a_seasoned_ledger__costs_exactly(seasoned: World, deltas: dict[int, int], gas: int) -> None:
    with rolled_back(seasoned.chain):
        receipt = settle(seasoned, deltas)

    assert receipt["gasUsed"] == gas
