"""Attacks 13 to 19 of docs/ATTACKS.md: batches, trees, proofs. Each ends as its verdict there says."""

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.contracts.builders import World, act, make_batch, read, settle, settle_data
from tests.contracts.evm import Refused, refused
from tests.contracts.records import LANE_MAX, narrow, wide
from tests.contracts.rooted import CODECS, Book, void_in
from tests.contracts.surface import has_function
from tests.contracts.test_root_receipts import OTHER, RECEIPT, TYPES, holds, leaf_of, root_with
from tests.contracts.test_sync import sync
from tests.contracts.tree import levels_of, siblings_of

DELTAS = {9: 2, 1: 5, 8: 3}


def test_attack_13__the_same_leaf_twice(world: World, book: Book) -> None:
    batch, data = make_batch(world, {1: 5})
    act(world, "settler", "settle", tuple(batch.values()), data)
    with refused("WrongBatchId", 2, 1):
        act(world, "settler", "settle", tuple(batch.values()), data)
    with refused("MalformedData", 4):
        settle_data(world, b"\x01" + narrow(1, 5) + narrow(0, 5), updates=2, issued=10)
    # A receipt is shown, never claimed: nothing is paid for it, once or twice.
    assert has_function("claim", "redeem", "withdraw") == set()
    book.settle({}, receiptRoot=root_with(leaf_of(book.world, 1)))
    book.end_window()
    assert [holds(book, book.chain_from(1)) for _ in (1, 2)] == [True, True]


def test_attack_14__an_inner_node_as_a_leaf(book: Book) -> None:
    words = {0: 7, 1: 9, 5: 11}
    single = keccak(encode(TYPES, [1, book.world.ledger, 1, *RECEIPT]))
    book.settle({1: 1}, words=words, receiptRoot=root_with(single))
    book.end_window()
    inner = levels_of(words)[1][0]

    assert holds(book, book.chain_from(1)) is False  # a leaf that was hashed once
    with refused("WrongWords"):  # one level up, one sibling less
        sync(book, [0], words=[int.from_bytes(inner)], siblings=siblings_of(words, [0])[1:])
    with pytest.raises(Refused, match="WrongProof"):
        sync(book, [0], words=[int.from_bytes(inner)])


def test_attack_15__forged_proofs_of_several(book: Book) -> None:
    book.settle({1: 1, 9: 1}, receiptRoot=bytes(32))
    book.end_window()
    words = book.last.words

    with refused("WrongWords"):
        sync(book, [], siblings=[book.last.header.balance_root])
    with refused("WrongWords"):
        sync(book, [0, 1], siblings=[*siblings_of(words, [0, 1]), bytes(32)])
    for index in (0, 1, 2):  # a word that is not there, or not empty, beside nodes of zero
        with pytest.raises(Refused, match="WrongProof"):
            sync(book, [index], words=[0 if index < 2 else 1])
    with pytest.raises(Refused, match="WrongProof"):
        sync(book, [0, 1], siblings=[bytes(32)] * 23, words=[0, 0])
    assert holds(book, book.chain_from(1), proof=()) is False  # a batch without receipts holds none
    assert holds(book, book.chain_from(1), proof=(bytes(32),)) is False


def test_attack_16__a_leaf_of_elsewhere(book: Book) -> None:
    world = book.world
    foreign = [
        (1, world.ledger, 1, *RECEIPT), (world.chain.w3.eth.chain_id, world.members, 1, *RECEIPT),
        (world.chain.w3.eth.chain_id, world.ledger, 2, *RECEIPT),
    ]  # fmt: skip
    for number, values in enumerate(foreign, 1):
        batch_id = 1 if number < 3 else 3
        assert values[2] != batch_id or number < 3
        book.settle({}, receiptRoot=keccak(keccak(encode(TYPES, values))))
    book.end_window()

    assert [holds(book, book.chain_from(place), proof=()) for place in (1, 2, 3)] == [False] * 3


def test_attack_17__false_roots_gaps_and_totals(world: World, book: Book) -> None:
    book.settle({1: 5}, balanceRoot=bytes(32))
    assert void_in(book.retrace({1: 5}))[3] == 3

    settle(world, {1: 5})
    for batch_id in (1, 3):  # replaced, or with a gap
        with refused("WrongBatchId", 2, batch_id):
            settle(world, {1: 5}, batchId=batch_id)
    with refused("WrongTotals", 1, 5, 0):
        settle(world, {1: 5}, issued=6)
    for data in (narrow(1, 0), wide(256, 0), wide(256, LANE_MAX + 1), narrow(3, 1) + narrow(0, 1)):
        with pytest.raises(Refused, match="MalformedData"):
            settle_data(world, b"\x01" + data, updates=2, issued=2)


def test_attack_18__claiming_for_others(book: Book) -> None:
    book.settle({17: 12})
    book.end_window()
    act(book.world, "guardian", "pause")

    sync(book, [2])  # anybody, even now: it writes what is proven and moves nothing

    assert (read(book.world, "balanceOfMember", 17), read(book.world, "totalSupply")) == (12, 12)
    with pytest.raises(Refused, match="WrongProof"):
        sync(book, [2], words=[13 << 32])
    assert has_function("claim", "onBehalf") == set()


@pytest.mark.parametrize("codec", CODECS)
def test_attack_19__another_order_off_chain(book: Book, codec: str) -> None:
    data = {CODECS[codec]({member: DELTAS[member] for member in order}) for order in ((1, 8, 9), (9, 8, 1), (8, 1, 9))}
    (only,) = data

    book.settle(DELTAS, data=only)

    with refused("NoFraud"):
        book.retrace(dict(sorted(DELTAS.items())))
    assert root_with(OTHER, leaf_of(book.world, 1)) == root_with(leaf_of(book.world, 1), OTHER)
