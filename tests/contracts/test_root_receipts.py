"""
holdsReceipt
├── given a receipt of a final batch, it says so, in either mode
├── given any change of the receipt, another batch, or another proof, it says no
├── given a pending, void, or foreign batch, it refuses
├── given a receipt of any age and the headers up to a checkpoint or to the history, void ids between or not, it answers
├── given a chain that breaks or ends in nothing known, it refuses
└── given a tree of one receipt, an empty proof holds
"""

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.contracts.builders import World, make_batch, read
from tests.contracts.builders import settle as settle_push
from tests.contracts.evm import refused
from tests.contracts.headers import make_header
from tests.contracts.rooted import WINDOW, Book, change

TYPES = ["uint256", "address", "uint32", "uint32", "uint32", "string", "int256", "bytes32", "bytes32"]
RECEIPT = (0, 17, "points", -12, keccak(text="an entry"), keccak(text="a salt"))
OTHER = keccak(text="another leaf")


def leaf_of(world: World, batch_id: int, receipt: tuple = RECEIPT) -> bytes:
    """The standard tree's leaf, by the protocol's table."""
    values = (world.chain.w3.eth.chain_id, world.ledger, batch_id, *receipt)
    return keccak(keccak(encode(TYPES, values)))


def root_with(leaf: bytes, other: bytes = OTHER) -> bytes:
    """Root of a tree of two leaves."""
    return keccak(b"".join(sorted([leaf, other])))


def holds(book: Book, chain: list[tuple], receipt: tuple = RECEIPT, proof: tuple = (OTHER,)) -> object:
    return read(book.world, "holdsReceipt", chain, receipt, list(proof), types=("bool",))


@pytest.fixture
def receipted(book: Book) -> Book:
    """A final first batch that holds the receipt beside another leaf."""
    book.settle({17: 12}, receiptRoot=root_with(leaf_of(book.world, 1)))
    book.end_window()
    return book


def test_holds_receipt__given_a_final_batch__says_so(receipted: Book) -> None:
    assert holds(receipted, receipted.chain_from(1)) is True


def test_holds_receipt__given_push_mode__says_so(world: World) -> None:
    leaf = leaf_of(world, 1)
    batch, data = make_batch(world, {17: 12}, receiptRoot=root_with(leaf))
    settle_push(world, {17: 12}, receiptRoot=root_with(leaf))
    chain = [make_header(batch, data, 12).fields()]

    assert read(world, "holdsReceipt", chain, RECEIPT, [OTHER], types=("bool",)) is True
    assert read(world, "holdsReceipt", chain, RECEIPT, [], types=("bool",)) is False


def test_holds_receipt__given_one_receipt__needs_no_proof(book: Book) -> None:
    book.settle({}, receiptRoot=leaf_of(book.world, 1))
    book.end_window()

    assert holds(book, book.chain_from(1), proof=()) is True


@pytest.mark.parametrize(
    "wrong",
    [(1, *RECEIPT[1:]), (0, 18, *RECEIPT[2:]), (*RECEIPT[:2], "point", *RECEIPT[3:]), (*RECEIPT[:3], 12, *RECEIPT[4:]),
     (*RECEIPT[:4], bytes(32), RECEIPT[5]), (*RECEIPT[:5], bytes(32))],
    ids=["index", "member", "unit", "amount", "entry", "salt"],
)  # fmt: skip
def test_holds_receipt__given_another_receipt__says_no(receipted: Book, wrong: tuple) -> None:
    assert holds(receipted, receipted.chain_from(1), wrong) is False


@pytest.mark.parametrize("proof", [(), (bytes(32),), (OTHER, OTHER), (OTHER, bytes(32))])
def test_holds_receipt__given_another_proof__says_no(receipted: Book, proof: tuple) -> None:
    assert holds(receipted, receipted.chain_from(1), proof=proof) is False


def test_holds_receipt__given_another_batch__says_no(receipted: Book) -> None:
    receipted.settle({}, receiptRoot=receipted.last.header.receipt_root)
    receipted.end_window()

    assert holds(receipted, receipted.chain_from(2)) is False
    assert holds(receipted, receipted.chain_from(1)) is True
    assert holds(receipted, receipted.chain_from(1, to=2)) is True


def test_holds_receipt__given_a_pending_batch__is_refused(book: Book) -> None:
    book.settle({}, receiptRoot=root_with(leaf_of(book.world, 1)))

    with refused("NotFinal", 1, int(str(read(book.world, "settledAt", 1))) + WINDOW):
        holds(book, book.chain_from(1))


def test_holds_receipt__given_a_void_or_foreign_batch__is_refused(book: Book) -> None:
    book.settle({}, receiptRoot=root_with(leaf_of(book.world, 1)), words={0: 8})
    book.challenge(0)
    book.end_window()

    with refused("BrokenChain", 1):
        holds(book, book.chain_from(1))
    with refused("BrokenChain", 0):
        holds(book, [])


def test_holds_receipt__given_any_age_and_void_ids_between__answers(receipted: Book) -> None:
    book = receipted
    for _ in range(60):  # 2 to 61
        book.settle({})
    for place in (62, 62):  # 62 to 63, then 64 to 65: the checkpoint's place is void
        book.settle({}, words={0: 8})
        book.settle({})
        book.challenge(0, place=place)
        book.forget(place)
        book.resume()
    book.end_window()
    for number in range(75):  # 66 to 140
        book.settle({})
        if number == 60:
            book.end_window()
    book.end_window()
    assert read(book.world, "lastBatchId") == 140
    place = next(n for n, entry in enumerate(book.entries) if entry.header.batch_id == 61)
    assert read(book.world, "isCheckpoint", book.hash_of(book.entries[place].header), types=("bool",)) is True

    assert holds(book, book.chain_from(1, to=place + 1)) is True
    assert holds(book, book.chain_from(1, to=place + 30)) is True  # up to one of the newest 64
    assert holds(book, book.chain_from(1)) is True
    with refused("BrokenChain", 60):
        holds(book, book.chain_from(1, to=place))
    with refused("BrokenChain", 66):
        holds(book, book.chain_from(1, to=place) + book.chain_from(place + 1))


def test_holds_receipt__given_a_chain_that_breaks__is_refused(receipted: Book) -> None:
    receipted.settle({})
    wrong = change(receipted.entries[1].header, receipt_root=leaf_of(receipted.world, 1)).fields()

    with refused("BrokenChain", 1):
        holds(receipted, [wrong], proof=())
    with refused("BrokenChain", 2):
        holds(receipted, [wrong, *receipted.chain_from(2)], proof=())
