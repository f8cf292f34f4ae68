"""Gas of one batch, to the unit: a change of cost is seen, and is meant.

settle
├── given a ledger that has run for a while
│   ├── and 1,000 members who fill their words (dense), it costs exactly
│   ├── and the same in dense words (version 3), it costs exactly
│   ├── and 1,000 of 5,000 members, drawn at random (sparse), it costs exactly
│   └── and a batch without updates (the fixed part), it costs exactly
├── given root mode, and 1,000 updates as records or Golomb-Rice, none, or a checkpoint, it costs exactly
└── given transfer logs, and none, a fifth or all of the 1,000 members with wallets, it costs exactly
challenge, retrace, sync
└── given a batch of 1,000 updates, each costs exactly
"""

import random
from collections.abc import Iterator

import pytest

from tests.contracts import evm
from tests.contracts.builders import World, act, make_world, settle, settle_data
from tests.contracts.evm import rolled_back
from tests.contracts.rooted import CODECS, Book, make_root_world
from tests.contracts.tree import LAST, siblings_of
from tests.contracts.wallets import bind_all, make_contract_wallets, tell

DENSE = dict.fromkeys(range(8, 1008), 217)
SPARSE = dict.fromkeys(random.Random(20).sample(range(8, 5008), 1000), 217)

CHECKPOINT = 81_893
ANYBODY = {"challenge": 526_213, "retrace 100 words": 958_588, "retrace": 2_980_083, "sync 100 words": 2_592_974}


@pytest.fixture(scope="module")
def seasoned(deployed: World) -> Iterator[World]:
    """A ledger in which every slot that a batch writes was written before, the 64 kept hashes included."""
    with rolled_back(deployed.chain):
        settle(deployed, dict.fromkeys(range(8, 5008), 1))
        for _ in range(64):
            settle(deployed, {})
        yield deployed


@pytest.mark.parametrize(
    ("deltas", "codec", "gas"),
    [
        pytest.param(DENSE, "records", 1_063_880, id="dense"),
        pytest.param(DENSE, "dense", 758_369, id="dense words"),
        pytest.param(SPARSE, "records", 3_168_752, id="sparse"),  # 533 words
        pytest.param({}, "records", 60_493, id="fixed"),
    ],
)
def test_settle__given_a_seasoned_ledger__costs_exactly(
    seasoned: World, deltas: dict[int, int], codec: str, gas: int
) -> None:
    issued = sum(deltas.values())
    with rolled_back(seasoned.chain):
        receipt = settle_data(seasoned, CODECS[codec](deltas), updates=len(deltas), issued=issued)

    assert receipt["gasUsed"] == gas


@pytest.fixture(scope="module")
def seasoned_root() -> Book:
    """The same in root mode, where a batch writes no word; the next id is 74."""
    book = Book(make_root_world())
    book.settle(dict.fromkeys(range(8, 5008), 1))
    for _ in range(72):
        book.settle({})
        book.end_window()
    return book


@pytest.mark.parametrize(
    ("deltas", "codec", "gas"),
    [
        pytest.param(DENSE, "records", 121_211, id="dense records"),
        pytest.param(DENSE, "rice", 90_511, id="dense rice"),
        pytest.param(DENSE, "dense", 96_735, id="dense words"),
        pytest.param(SPARSE, "records", 121_211, id="sparse records"),
        pytest.param(SPARSE, "rice", 98_581, id="sparse rice"),
        pytest.param({}, "records", 59_699, id="fixed"),
    ],
)
def test_settle__given_root_mode__costs_exactly(
    seasoned_root: Book, deltas: dict[int, int], codec: str, gas: int
) -> None:
    issued = sum(deltas.values())
    with rolled_back(seasoned_root.world.chain):
        receipt = settle_data(seasoned_root.world, CODECS[codec](deltas), updates=len(deltas), issued=issued)

    assert receipt["gasUsed"] == gas


def test_settle__given_a_checkpoint__costs_exactly(seasoned_root: Book) -> None:
    with rolled_back(seasoned_root.world.chain):
        while True:
            evm.travel(seasoned_root.world.chain, seconds=3601)
            receipt = settle(seasoned_root.world, {})
            if int.from_bytes(bytes(receipt["logs"][0]["topics"][1])) % 64 == 0:
                break

    assert receipt["gasUsed"] == CHECKPOINT


def test_root__given_1000_updates__what_anybody_does_costs_exactly(seasoned_root: Book) -> None:
    world = seasoned_root.world
    with rolled_back(world.chain):
        book = Book(world, list(seasoned_root.entries))
        before = book.last.words
        lie = book.settle(SPARSE, data=CODECS["rice"](SPARSE), words=before)
        some = {member: delta for member, delta in SPARSE.items() if member < 800}
        step = book.retrace(some, 99)
        whole = book.retrace(SPARSE, LAST, person="guardian")
        book.forget()
        assert lie.header.balance_root == book.last.header.balance_root
    with rolled_back(world.chain):
        book = Book(world, list(seasoned_root.entries))
        book.settle(SPARSE, data=CODECS["rice"](SPARSE), words=before)
        word = book.challenge(min(SPARSE) // 8)
    with rolled_back(world.chain):
        words = seasoned_root.last.words
        header = seasoned_root.last.header.fields()
        indexes = range(1, 101)
        arguments = [words[index] for index in indexes], siblings_of(words, indexes)
        sync = act(world, "stranger", "syncRange", [header], 1, *arguments)
    spent = {"challenge": word, "retrace 100 words": step, "retrace": whole, "sync 100 words": sync}

    assert {name: receipt["gasUsed"] for name, receipt in spent.items()} == ANYBODY


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


@pytest.mark.parametrize(("bound", "gas"), [(0, 1_701_814), (200, 2_723_045), (1000, 6_779_710)])
def test_settle__given_transfer_logs_and_wallets__costs_exactly(bound: int, gas: int) -> None:
    world = seasoned_with_logs(bound=bound)

    assert settle(world, DENSE)["gasUsed"] == gas
