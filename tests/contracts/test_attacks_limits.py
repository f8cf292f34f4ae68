"""Attacks 28 to 37 of docs/ATTACKS.md: limits, pauses, operation. Each ends as its verdict there says."""

import pytest
from eth_utils.crypto import keccak

from loyaltychain.chain import artifacts
from tests.contracts import evm
from tests.contracts.builders import World, act, make_world, read, settle
from tests.contracts.evm import Refused, refused
from tests.contracts.headers import hash_header
from tests.contracts.records import LANE_MAX
from tests.contracts.rooted import WINDOW, Book
from tests.contracts.surface import ORIGIN, OURS, SHIPPED, TSTORE, functions_of, has_function, instructions_of
from tests.contracts.test_sync import sync
from tests.contracts.tree import with_lane

SMALL = (6, 4, 10, 5, 1000, 20)


@pytest.fixture
def small() -> World:
    return make_world(caps=SMALL)


def test_attack_28__amounts_cut_to_size(world: World, small: World, book: Book) -> None:
    for issued in (2**48, 2**64 - 1):
        with refused("IssueOverBatchCap", issued, 2**48 - 1):
            book.settle({}, issued=issued)
    with refused("BalanceTooHigh", 1, LANE_MAX, 1):
        settle(world, {1: LANE_MAX})
        settle(world, {1: 1})
    settle(small, {1: 6})
    settle(small, {1: 4})
    evm.travel(small.chain, seconds=90)  # one point is regained in 100 s: what is not whole is not given
    assert read(small, "available", types=("uint256", "uint256")) == (0, 4)


def test_attack_29__caps_by_splitting_and_burning(small: World) -> None:
    settle(small, {1: 6})
    settle(small, {1: 4})
    with refused("IssueOverPeriodCap", 1, 0):
        settle(small, {1: 1})
    settle(small, {1: -4})  # what is burned gives nothing back to what may be issued
    with refused("IssueOverPeriodCap", 1, 0):
        settle(small, {2: 1})
    evm.travel(small.chain, seconds=10_000)
    settle(small, {1: 6})
    settle(small, {1: 4})
    evm.travel(small.chain, seconds=10_000)
    settle(small, {1: 4})
    with refused("SupplyOverCap", 21, 20):
        settle(small, {1: 1})


def test_attack_30__acting_during_a_pause(book: Book) -> None:
    book.settle({17: 12})
    act(book.world, "guardian", "pause")
    for person in set(book.world.people) - {"config"}:
        with refused("AccessManagedUnauthorized", book.world.people[person]):
            act(book.world, person, "unpause")
    with refused("LedgerIsPaused"):
        book.settle({17: 1})
    with refused("NoFraud"):
        book.challenge(2)  # judging goes on, and so does proving; neither makes a point
    book.end_window()
    sync(book, [2])
    assert read(book.world, "totalSupply") == 12
    assert has_function("sweep", "drain", "emergency", "withdraw") == set()


def test_attack_31__deleting_what_has_gaps(world: World) -> None:
    settle(world, dict.fromkeys(range(8, 24), 3))
    settle(world, dict.fromkeys(range(8, 16), -3))

    assert [read(world, "wordAt", index) for index in (0, 1)] == [0, 0]
    assert [read(world, "balanceOfMember", member) for member in range(16, 24)] == [3] * 8
    assert has_function("erase", "delete", "remove") == set()


def test_attack_32__loops_that_end_early_or_never(world: World) -> None:
    deltas = {member: member for member in range(1, 257)}
    settle(world, deltas)

    assert {member: read(world, "balanceOfMember", member) for member in deltas} == deltas
    with refused("TooManyUpdates", 10_001, 10_000):
        settle(world, {}, updates=10_001)


def test_attack_33__coming_in_again(world: World) -> None:
    assert {name for name in SHIPPED if instructions_of(name)[TSTORE]} == set()
    payable = {
        f"{name}.{f['name']}" for name in OURS for f in functions_of(name) if f["stateMutability"] == "payable"
    }  # the standard's upgrade only
    assert payable == {f"{name}.upgradeToAndCall" for name in ("MemberRegistry", "PointsLedger", "ProgramRegistry")}
    with refused("NotMemberRegistry", world.people["stranger"]):
        act(world, "stranger", "onBinding", 17, world.people["stranger"], world.people["stranger"])
    with refused(""):  # the judge writes nothing, keeps nothing, and takes no coin
        evm.send(world.chain, world.proofs, b"", sender=world.people["stranger"])


def test_attack_34__who_began_it_and_what_time_it_is(book: Book) -> None:
    assert {name for name in OURS if instructions_of(name)[ORIGIN]} == set()
    book.settle({1: 1}, words={0: 7}, time=2**64 - 1)  # the sealer's own time decides nothing
    book.world.chain.tester.time_travel(int(str(read(book.world, "settledAt", 1))) + WINDOW)

    with refused("NotPending", 1):
        book.challenge(0)


def test_attack_35__names_on_chain() -> None:
    strings = {
        f"{name}.{element['name']}({given['name']})"
        for name in ("BatchProofs", "MemberRegistry", "PointsLedger", "ProgramRegistry")
        for element in artifacts.load(name).abi
        if element["type"] in ("function", "event", "error") and not element["name"].startswith("ERC")
        for given in element["inputs"]
        if given["type"] == "string"
    }

    assert strings == {"PointsLedger.initialize(name_)", "PointsLedger.initialize(symbol_)"}


def test_attack_36__a_batch_of_another_chain(book: Book) -> None:
    first = book.settle({1: 5})
    elsewhere = hash_header(1, book.world.ledger, first.header.fields())
    other_ledger = hash_header(book.world.chain.w3.eth.chain_id, book.world.members, first.header.fields())

    for prev_hash in (elsewhere, other_ledger):
        with refused("WrongPrevHash", book.hash_of(first.header), prev_hash):
            book.settle({1: 1}, prevHash=prev_hash)
    with pytest.raises(Refused, match="NotFinal"):  # what is not final yet proves no balance
        sync(book, [0])


def test_attack_37__recovering_the_programmes_own_points(world: World) -> None:
    settle(world, {1: 5})
    assert has_function("recover", "rescue", "sweep", "withdraw", "skim") == set()
    assert with_lane(0, 1, 5) == read(world, "wordAt", 0)
    with pytest.raises(Refused):
        evm.ask(world.chain, world.ledger, keccak(text="recoverERC20(address,uint256)")[:4] + bytes(64))
