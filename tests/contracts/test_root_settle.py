"""
settle, in root mode
├── given a batch, it keeps hash and second, moves the supply and writes no word
├── given data and totals that are not true, it takes them: they fall to a challenge
├── given more burned than exists, it refuses
├── given 64 pending batches, it refuses the next until the oldest is final
└── given batches all the time, it goes on for ever
lastFinalId, settledAt, batchHashOf
├── given the last second of the window, the batch is pending, and one later it is final
├── given a chain of batches, the newest final one is named
└── given an id that is not among the newest 64, settledAt refuses
the mode
└── given the other one, each function refuses
"""

import pytest

from tests.contracts import evm
from tests.contracts.builders import World, act, read
from tests.contracts.evm import refused
from tests.contracts.headers import Header
from tests.contracts.rooted import WINDOW, Book

NOTHING = Header().fields()
ROOT_ONLY = {
    "challenge": (NOTHING, NOTHING, b"", (0, 0, [], 0, [])),
    "retrace": (NOTHING, NOTHING, b"", 0, [], []),
    "sync": ([NOTHING], [], [], []),
    "syncRange": ([NOTHING], 0, [], []),
    "balanceOfWithProof": ([NOTHING], 1, 0, []),
}


def test_settle__given_a_batch__keeps_its_mark_and_writes_no_word(book: Book) -> None:
    entry = book.settle({1: 5, 9: 70_000})

    book.check()
    assert read(book.world, "batchHashOf", 1, types=("bytes32",)) == book.hash_of(entry.header)
    assert read(book.world, "settledAt", 1) == evm.now(book.world.chain)
    assert [read(book.world, "wordAt", index) for index in (0, 1)] == [0, 0]
    assert read(book.world, "totalSupply") == 70_005


@pytest.mark.parametrize("data", [b"", b"\x09", b"\xff" * 32_768])
def test_settle__given_data_that_are_none__takes_them(book: Book, data: bytes) -> None:
    book.settle({}, data=data, updates=10_000, issued=3, words={})

    book.check()


def test_settle__given_more_burned_than_exists__is_refused(book: Book) -> None:
    book.settle({1: 5})

    with refused("SupplyBelowZero", 5, 6):
        book.settle({}, burned=6)
    book.settle({}, issued=1, burned=6, words={})
    assert read(book.world, "totalSupply") == 0


def test_settle__given_64_pending_batches__refuses_until_the_oldest_is_final(book: Book) -> None:
    book.end_window()  # batch 0 is settled by the deployment
    for _ in range(64):
        book.settle({})
    oldest = read(book.world, "settledAt", 1)

    with refused("TooManyPending", oldest + WINDOW):
        book.settle({})
    assert read(book.world, "lastFinalId") == 0
    book.end_window()
    book.settle({})

    assert read(book.world, "lastBatchId") == 65
    book.check()


def test_settle__given_batches_all_the_time__goes_on(book: Book) -> None:
    for number in range(1, 140):
        book.settle({number: 1})
        evm.travel(book.world.chain, seconds=WINDOW // 50)

    book.check()
    first, second = (book.hash_of(book.entries[n].header) for n in (0, 64))
    assert read(book.world, "isCheckpoint", first, types=("bool",)) is True
    assert read(book.world, "isCheckpoint", second, types=("bool",)) is True
    others = [book.hash_of(entry.header) for n, entry in enumerate(book.entries) if n % 64]
    assert not any(read(book.world, "isCheckpoint", each, types=("bool",)) for each in others)


def test_last_final_id__given_the_last_second_of_the_window__is_the_one_before(book: Book) -> None:
    book.settle({1: 5})
    settled = int(str(read(book.world, "settledAt", 1)))

    evm.travel(book.world.chain, seconds=WINDOW)  # what is read now is read one second before
    assert (evm.now(book.world.chain), read(book.world, "lastFinalId")) == (settled + WINDOW - 1, 0)
    evm.travel(book.world.chain, seconds=2)
    assert evm.now(book.world.chain) == settled + WINDOW
    assert read(book.world, "lastFinalId") == 1


def test_last_final_id__given_a_chain__is_the_newest_final(book: Book) -> None:
    for _ in range(3):
        book.settle({})
        evm.travel(book.world.chain, seconds=WINDOW // 3 + 1)
    book.settle({})

    assert read(book.world, "lastFinalId") == 1
    book.end_window()
    assert read(book.world, "lastFinalId") == 4


def test_settled_at__given_another_id__is_refused(book: Book) -> None:
    book.settle({})

    with refused("UnknownBatch", 2, 0, 1):
        read(book.world, "settledAt", 2)


@pytest.mark.parametrize("function", ROOT_ONLY)
def test_root_functions__given_push_mode__refuse(world: World, function: str) -> None:
    with refused("WrongMode", 0):
        act(world, "stranger", function, *ROOT_ONLY[function])


def test_propose_root_mode__given_root_mode__is_refused(book: Book) -> None:
    act(book.world, "guardian", "pause")

    with refused("WrongMode", 1):
        act(book.world, "config", "proposeRootMode", NOTHING, WINDOW)
