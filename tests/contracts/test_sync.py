"""
sync, syncRange
├── given words under the newest final batch, they are stored and logged, those that changed
├── given any words of any history, what they write is what the tree holds, and nothing else changes
├── given a pending batch behind the final one, its header must come along
├── given a batch that is pending, not the newest final, void or unknown, they refuse
├── given a wrong word, sibling, index or order, they refuse
├── given transfer logs, each bound wallet's change is logged
└── given a batch that emptied a word, it is stored as empty
balanceOfWithProof
└── given a member's word, it answers with the newest final balance, synced or not
"""

from collections.abc import Sequence

import pytest
from eth_utils.crypto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts import evm
from tests.contracts.builders import act, read
from tests.contracts.evm import refused, rolled_back
from tests.contracts.rooted import WINDOW, Book, change, make_root_world
from tests.contracts.test_transfers import NOBODY, transfers_in
from tests.contracts.tree import LAST, lane_of, siblings_of
from tests.contracts.wallets import bind_all, make_contract_wallets, tell

SYNCED = keccak(text="WordSynced(uint32,uint32)")
FIRST, LAST_MEMBER = 1, 8 * LAST + 7
WORDS = {1: 5, 7: 9, 8: 2, 16: 3, 800: 4, LAST_MEMBER: 2**32 - 1}


def sync(book: Book, touched: Sequence[int], *, place: int = -1, **changes: object) -> dict:
    """Sync these words by the entry at ``place``; ``changes`` go to the arguments."""
    words = book.entries[place].words
    values = {
        "chain": book.chain_from(place, to=None if place == -1 else place + 2 or None),
        "indexes": list(touched),
        "words": [words.get(index, 0) for index in touched],
        "siblings": siblings_of(words, touched),
    } | changes
    return act(book.world, "stranger", "sync", *values.values())


def synced_in(receipt: dict) -> list[tuple[int, int]]:
    """(index, batch id) of each WordSynced."""
    return [
        (int.from_bytes(bytes(log["topics"][1])), int.from_bytes(bytes(log["topics"][2])))
        for log in receipt["logs"]
        if bytes(log["topics"][0]) == SYNCED
    ]


@pytest.fixture
def final(book: Book) -> Book:
    """A book whose second batch is the newest final one."""
    book.settle(WORDS)
    book.settle({1: -5, 2: 6})
    book.end_window()
    return book


def test_sync__given_the_newest_final_batch__stores_and_logs(final: Book) -> None:
    receipt = sync(final, [0, 1, 3, LAST])

    assert synced_in(receipt) == [(0, 2), (1, 2), (LAST, 2)]
    assert [read(final.world, "balanceOfMember", m) for m in (1, 2, 7, 8, 16, 800, LAST_MEMBER)] == [
        0, 6, 9, 2, 0, 0, 2**32 - 1,
    ]  # fmt: skip
    assert synced_in(sync(final, [0, 1, 3, LAST])) == []


def test_sync_range__given_the_newest_final_batch__stores_and_logs(final: Book) -> None:
    words = final.last.words
    for first in (0, LAST - 3):
        indexes = range(first, first + 4)
        values = [words.get(index, 0) for index in indexes]
        receipt = act(
            final.world, "stranger", "syncRange", final.chain_from(-1), first, values, siblings_of(words, indexes)
        )
        assert [index for index, _ in synced_in(receipt)] == [index for index in indexes if index in words]

    assert [read(final.world, "wordAt", index) for index in (0, 1, 2, 3, LAST)] == [
        words.get(index, 0) for index in (0, 1, 2, 3, LAST)
    ]


def test_sync_range__given_words_beyond_the_last__is_refused(final: Book) -> None:
    with refused("WrongWords"):
        act(final.world, "stranger", "syncRange", final.chain_from(-1), LAST, [0, 0], [bytes(32)] * 23)
    with refused("WrongWords"):
        act(final.world, "stranger", "syncRange", final.chain_from(-1), 2**32 - 1, [0, 0], [bytes(32)] * 23)


INDEXES = st.sampled_from([0, 1, 2, 3, 100, 101, LAST - 1, LAST])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    deltas=st.lists(st.dictionaries(INDEXES, st.integers(1, 2**31 - 1), max_size=5), min_size=1, max_size=3),
    asked=st.sets(INDEXES, min_size=1),
)
def test_sync__given_any_words__writes_those_of_the_tree(
    book: Book, deltas: list[dict[int, int]], asked: set[int]
) -> None:
    with rolled_back(book.world.chain):
        mine = Book(book.world)
        for each in deltas[:2]:
            mine.settle({8 * index + index % 8 or 1: amount for index, amount in each.items()})
        mine.end_window()
        place = len(mine.entries) - 1
        for each in deltas[2:]:
            mine.settle({8 * index + 7: amount for index, amount in each.items()})

        sync(mine, sorted(asked), place=place)

        words = mine.entries[place].words
        for index in (0, 1, 2, 3, 100, 101, LAST - 1, LAST):
            assert read(mine.world, "wordAt", index) == (words.get(index, 0) if index in asked else 0)


def test_sync__given_an_emptied_word__stores_it(book: Book) -> None:
    book.settle({9: 5})
    book.end_window()
    sync(book, [1])
    book.settle({9: -5})
    book.end_window()

    assert synced_in(sync(book, [1])) == [(1, 2)]

    assert read(book.world, "wordAt", 1) == 0


