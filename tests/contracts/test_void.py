"""
challenge, in what it leaves behind
├── given a false batch and all that hang on it, they never were: supply, hash, ids, pause, one log
├── given a void, the next batch has the next id and hangs on the last good one
├── given a pause already, it voids and logs no second one
├── given repeated voids on one good batch, each goes back to it
├── given 64 false batches in a row, one call voids them all, though the good one's mark is gone
├── given voided ids among the newest 64, they answer with the last good batch's hash and second
├── given a void, the buckets keep what the voided batches took
├── given a voided id at a checkpoint's place, the last good batch becomes the checkpoint
└── given a final batch, a void one, or an unknown one, it refuses
"""

import pytest
from eth_utils.crypto import keccak

from tests.contracts import evm
from tests.contracts.builders import act, read
from tests.contracts.evm import refused
from tests.contracts.rooted import FRAUDS, WINDOW, Book, change, make_root_world, void_in

PAUSED = keccak(text="LedgerPaused(address)")
FALSE = {"words": {3: 77}}  # the root of other balances than the batch's


def void(book: Book, place: int) -> dict:
    """Have the entry at ``place`` voided by its one wrong word; the receipt."""
    receipt = book.challenge(3, place=place)
    book.forget(place)
    book.check()
    return receipt


def test_challenge__given_a_false_batch__voids_it_and_all_behind(book: Book) -> None:
    book.settle({1: 5})
    book.settle({2: 3}, **FALSE)
    book.settle({8: 9})
    book.settle({8: -2})

    receipt = void(book, 2)

    assert void_in(receipt) == (2, 4, book.world.people["stranger"].lower(), FRAUDS["root"])
    assert [bytes(log["topics"][0]) for log in receipt["logs"]][1:] == [PAUSED]
    assert read(book.world, "paused", types=("bool",)) is True
    assert read(book.world, "lastBatchId") == 4
    with refused("LedgerIsPaused"):
        book.settle({1: 1})


def test_settle__given_a_void__goes_on_with_the_next_id(book: Book) -> None:
    book.settle({1: 5})
    book.settle({2: 3}, **FALSE)
    void(book, 2)
    book.resume()

    with refused("WrongBatchId", 3, 2):
        book.settle({2: 3}, batchId=2)
    entry = book.settle({2: 3})

    assert entry.header.batch_id == 3
    assert entry.header.prev_hash == book.hash_of(book.entries[1].header)
    book.check()


def test_challenge__given_a_pause__logs_no_second_one(book: Book) -> None:
    book.settle({2: 3}, **FALSE)
    act(book.world, "guardian", "pause")

    assert len(void(book, 1)["logs"]) == 1


def test_challenge__given_repeated_voids__goes_back_to_the_same_batch(book: Book) -> None:
    book.settle({1: 5})
    for number in range(1, 4):
        book.settle({2: number}, **FALSE)
        first, last, _, _ = void_in(void(book, 2))
        assert (first, last) == (number + 1, number + 1)
        book.resume()

    assert book.settle({2: 3}).header.batch_id == 5
    book.check()


@pytest.mark.parametrize("good", [0, 1, 5])
def test_challenge__given_64_false_batches__voids_them_at_once(book: Book, good: int) -> None:
    for _ in range(good):
        book.settle({1: 5})
    book.end_window()
    for _ in range(64):
        book.settle({9: 1}, **FALSE)
    with refused("UnknownBatch", good, good + 1, good + 64):
        read(book.world, "batchHashOf", good)

    assert void_in(void(book, good + 1))[:2] == (good + 1, good + 64)

    assert read(book.world, "lastFinalId") == good + 64
    book.resume()
    book.settle({9: 1})
    book.check()
    assert read(book.world, "lastFinalId") == good + 64
    book.end_window()
    assert read(book.world, "lastFinalId") == good + 65


def test_challenge__given_the_first_of_all__goes_back_to_nothing(book: Book) -> None:
    book.settle({9: 1}, **FALSE)

    void(book, 1)

    assert read(book.world, "totalSupply") == 0


def test_marks__given_voided_ids__are_those_of_the_last_good_batch(book: Book) -> None:
    book.settle({1: 5})
    settled = read(book.world, "settledAt", 1)
    evm.travel(book.world.chain, seconds=60)
    for _ in range(3):
        book.settle({9: 1}, **FALSE)
    void(book, 2)
    book.resume()
    book.settle({9: 1})

    for voided in (2, 3, 4):
        assert read(book.world, "settledAt", voided) == settled
        assert read(book.world, "batchHashOf", voided, types=("bytes32",)) == book.hash_of(book.entries[1].header)
    assert read(book.world, "settledAt", 5) > settled


def test_available__given_a_void__keeps_what_was_taken() -> None:
    book = Book(make_root_world(caps=(100, 100, 100, 100, 10**6, 1000)))
    book.settle({1: 60}, **FALSE)
    assert read(book.world, "available", types=("uint256", "uint256")) == (40, 100)

    void(book, 1)

    assert read(book.world, "available", types=("uint256", "uint256")) == (40, 100)
    book.resume()
    with refused("IssueOverPeriodCap", 41, 40):
        book.settle({1: 41})


def test_checkpoint__given_a_voided_id_in_its_place__is_the_last_good_batch(book: Book) -> None:
    for _ in range(62):
        book.settle({1: 5})
    book.end_window()
    for _ in range(4):  # 63 to 66: 64 is one of them
        book.settle({9: 1}, **FALSE)
    void(book, 63)
    book.resume()
    for _ in range(61):  # 67 to 127
        book.settle({1: 5})
    good = book.hash_of(book.entries[62].header)
    assert read(book.world, "isCheckpoint", good, types=("bool",)) is False
    book.end_window()

    book.settle({1: 5})

    assert read(book.world, "lastBatchId") == 128
    assert read(book.world, "isCheckpoint", good, types=("bool",)) is True


@pytest.mark.parametrize("seconds", [0, -1])
def test_challenge__given_the_end_of_the_window__is_refused_from_there_on(book: Book, seconds: int) -> None:
    book.settle({9: 1}, **FALSE)
    settled = int(str(read(book.world, "settledAt", 1)))
    book.world.chain.tester.time_travel(settled + WINDOW + seconds)

    if seconds < 0:
        void(book, 1)
    else:
        with refused("NotPending", 1):
            book.challenge(3)
        with refused("NotPending", 1):
            book.retrace({9: 1})


def test_challenge__given_a_void_batch__is_refused(book: Book) -> None:
    book.settle({1: 1})
    book.settle({9: 1}, **FALSE)
    book.settle({9: 1}, words={4: 1})
    book.challenge(3, place=2)

    with refused("NotPending", 2):
        book.challenge(3, place=2)
    with refused("NotPending", 2):
        book.retrace({9: 1}, place=2)
    with refused("NotPending", 3):
        book.challenge(4, place=3)


def test_challenge__given_a_batch_that_nobody_settled__is_refused(book: Book) -> None:
    entry = book.settle({9: 1}, **FALSE)

    with refused("NotPending", 1):
        book.challenge(3, disputed=change(entry.header, time=1))
