"""
unbind
├── given the bound wallet, it leaves, and a proposal falls with it
└── given another wallet, it refuses
proposeRebind, executeRebind
├── given a new wallet's consent, anybody executes it after the delay, and not a second before
├── given an objection of the old wallet or a cancellation, it is off
├── given a second proposal, a member without a wallet, or a wrong consent, they refuse
├── given a proposed wallet that another member took meanwhile, it refuses
└── given a registry that is stopped, it refuses
forceUnbind
└── given a wallet that objects to everything, it is unbound
"""

import pytest

from tests.contracts import evm
from tests.contracts.builders import (
    REBIND_DELAY,
    World,
    read,
    settle,
)
from tests.contracts.evm import refused
from tests.contracts.wallets import (
    FAR,
    ask,
    bind,
    consent,
    eoa,
    make_wallet,
    names_of,
    propose,
    tell,
    wallet_of,
)

NOBODY = "0x" + "00" * 20
MEMBER = 17
ANN, BOB = make_wallet(1), make_wallet(2)


def test_unbind__given_the_bound_wallet__leaves(world: World) -> None:
    key = eoa(world, 0)
    settle(world, {MEMBER: 30})
    bind(world, MEMBER, key)

    receipt = tell(world, key.address, "unbind")

    assert names_of(receipt) == ["WalletUnbound"]
    assert (wallet_of(world, MEMBER), read(world, "balanceOf", key.address)) == (NOBODY, 0)
    assert read(world, "balanceOfMember", MEMBER) == 30
    bind(world, 18, key)
    bind(world, MEMBER, ANN)
    assert read(world, "balanceOf", ANN.address) == 30


def test_unbind__given_a_proposal__it_falls(world: World) -> None:
    key = eoa(world, 0)
    bind(world, MEMBER, key)
    propose(world, MEMBER, ANN)

    receipt = tell(world, key.address, "unbind")

    assert names_of(receipt) == ["RebindCancelled", "WalletUnbound"]
    evm.travel(world.chain, seconds=REBIND_DELAY + 1)
    with refused("NoRebindProposed", MEMBER):
        tell(world, "stranger", "executeRebind", MEMBER)


@pytest.mark.parametrize("function", ["unbind", "objectRebind"])
def test_unbind__given_another_wallet__refuses(world: World, function: str) -> None:
    bind(world, MEMBER, ANN)

    with refused("WalletIsNotBound", world.people["stranger"]):
        tell(world, "stranger", function)


@pytest.mark.parametrize("person", ["stranger", "registrar"])
def test_rebind__given_a_consent__anybody_executes_it_after_the_delay(world: World, person: str) -> None:
    settle(world, {MEMBER: 30})
    bind(world, MEMBER, ANN)

    proposed = propose(world, MEMBER, BOB)
    due = evm.now(world.chain) + REBIND_DELAY

    assert names_of(proposed) == ["RebindProposed"]
    assert ask(world, "rebindOf", MEMBER, types=("address", "uint64")) == (BOB.address.lower(), due)
    assert wallet_of(world, MEMBER) == ANN.address.lower()
    world.chain.tester.time_travel(due - 2)
    with refused("RebindTooEarly", due):
        tell(world, person, "executeRebind", MEMBER)
    world.chain.tester.time_travel(due)
    assert names_of(tell(world, person, "executeRebind", MEMBER)) == ["WalletUnbound", "WalletBound"]
    assert wallet_of(world, MEMBER) == BOB.address.lower()
    assert ask(world, "memberOf", ANN.address, types=("uint32",)) == 0
    assert [read(world, "balanceOf", key.address) for key in (ANN, BOB)] == [0, 30]
    assert ask(world, "rebindOf", MEMBER, types=("address", "uint64")) == (NOBODY, 0)
    with refused("NoRebindProposed", MEMBER):
        tell(world, person, "executeRebind", MEMBER)


def test_rebind__given_an_objection_or_a_cancellation__is_off(world: World) -> None:
    key = eoa(world, 0)
    bind(world, MEMBER, key)

    for person, call in ((key.address, ("objectRebind",)), ("registrar", ("cancelRebind", MEMBER))):
        propose(world, MEMBER, BOB)
        assert names_of(tell(world, person, *call)) == ["RebindCancelled"]
        with refused("NoRebindProposed", MEMBER):
            tell(world, person, *call)
        evm.travel(world.chain, seconds=REBIND_DELAY + 1)
        with refused("NoRebindProposed", MEMBER):
            tell(world, "stranger", "executeRebind", MEMBER)
    assert wallet_of(world, MEMBER) == key.address.lower()


def test_propose_rebind__given_a_consent_that_was_used__refuses(world: World) -> None:
    bind(world, MEMBER, ANN)
    agreed = consent(world, MEMBER, BOB)
    tell(world, "registrar", "proposeRebind", MEMBER, BOB.address, FAR, agreed)
    tell(world, "registrar", "cancelRebind", MEMBER)

    with refused("WrongConsent"):
        tell(world, "registrar", "proposeRebind", MEMBER, BOB.address, FAR, agreed)


def test_propose_rebind__given_what_cannot_be__refuses(world: World) -> None:
    with refused("MemberIsNotBound", MEMBER):
        propose(world, MEMBER, BOB)
    bind(world, MEMBER, ANN)
    bind(world, 18, BOB)
    with refused("WalletIsBound", BOB.address, 18):
        propose(world, MEMBER, BOB)
    with refused("WalletIsBound", ANN.address, MEMBER):
        propose(world, MEMBER, ANN)
    with refused("WrongConsent"):
        tell(world, "registrar", "proposeRebind", MEMBER, make_wallet(3).address, FAR, consent(world, MEMBER, ANN))
    with refused("NoMemberNumber", 2**27):
        propose(world, 2**27, BOB)
    with refused("DeadlinePassed", 1):
        tell(world, "registrar", "proposeRebind", MEMBER, make_wallet(3).address, 1, b"")
    propose(world, MEMBER, make_wallet(3))
    with refused("RebindIsProposed", MEMBER, make_wallet(3).address):
        propose(world, MEMBER, make_wallet(4))


def test_execute_rebind__given_a_wallet_taken_meanwhile__refuses(world: World) -> None:
    bind(world, MEMBER, ANN)
    propose(world, MEMBER, BOB)
    bind(world, 18, BOB)
    evm.travel(world.chain, seconds=REBIND_DELAY + 1)

    with refused("WalletIsBound", BOB.address, 18):
        tell(world, "stranger", "executeRebind", MEMBER)


def test_force_unbind__given_a_wallet_that_objects__is_unbound(world: World) -> None:
    thief = eoa(world, 0)
    bind(world, MEMBER, thief)
    propose(world, MEMBER, BOB)

    assert names_of(tell(world, "config", "forceUnbind", MEMBER)) == ["RebindCancelled", "WalletUnbound"]

    with refused("WalletIsNotBound", thief.address):
        tell(world, thief.address, "objectRebind")
    bind(world, MEMBER, BOB)
    assert wallet_of(world, MEMBER) == BOB.address.lower()


def test_force_unbind__given_a_member_without_a_wallet__refuses(world: World) -> None:
    with refused("MemberIsNotBound", MEMBER):
        tell(world, "config", "forceUnbind", MEMBER)
