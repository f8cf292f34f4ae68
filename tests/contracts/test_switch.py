"""
the switch from push to root mode
├── given a running ledger, a wrong header, a window out of range, or a switch under way, proposing is refused
├── given the stored words in any order and any cuts, counting reaches the root and the contest begins
├── given words twice, wrong siblings, none, or words beyond the last, counting is refused
├── given a root that holds what is not stored, it can never be counted
├── given a stored word that the root leaves out, anybody ends the switch by it
├── given a contest of a word that is in the root, or that is empty, it is refused
├── given the contest's time, activating is refused before its end and works for anybody afterwards
├── given a switch under way, it cannot be unpaused; cancelled, it can, and batches settle in push mode
├── given an empty ledger, nothing has to be counted
└── given the new mode, true batches survive, false ones fall, and unsynced words are those of push mode
"""

from collections.abc import Mapping

import pytest
from eth_utils.crypto import keccak

from tests.contracts import evm
from tests.contracts.builders import World, act, make_batch, read
from tests.contracts.evm import refused
from tests.contracts.headers import Header, make_header
from tests.contracts.rooted import FRAUDS, Book, Entry, change, void_in
from tests.contracts.tree import LAST, apply_deltas, siblings_of

WINDOW = 3600
HELD = {1: 5, 9: 2, 17: 3, 800: 4, 8 * LAST + 7: 6}
NAMES = {
    keccak(text=f"{name}({types})"): name
    for name, types in {
        "RootModeProposed": "uint32,bytes32,uint32",
        "WordsCounted": "bytes32,uint256",
        "RootModeCancelled": "uint32,address",
        "RootModeActivated": "uint32,bytes32",
    }.items()
}


def names_in(receipt: Mapping) -> list[str]:
    return [NAMES[bytes(log["topics"][0])] for log in receipt["logs"]]


def settle_push(world: World, deltas: Mapping[int, int], words: Mapping[int, int], **lies: object) -> Header:
    """Settle a batch in push mode whose root is that of the words with the deltas; its header."""
    batch, data = make_batch(world, deltas, words=words, **lies)
    act(world, "settler", "settle", tuple(batch.values()), data)
    return make_header(batch, data, int(str(read(world, "totalSupply"))))


def propose(world: World, header: Header, window: int = WINDOW) -> dict:
    return act(world, "config", "proposeRootMode", header.fields(), window)


@pytest.fixture
def paused(world: World) -> tuple[World, Header]:
    """A paused ledger in push mode with some words, and the header of its one batch."""
    header = settle_push(world, HELD, {})
    act(world, "guardian", "pause")
    return world, header


def count(world: World, counted: dict[int, int], at: int, length: int = 1, **changes: object) -> dict:
    """Count stored words on top of those in ``counted``, which then has them."""
    indexes = range(at, at + length)
    values = {"first": at, "count": length, "siblings": siblings_of(counted, indexes)} | changes
    receipt = act(world, "stranger", "countWords", *values.values())
    counted.update({index: word for index in indexes if (word := int(str(read(world, "wordAt", index))))})
    return receipt


def count_all(world: World) -> dict[int, int]:
    counted: dict[int, int] = {}
    for first, length in ((100, 1), (0, 2), (2, 3), (LAST, 1)):
        count(world, counted, first, length)
    return counted


def test_propose__given_what_is_not_so__is_refused(world: World) -> None:
    header = settle_push(world, HELD, {})
    with refused("LedgerIsNotPaused"):
        propose(world, header)
    act(world, "guardian", "pause")

    with refused("BrokenChain", 1):
        propose(world, change(header, balance_root=bytes(32)))
    with refused("BrokenChain", 0):
        propose(world, Header())
    for window in (0, 30 * 86_400 + 1):
        with refused("WrongWindow", window, 30 * 86_400):
            propose(world, header, window)
    assert names_in(propose(world, header)) == ["RootModeProposed"]
    with refused("SwitchIsPending"):
        propose(world, header)


def test_count__given_all_words_in_any_order__begins_the_contest(paused: tuple[World, Header]) -> None:
    world, header = paused
    propose(world, header)
    counted: dict[int, int] = {}
    for first, length in ((100, 1), (0, 2), (LAST, 1), (50, 2)):
        assert names_in(count(world, counted, first, length)) == []

    assert names_in(count(world, counted, 2, 3)) == ["WordsCounted"]

    assert counted == apply_deltas({}, HELD)
    assert read(world, "pendingSwitch", types=("bytes32", "bytes32", "uint256")) == (
        header.balance_root, header.balance_root, evm.now(world.chain) + WINDOW,
    )  # fmt: skip
    with refused("NoSwitch"):
        count(world, counted, 7)


def test_count__given_what_is_not_so__is_refused(paused: tuple[World, Header]) -> None:
    world, header = paused
    with refused("NoSwitch"):
        count(world, {}, 0)
    propose(world, header)
    counted: dict[int, int] = {}
    count(world, counted, 0)

    with pytest.raises(evm.Refused, match="WrongProof"):
        count(world, counted, 0)  # twice
    with pytest.raises(evm.Refused, match="WrongProof"):
        count(world, {}, 1)  # in the tree before
    for wrong in ({"count": 0}, {"siblings": []}, {"siblings": [bytes(32)] * 25}, {"first": 2**24},
                  {"first": 2**32 - 1, "count": 2}):  # fmt: skip
        with refused("WrongWords"):
            count(world, dict(counted), 1, **wrong)