def test_sync__given_a_pending_successor__needs_its_header(final: Book) -> None:
    final.settle({1: 1})

    with refused("NotNewestFinal", 2):
        sync(final, [0], place=2, chain=final.chain_from(2, to=3))
    assert synced_in(sync(final, [0], place=2)) == [(0, 2)]


def test_sync__given_several_pending_batches__takes_the_newest_final(final: Book) -> None:
    for number in range(3):
        final.settle({1: 1 + number})

    assert synced_in(sync(final, [0], place=2)) == [(0, 2)]
    assert synced_in(sync(final, [0], place=2, chain=final.chain_from(2))) == []


def test_sync__given_another_batch__is_refused(final: Book) -> None:
    final.settle({1: 1})
    settled = int(str(read(final.world, "settledAt", 3)))

    with refused("NotFinal", 3, settled + WINDOW):
        sync(final, [0])
    with refused("NotNewestFinal", 1):
        sync(final, [0], place=1)
    with refused("BrokenChain", 0):
        sync(final, [0], chain=[])
    stranger = change(final.entries[2].header, balance_root=final.entries[1].header.balance_root).fields()
    with refused("BrokenChain", 2):
        sync(final, [0], place=1, chain=[stranger])
    with refused("BrokenChain", 3):
        sync(final, [0], place=2, chain=[stranger, final.entries[3].header.fields()])
    with refused("BrokenChain", 2):
        sync(final, [0], place=1, chain=[*final.chain_from(1, to=2), stranger])


def test_sync__given_a_void_batch__is_refused(final: Book) -> None:
    final.settle({1: 1}, words={0: 999})
    final.settle({1: 1})
    final.challenge(0, place=3)

    with refused("BrokenChain", 4):
        sync(final, [0], place=3)
    with refused("BrokenChain", 3):
        sync(final, [0], place=2)  # its successor never was
    assert synced_in(sync(final, [0], place=2, chain=final.chain_from(2, to=3))) == [(0, 2)]
    final.forget(3)
    final.end_window()
    assert synced_in(sync(final, [0, 1])) == [(1, 2)]


def test_sync__given_wrong_words_or_siblings__is_refused(final: Book) -> None:
    words = final.last.words
    siblings = siblings_of(words, [0, 1])
    root = final.last.header.balance_root

    for wrong in ({"indexes": [1, 0]}, {"indexes": [0, 0]}, {"indexes": [0]}, {"words": [words[0]]},
                  {"indexes": [], "words": [], "siblings": []}, {"siblings": siblings[:-1]},
                  {"siblings": [*siblings, bytes(32)]}, {"indexes": [0, 2**24]}):  # fmt: skip
        with refused("WrongWords"):
            sync(final, [0, 1], **wrong)
    for wrong in ({"words": [words[0], words[1] + 1]}, {"siblings": siblings[::-1]}, {"words": [words[1], words[0]]}):
        with pytest.raises(evm.Refused) as raised:
            sync(final, [0, 1], **wrong)
        assert (raised.value.name, raised.value.facts[0]) == ("WrongProof", root)
    assert read(final.world, "wordAt", 0) == 0


def test_sync__given_transfer_logs__logs_each_bound_wallet() -> None:
    world = make_root_world(transfer_logs=True)
    book = Book(world)
    signer, *wallets = make_contract_wallets(world, 4)
    tell(world, "config", "setVoucherSigner", signer)
    bind_all(world, dict(zip((1, 3), wallets[:2], strict=True)))
    first, second = (wallet.lower() for wallet in wallets[:2])
    assert transfers_in(book.settle({1: 5, 2: 6, 3: 7}) and sync_final(book)) == [
        (NOBODY, first, 5),
        (NOBODY, second, 7),
    ]
    book.settle({1: -2, 2: 1})

    assert transfers_in(sync_final(book)) == [(first, NOBODY, 2)]
    assert [read(world, "balanceOf", wallet) for wallet in wallets] == [3, 7, 0]


def sync_final(book: Book) -> dict:
    """Everything is final and its first word synced."""
    book.end_window()
    return sync(book, [0])


@pytest.mark.parametrize("member", [1, 2, 7, 8, 9, 800, LAST_MEMBER])
def test_balance_of_with_proof__given_a_member__answers(final: Book, member: int) -> None:
    words = final.last.words
    word = words.get(member // 8, 0)

    answer = read(
        final.world, "balanceOfWithProof", final.chain_from(-1), member, word, siblings_of(words, [member // 8])
    )

    assert answer == lane_of(word, member) == (WORDS | {1: 0, 2: 6}).get(member, 0)
    assert read(final.world, "balanceOfMember", member) == 0


def test_balance_of_with_proof__given_what_is_not_so__is_refused(final: Book) -> None:
    words = final.last.words
    siblings = siblings_of(words, [0])

    with pytest.raises(evm.Refused, match="WrongProof"):
        read(final.world, "balanceOfWithProof", final.chain_from(-1), 1, words[0] + 1, siblings)
    with pytest.raises(evm.Refused, match="WrongProof"):
        read(final.world, "balanceOfWithProof", final.chain_from(-1), 8, words[0], siblings)
    with refused("WrongWords"):
        read(final.world, "balanceOfWithProof", final.chain_from(-1), 2**27, words[0], siblings)
    with refused("NotNewestFinal", 1):
        old = final.entries[1].words
        read(final.world, "balanceOfWithProof", final.chain_from(1), 1, old[0], siblings_of(old, [0]))
