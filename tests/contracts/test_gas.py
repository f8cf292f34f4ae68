"""Gas of one batch, to the unit: a change of cost is seen, and is meant.

settle
├── given a ledger that has run for a while
│   ├── and 1,000 members who fill their words (dense), it costs exactly
│   ├── and 1,000 of 5,000 members, drawn at random (sparse), it costs exactly
│   └── and a batch without updates (the fixed part), it costs exactly
└── given transfer logs, and none, a fifth or all of the 1,000 members with wallets, it costs exactly
"""

import random
from collections.abc import Iterator

import pytest

from tests.contracts.builders import World, make_world, settle
from tests.contracts.evm import rolled_back
from tests.contracts.wallets import bind_all, make_contract_wallets, tell

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
        pytest.param(DENSE, 850_716, id="dense"),
        pytest.param(SPARSE, 3_164_351, id="sparse"),  # 533 words
        pytest.param({}, 64_066, id="fixed"),
    ],
)
def test_settle__given_a_seasoned_ledger__costs_exactly(seasoned: World, deltas: dict[int, int], gas: int) -> None:
    with rolled_back(seasoned.chain):
        receipt = settle(seasoned, deltas)

    assert receipt["gasUsed"] == gas


def seasoned_with_logs(*, bound: int) -> World:
    """The same with the transfer logs on and the first ``bound`` of the dense batch's members bound."""
    world = make_world(transfer_logs=True)
    signer, *wallets = make_contract_wallets(world, 1 + bound)
    tell(world, "config", "setVoucherSigner", signer)
    settle(world, dict.fromkeys(range(8, 5008), 1))
    for _ in range(64):
        settle(world, {})
    bind_all(world, dict(zip(DENSE, wallets, strict=False)))
    return world


@pytest.mark.parametrize(("bound", "gas"), [(0, 1_146_102), (200, 2_252_023), (1000, 6_645_845)])
def test_settle__given_transfer_logs_and_wallets__costs_exactly(bound: int, gas: int) -> None:
    world = seasoned_with_logs(bound=bound)

    assert settle(world, DENSE)["gasUsed"] == gas
