"""Attacks 1 to 8 of docs/ATTACKS.md: upgrades, initialisation, administration. Each ends as its verdict there says."""

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.contracts import evm
from tests.contracts.builders import World, act, administer, initialise_for, read, settle
from tests.contracts.evm import refused
from tests.contracts.records import erc7201
from tests.contracts.surface import (
    CALLCODE,
    DELEGATECALL,
    OURS,
    SELFDESTRUCT,
    SHIPPED,
    functions_of,
    instructions_of,
)
from tests.contracts.test_upgrade import OTHER_UUID

NOBODY = "0x" + "00" * 20


def test_attack_01__taking_over_an_implementation(world: World) -> None:
    stranger = world.people["stranger"]
    with refused("InvalidInitialization"):
        evm.send(world.chain, world.ledger_implementation, initialise_for(world, settler=stranger), sender=stranger)
    for name, implementation in (
        ("PointsLedger", world.ledger_implementation),
        ("MemberRegistry", world.members_implementation),
        ("ProgramRegistry", world.registry_implementation),
    ):
        upgrade = evm.encode(name, "upgradeToAndCall", implementation, b"")
        with refused("UUPSUnauthorizedCallContext"):
            evm.send(world.chain, implementation, upgrade, sender=world.people["upgrader"])


def test_attack_02__initialising_twice(world: World) -> None:
    call = initialise_for(world, settler=world.people["stranger"])
    with refused("InvalidInitialization"):
        evm.send(world.chain, world.ledger, call, sender=world.people["stranger"])
    copy = evm.deploy(world.chain, "PointsLedger")
    with refused("InvalidInitialization"):
        act(world, "upgrader", "upgradeToAndCall", copy, bytes.fromhex(call[2:]))
    act(world, "upgrader", "upgradeToAndCall", copy, b"")
    with refused("InvalidInitialization"):
        evm.send(world.chain, world.ledger, call, sender=world.people["upgrader"])


def test_attack_03__initialising_before_the_owner_does(world: World) -> None:
    for implementation in (world.ledger_implementation, world.members_implementation, world.registry_implementation):
        with refused("ERC1967ProxyUninitialized"):
            evm.deploy(world.chain, "PointsProxy", implementation, b"")


def test_attack_04__upgrading_to_what_is_no_implementation(world: World) -> None:
    with refused("ERC1967InvalidImplementation", world.manager):
        act(world, "upgrader", "upgradeToAndCall", world.manager, b"")
    with refused("UUPSUnsupportedProxiableUUID", (1).to_bytes(32)):
        act(world, "upgrader", "upgradeToAndCall", evm.create(world.chain, OTHER_UUID), b"")
    for empty in (world.people["stranger"], NOBODY):
        with refused(""):  # there is nothing to call
            act(world, "upgrader", "upgradeToAndCall", empty, b"")
    with refused("AccessManagedUnauthorized", world.people["stranger"]):
        act(world, "stranger", "upgradeToAndCall", world.ledger_implementation, b"")


def test_attack_05__shifting_the_storage(world: World) -> None:
    settle(world, {1: 5, 15: 2**32 - 1, 8_000_001: 7})
    words = erc7201("loyaltychain.storage.PointsLedger.words")
    before = [evm.storage(world.chain, world.ledger, words + index) for index in (0, 1, 1_000_000)]

    act(world, "upgrader", "upgradeToAndCall", evm.deploy(world.chain, "PointsLedger"), b"")

    assert [read(world, "wordAt", index) for index in (0, 1, 1_000_000)] == before
    assert [read(world, "balanceOfMember", member) for member in (1, 15, 8_000_001)] == [5, 2**32 - 1, 7]


def test_attack_06__reaching_delegatecall_or_selfdestruct() -> None:
    found = {name: instructions_of(name) for name in SHIPPED}

    assert {name for name in SHIPPED if found[name][SELFDESTRUCT] or found[name][CALLCODE]} == set()
    # The upgrade's call into the new implementation, the proxy's own, and the access manager's multicall; no other.
    assert found["BatchProofs"][DELEGATECALL] == 0
    assert {name: found[name][DELEGATECALL] for name in SHIPPED if found[name][DELEGATECALL]} == dict.fromkeys(
        ("AccessManager", "MemberRegistry", "PointsLedger", "PointsProxy", "ProgramRegistry"), 1
    )


def test_attack_07__executing_before_scheduling(world: World) -> None:
    stranger = world.people["stranger"]
    administer(world, "grantRole", 2, stranger, 3600)
    call = bytes.fromhex(evm.encode("PointsLedger", "setSettler", stranger)[2:])
    operation = keccak(encode(["address", "address", "bytes"], [stranger, world.ledger, call]))
    execute = bytes.fromhex(evm.encode("AccessManager", "execute", world.ledger, call)[2:])
    schedule = bytes.fromhex(evm.encode("AccessManager", "schedule", world.ledger, call, 0)[2:])

    with refused("AccessManagerNotScheduled", operation):
        evm.send(world.chain, world.manager, execute, sender=stranger)
    for batch, error in (
        ([execute, schedule], "AccessManagerNotScheduled"),
        ([schedule, execute], "AccessManagerNotReady"),
    ):
        with refused(error, operation):
            evm.send(world.chain, world.manager, evm.encode("AccessManager", "multicall", batch), sender=stranger)
    deployer = world.chain.w3.eth.accounts[0]  # created everything, and is nobody afterwards
    with refused("AccessManagerUnauthorizedAccount", deployer, 0):
        evm.send(world.chain, world.manager, evm.encode("AccessManager", "grantRole", 0, deployer, 0), sender=deployer)


def test_attack_08__losing_the_last_admin(world: World) -> None:
    stranger, admin = world.people["stranger"], world.people["admin"]
    renounce = evm.encode("AccessManager", "renounceRole", 0, admin)
    with refused("AccessManagerBadConfirmation"):
        evm.send(world.chain, world.manager, renounce, sender=stranger)
    with refused("AccessManagerUnauthorizedAccount", stranger, 0):
        evm.send(world.chain, world.manager, evm.encode("AccessManager", "revokeRole", 0, admin), sender=stranger)
    administer(world, "grantRole", 0, NOBODY, 0)  # allowed, and worth nothing: nobody sends from there
    act(world, "guardian", "pause")
    act(world, "upgrader", "upgradeToAndCall", evm.deploy(world.chain, "PointsLedger"), b"")
    assert read(world, "paused", types=("bool",)) is True
    evm.send(world.chain, world.manager, renounce, sender=admin)  # her own right: the roles that are given remain

    act(world, "config", "unpause")
    settle(world, {1: 1})
    with refused("AccessManagerUnauthorizedAccount", admin, 0):
        administer(world, "grantRole", 1, stranger, 0)
    assert not [f["name"] for name in OURS for f in functions_of(name) if "owner" in f["name"].lower()]
