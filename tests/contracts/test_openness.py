"""
every function of every shipped contract that changes something
├── given the interfaces, each has one decision: a role's, somebody's by another rule, or anybody's
└── given it is anybody's, it works for whoever comes, the settler and a stranger alike
"""

from collections.abc import Callable

import pytest

from loyaltychain.chain import artifacts
from tests.contracts import evm
from tests.contracts.builders import RIGHTS, World, act, make_batch, read
from tests.contracts.headers import Header, make_header
from tests.contracts.rooted import WINDOW, Book, void_in
from tests.contracts.test_roles import RESTRICTED
from tests.contracts.test_switch import propose
from tests.contracts.tree import siblings_of

OURS = ("BatchProofs", "MemberRegistry", "PointsLedger", "PointsProxy", "ProgramRegistry")
#: By a rule of their own: whose address, whose signatures, or once. Where it is tested stands behind.
SOMEBODYS = {
    ("PointsLedger", "settle"),  # the settler's: test_settle
    ("PointsLedger", "onBinding"),  # the member registry's: test_member_registry
    ("PointsLedger", "initialize"),  # once, by the constructor: test_upgrade
    ("PointsLedger", "setAuthority"),  # the authority's own: test_roles
    ("MemberRegistry", "initialize"),
    ("MemberRegistry", "setAuthority"),
    ("MemberRegistry", "bind"),  # by two signatures: test_bind
    ("MemberRegistry", "unbind"),  # the bound wallet's: test_bind
    ("MemberRegistry", "objectRebind"),  # the bound wallet's: test_rebind
    ("MemberRegistry", "executeRebind"),  # anybody's, after the delay: test_rebind
    ("ProgramRegistry", "initialize"),
    ("ProgramRegistry", "setAuthority"),
}
ANYBODYS = (
    "challenge", "retrace", "sync", "syncRange", "countWords", "contestRootMode", "activateRootMode",
)  # fmt: skip


def writes_of(contract: str) -> set[str]:
    return {
        element["name"]
        for element in artifacts.load(contract).abi
        if element["type"] == "function" and element["stateMutability"] not in ("view", "pure")
    }


def test_functions__given_each_that_writes__has_one_decision() -> None:
    by_role = {(contract, function) for contract, function, _ in RESTRICTED}
    open_ones = {("PointsLedger", function) for function in ANYBODYS}

    assert {(contract, name) for contract in OURS for name in writes_of(contract)} == by_role | SOMEBODYS | open_ones
    assert not by_role & SOMEBODYS
    assert not by_role & open_ones
    assert writes_of("BatchProofs") == set()
    granted = {(c, f) for c, roles in RIGHTS.items() for functions in roles.values() for f in functions}
    assert granted == by_role - {("MemberRegistry", "setLedger")}  # the admin's, by default


@pytest.fixture(params=["stranger", "settler", "guardian"])
def person(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_frauds__given_anybody__can_be_proven(book: Book, person: str) -> None:
    book.settle({1: 5}, words={0: 7})
    assert book.retrace({1: 5}, 2, person=person)["status"] == 1

    assert void_in(book.challenge(0, person=person))[2] == book.world.people[person].lower()


SYNCS: dict[str, Callable[[tuple, int, list], tuple]] = {
    "sync": lambda chain, word, siblings: ([chain], [0], [word], siblings),
    "syncRange": lambda chain, word, siblings: ([chain], 0, [word], siblings),
}


@pytest.mark.parametrize("function", SYNCS)
def test_syncs__given_anybody__write(book: Book, person: str, function: str) -> None:
    entry = book.settle({1: 5})
    evm.travel(book.world.chain, seconds=WINDOW)

    arguments = SYNCS[function](entry.header.fields(), entry.words[0], siblings_of(entry.words, [0]))
    act(book.world, person, function, *arguments)

    assert read(book.world, "balanceOfMember", 1) == 5


def test_switch__given_anybody__is_counted_contested_and_activated(world: World, person: str) -> None:
    batch, data = make_batch(world, {9: 3}, words={})
    act(world, "settler", "settle", tuple(batch.values()), data)
    header: Header = make_header(batch, data, 3)
    act(world, "guardian", "pause")
    propose(world, header)

    assert act(world, person, "countWords", 1, 1, [bytes(32)] * 24)["status"] == 1
    with evm.refused("NoFraud"):
        act(world, person, "contestRootMode", 5, siblings_of({1: 3 << 32}, [5]))
    evm.travel(world.chain, seconds=WINDOW + 1)
    assert act(world, person, "activateRootMode")["status"] == 1
