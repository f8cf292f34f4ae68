"""
every function that changes something, and every person
├── given the person whose role it is, the call does what it says
├── given anybody else, it is refused
└── given a role with an execution delay, it works only when it was scheduled
setAuthority
└── given anybody but the authority itself, it is refused
pause, unpause
├── given a ledger that is already so, they refuse
└── given a pause and its end, batches settle again
setSettler
├── given address zero, it refuses
└── given another address, only that one settles
"""

from dataclasses import replace

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.contracts import evm
from tests.contracts.builders import (
    CAPS,
    ROLES,
    World,
    act,
    administer,
    initialise_for,
    make_members_initialisation,
    read,
    settle,
)
from tests.contracts.evm import refused
from tests.contracts.headers import Header
from tests.contracts.wallets import FAR, bind, consent, make_wallet, propose

PEOPLE = ["admin", "guardian", "config", "upgrader", "registrar", "settler", "stranger"]
NOBODY = "0x" + "00" * 20
MEMBER, NEW_WALLET = 17, make_wallet(2)
HASH = keccak(text="a programme")
RESTRICTED = [
    ("PointsLedger", "pause", "guardian"),
    ("PointsLedger", "unpause", "config"),
    ("PointsLedger", "lowerCaps", "guardian"),
    ("PointsLedger", "raiseCaps", "config"),
    ("PointsLedger", "setSettler", "config"),
    ("PointsLedger", "setTransferLogs", "config"),
    ("PointsLedger", "proposeRootMode", "config"),
    ("PointsLedger", "cancelRootMode", "config"),
    ("PointsLedger", "upgradeToAndCall", "upgrader"),
    ("ProgramRegistry", "publish", "registrar"),
    ("ProgramRegistry", "upgradeToAndCall", "upgrader"),
    ("MemberRegistry", "setLedger", "admin"),
    ("MemberRegistry", "stopBinding", "guardian"),
    ("MemberRegistry", "setVoucherSigner", "config"),
    ("MemberRegistry", "forceUnbind", "config"),
    ("MemberRegistry", "proposeRebind", "registrar"),
    ("MemberRegistry", "cancelRebind", "registrar"),
    ("MemberRegistry", "upgradeToAndCall", "upgrader"),
]


def call_of(world: World, contract: str, function: str) -> tuple[str, str]:
    """(target, calldata) of a call that succeeds for whoever may make it."""
    target, implementation = {
        "PointsLedger": (world.ledger, world.ledger_implementation),
        "ProgramRegistry": (world.registry, world.registry_implementation),
        "MemberRegistry": (world.members, world.members_implementation),
    }[contract]
    arguments = {
        "lowerCaps": (CAPS,),
        "raiseCaps": (CAPS,),
        "setSettler": (world.people["stranger"],),
        "upgradeToAndCall": (implementation, b""),
        "setTransferLogs": (True,),
        "proposeRootMode": (Header().fields(), 3600),
        "publish": (HASH, 1),
        "setLedger": (world.ledger,),
        "setVoucherSigner": (world.people["stranger"],),
        "forceUnbind": (MEMBER,),
        "proposeRebind": (MEMBER, NEW_WALLET.address, FAR, consent(world, MEMBER, NEW_WALLET)),
        "cancelRebind": (MEMBER,),
    }.get(function, ())
    return target, evm.encode(contract, function, *arguments)


def prepare(world: World, function: str) -> World:
    """The world in which the function has something to do."""
    if function in ("unpause", "proposeRootMode", "cancelRootMode"):
        act(world, "guardian", "pause")
    if function == "cancelRootMode":
        act(world, "config", "proposeRootMode", Header().fields(), 3600)
    if function in ("forceUnbind", "proposeRebind", "cancelRebind"):
        bind(world, MEMBER, make_wallet(1))
    if function == "cancelRebind":
        propose(world, MEMBER, NEW_WALLET)
    if function == "setLedger":
        call = make_members_initialisation(authority=world.manager)
        members = evm.deploy(world.chain, "PointsProxy", world.members_implementation, call)
        call = initialise_for(world, members=members)
        ledger = evm.deploy(world.chain, "PointsProxy", world.ledger_implementation, call)
        return replace(world, members=members, ledger=ledger)
    return world


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize(("contract", "function", "role"), RESTRICTED)
def test_restricted__given_a_person__only_the_role_may(
    world: World, contract: str, function: str, role: str, person: str
) -> None:
    world = prepare(world, function)
    target, calldata = call_of(world, contract, function)

    if person == role:
        assert evm.send(world.chain, target, calldata, sender=world.people[person])["status"] == 1
    else:
        with refused("AccessManagedUnauthorized", world.people[person]):
            evm.send(world.chain, target, calldata, sender=world.people[person])


def test_restricted__given_a_delayed_role__works_only_when_scheduled(world: World) -> None:
    administer(world, "grantRole", ROLES["config"], world.people["stranger"], 3600)
    target, calldata = call_of(world, "PointsLedger", "setSettler")
    stranger = world.people["stranger"]
    # how AccessManager names an operation
    operation = keccak(encode(["address", "address", "bytes"], [stranger, target, bytes.fromhex(calldata[2:])]))

    with refused("AccessManagerNotScheduled", operation):
        evm.send(world.chain, target, calldata, sender=stranger)
    schedule = evm.encode("AccessManager", "schedule", target, bytes.fromhex(calldata[2:]), 0)
    evm.send(world.chain, world.manager, schedule, sender=stranger)
    with refused("AccessManagerNotReady", operation):
        evm.send(world.chain, target, calldata, sender=stranger)
    evm.travel(world.chain, seconds=3601)
    evm.send(world.chain, target, calldata, sender=stranger)

    assert read(world, "settler", types=("address",)) == stranger.lower()


@pytest.mark.parametrize("person", PEOPLE)
def test_set_authority__given_anybody__is_refused(world: World, person: str) -> None:
    with refused("AccessManagedUnauthorized", world.people[person]):
        act(world, person, "setAuthority", world.manager)


def test_set_authority__given_the_authority_itself__moves(world: World) -> None:
    other = evm.deploy(world.chain, "AccessManager", world.people["stranger"])

    administer(world, "updateAuthority", world.ledger, other)

    assert read(world, "authority", types=("address",)) == other.lower()


def test_pause__given_a_paused_ledger__is_refused(world: World) -> None:
    act(world, "guardian", "pause")

    with refused("LedgerIsPaused"):
        act(world, "guardian", "pause")


def test_unpause__given_a_running_ledger__is_refused(world: World) -> None:
    with refused("LedgerIsNotPaused"):
        act(world, "config", "unpause")


def test_unpause__given_a_paused_ledger__batches_settle_again(world: World) -> None:
    act(world, "guardian", "pause")
    assert read(world, "paused", types=("bool",)) is True

    act(world, "config", "unpause")
    settle(world, {1: 1})

    assert read(world, "paused", types=("bool",)) is False
    assert read(world, "totalSupply") == 1


def test_set_settler__given_zero__is_refused(world: World) -> None:
    with refused("ZeroSettler"):
        act(world, "config", "setSettler", NOBODY)


def test_set_settler__given_another_address__only_that_one_settles(world: World) -> None:
    act(world, "config", "setSettler", world.people["stranger"])

    with refused("NotSettler", world.people["settler"]):
        settle(world, {1: 1})
    settle(world, {1: 1}, sender="stranger")

    assert read(world, "lastBatchId") == 1