@pytest.mark.parametrize("lie", [{1: 6}, {2: 1}, {80: 1}], ids=["more", "another lane", "an empty word"])
def test_count__given_a_root_of_other_words__never_reaches_it(world: World, lie: dict[int, int]) -> None:
    header = settle_push(world, HELD, apply_deltas({}, lie))
    act(world, "guardian", "pause")
    propose(world, header)

    counted = count_all(world)
    count(world, counted, 10)

    assert counted == apply_deltas({}, HELD)
    root, so_far, contest_end = read(world, "pendingSwitch", types=("bytes32", "bytes32", "uint256"))
    assert (root == header.balance_root != so_far, contest_end) == (True, 0)
    with refused("NoSwitch"):
        act(world, "stranger", "activateRootMode")
    with refused("NoSwitch"):
        act(world, "stranger", "contestRootMode", 0, [])


@pytest.mark.parametrize("left_out", [1, 9, 8 * LAST + 7])
def test_contest__given_a_word_that_was_left_out__ends_the_switch(world: World, left_out: int) -> None:
    held = {member: points for member, points in HELD.items() if member != left_out}
    partial = apply_deltas({}, held)
    settle_push(world, {left_out: HELD[left_out]}, {})
    header = settle_push(world, held, {})
    act(world, "guardian", "pause")
    propose(world, header)
    counted: dict[int, int] = {}
    for index in partial:
        last = count(world, counted, index)
    assert names_in(last) == ["WordsCounted"]
    index = left_out // 8

    with pytest.raises(evm.Refused, match="WrongProof"):
        act(world, "stranger", "contestRootMode", 100, siblings_of(partial, [100]))  # is in the root
    with refused("NoFraud"):
        act(world, "stranger", "contestRootMode", 50, siblings_of(partial, [50]))  # is empty
    receipt = act(world, "stranger", "contestRootMode", index, siblings_of(partial, [index]))

    assert names_in(receipt) == ["RootModeCancelled"]
    assert int.from_bytes(bytes(receipt["logs"][0]["topics"][1])) == index
    assert read(world, "pendingSwitch", types=("bytes32", "bytes32", "uint256")) == (bytes(32), bytes(32), 0)
    with refused("NoSwitch"):
        act(world, "stranger", "activateRootMode")
    act(world, "config", "unpause")
    assert read(world, "mode") == 0


def test_activate__given_the_contest__waits_for_its_end(paused: tuple[World, Header]) -> None:
    world, header = paused
    propose(world, header)
    with refused("NoSwitch"):
        act(world, "stranger", "activateRootMode")
    count_all(world)
    end = evm.now(world.chain) + WINDOW

    evm.travel(world.chain, seconds=WINDOW - 10)
    with refused("ContestRuns", end):
        act(world, "stranger", "activateRootMode")
    evm.travel(world.chain, seconds=11)
    receipt = act(world, "stranger", "activateRootMode")

    assert names_in(receipt) == ["RootModeActivated"]
    assert (read(world, "mode"), read(world, "challengeWindow")) == (1, WINDOW)
    assert read(world, "paused", types=("bool",)) is True
    assert read(world, "lastFinalId") == 1
    with refused("NoSwitch"):
        act(world, "stranger", "activateRootMode")
    with refused("NoSwitch"):
        act(world, "config", "cancelRootMode")


def test_unpause__given_a_switch_under_way__is_refused_until_it_is_cancelled(paused: tuple[World, Header]) -> None:
    world, header = paused
    with refused("NoSwitch"):
        act(world, "config", "cancelRootMode")
    for counts in (False, True):
        propose(world, header)
        if counts:
            count_all(world)
        with refused("SwitchIsPending"):
            act(world, "config", "unpause")
        assert names_in(act(world, "config", "cancelRootMode")) == ["RootModeCancelled"]

    act(world, "config", "unpause")
    settle_push(world, {1: 1}, {})

    assert (read(world, "mode"), read(world, "balanceOfMember", 1)) == (0, 6)


def test_switch__given_an_empty_ledger__counts_nothing(world: World) -> None:
    act(world, "guardian", "pause")

    assert names_in(propose(world, Header())) == ["RootModeProposed", "WordsCounted"]

    evm.travel(world.chain, seconds=WINDOW + 1)
    act(world, "stranger", "activateRootMode")
    assert read(world, "mode") == 1


def test_switch__given_a_false_empty_root__falls_to_the_contest(world: World) -> None:
    header = settle_push(world, HELD, {}, balanceRoot=bytes(32))
    act(world, "guardian", "pause")

    assert names_in(propose(world, header)) == ["RootModeProposed", "WordsCounted"]

    assert names_in(act(world, "stranger", "contestRootMode", 100, [bytes(32)] * 24)) == ["RootModeCancelled"]


def test_switch__given_the_new_mode__judges_on_top_of_push(paused: tuple[World, Header]) -> None:
    world, header = paused
    propose(world, header)
    words = count_all(world)
    evm.travel(world.chain, seconds=WINDOW + 1)
    act(world, "stranger", "activateRootMode")
    act(world, "config", "unpause")
    book = Book(world, [Entry(header, b"", words)])

    book.settle({1: -5, 2: 9})
    with refused("NoFraud"):
        book.challenge(0)
    with refused("NoFraud"):
        book.retrace({1: -5, 2: 9})
    assert [read(world, "balanceOfMember", member) for member in (1, 2)] == [5, 0]
    book.settle({3: 1}, balanceRoot=keccak(text="no tree"))
    assert void_in(book.retrace({3: 1})) == (3, 3, world.people["stranger"].lower(), FRAUDS["root"])
    book.forget()
    book.check()
