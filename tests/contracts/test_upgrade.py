"""
initialize
├── given a fresh deployment, every value it was given can be read
├── given the implementation itself, it refuses
├── given a second call through the proxy, it refuses
├── given an authority without code, settler zero, instance zero, period 0, no member registry, no judge or a window
│   out of range, it refuses
└── given a proxy without an initialiser's call, it cannot be deployed
upgradeToAndCall
├── given a new copy of the implementation, every stored value stays
├── given the implementation itself as target of the call, it refuses
├── given a contract that is not UUPS, it refuses
├── given a contract with another proxiableUUID, it refuses
└── given an address without code, it refuses
storage
└── given a settled batch, each slot is where ERC-1967 and ERC-7201 say
supportsInterface
└── given an interface id, it claims what is there and nothing else
"""

import pytest

from loyaltychain.chain import artifacts
from tests.contracts import evm
from tests.contracts.builders import CAPS, INSTANCE, PUSH, ROOT, World, act, initialise_for, read, settle
from tests.contracts.evm import refused
from tests.contracts.records import erc7201
from tests.contracts.test_proxy import IMPLEMENTATION_SLOT

NOBODY = "0x" + "00" * 20
# Answers 1 to everything, proxiableUUID() included.
OTHER_UUID = bytes.fromhex("60088060095f395ff3" + "60015f5260205ff3")
VIEWS = {
    "name": ("string",),
    "symbol": ("string",),
    "decimals": ("uint8",),
    "totalSupply": ("uint256",),
    "lastBatchId": ("uint32",),
    "lastBatchHash": ("bytes32",),
    "caps": ("uint48", "uint48", "uint48", "uint48", "uint32", "uint64"),
    "settler": ("address",),
    "paused": ("bool",),
    "mode": ("uint8",),
    "instanceId": ("bytes32",),
    "authority": ("address",),
    "memberRegistry": ("address",),
    "transferLogs": ("bool",),
    "batchProofs": ("address",),
    "challengeWindow": ("uint32",),
    "lastFinalId": ("uint32",),
    "pendingSwitch": ("bytes32", "bytes32", "uint256"),
}


def view_all(world: World) -> dict[str, object]:
    return {name: read(world, name, types=types) for name, types in VIEWS.items()}


def test_initialize__given_a_fresh_deployment__can_be_read(world: World) -> None:
    seen = view_all(world)

    assert {name: value for name, value in seen.items() if name != "lastBatchHash"} == {
        "name": "Coffee points",
        "symbol": "CUP",
        "decimals": 0,
        "totalSupply": 0,
        "lastBatchId": 0,
        "caps": CAPS,
        "settler": world.people["settler"].lower(),
        "paused": False,
        "mode": 0,
        "instanceId": INSTANCE,
        "authority": world.manager.lower(),
        "memberRegistry": world.members.lower(),
        "transferLogs": False,
        "batchProofs": world.proofs.lower(),
        "challengeWindow": 0,
        "lastFinalId": 0,
        "pendingSwitch": (bytes(32), bytes(32), 0),
    }


def test_initialize__given_the_implementation__is_refused(world: World) -> None:
    call = initialise_for(world, settler=world.people["stranger"])

    with refused("InvalidInitialization"):
        evm.send(world.chain, world.ledger_implementation, call, sender=world.people["stranger"])
    with refused("InvalidInitialization"):
        evm.send(
            world.chain,
            world.registry_implementation,
            evm.encode("ProgramRegistry", "initialize", world.manager),
            sender=world.people["stranger"],
        )


def test_initialize__given_a_second_call__is_refused(world: World) -> None:
    call = initialise_for(world, settler=world.people["stranger"])

    for person in world.people.values():
        with refused("InvalidInitialization"):
            evm.send(world.chain, world.ledger, call, sender=person)
        with refused("InvalidInitialization"):
            evm.send(
                world.chain, world.registry, evm.encode("ProgramRegistry", "initialize", world.manager), sender=person
            )


@pytest.mark.parametrize(
    ("changes", "error", "facts"),
    [
        ({"authority": NOBODY}, "AccessManagedInvalidAuthority", (NOBODY,)),
        ({"settler": NOBODY}, "ZeroSettler", ()),
        ({"instance": bytes(32)}, "ZeroInstanceId", ()),
        ({"caps": (1, 1, 1, 1, 0, 1)}, "ZeroPeriod", ()),
        ({"members": NOBODY}, "NoMemberRegistry", (NOBODY,)),
        ({"proofs": NOBODY}, "NoBatchProofs", (NOBODY,)),
        ({"mode": PUSH, "challenge_window": 1}, "WrongWindow", (1, 0)),
        ({"mode": ROOT, "challenge_window": 0}, "WrongWindow", (0, 30 * 86_400)),
        ({"mode": ROOT, "challenge_window": 30 * 86_400 + 1}, "WrongWindow", (30 * 86_400 + 1, 30 * 86_400)),
    ],
    ids=["authority", "settler", "instance", "period", "member registry", "proofs", "push", "no window", "long window"],
)
def test_initialize__given_an_unusable_value__is_refused(
    world: World, changes: dict[str, object], error: str, facts: tuple
) -> None:
    with refused(error, *facts):
        evm.deploy(world.chain, "PointsProxy", world.ledger_implementation, initialise_for(world, **changes))


def test_initialize__given_a_registry_authority_without_code__is_refused(world: World) -> None:
    call = evm.encode("ProgramRegistry", "initialize", NOBODY)

    with refused("AccessManagedInvalidAuthority", NOBODY):
        evm.deploy(world.chain, "PointsProxy", world.registry_implementation, call)


def test_proxy__given_no_initialiser__cannot_be_deployed(world: World) -> None:
    with refused("ERC1967ProxyUninitialized"):
        evm.deploy(world.chain, "PointsProxy", world.ledger_implementation, b"")


def test_upgrade__given_a_new_copy__keeps_every_value(world: World) -> None:
    settle(world, {1: 5, 9: 7})
    act(world, "guardian", "pause")
    before = view_all(world) | {"words": [read(world, "wordAt", i) for i in (0, 1)]}
    copy = evm.deploy(world.chain, "PointsLedger")

    act(world, "upgrader", "upgradeToAndCall", copy, b"")

    assert view_all(world) | {"words": [read(world, "wordAt", i) for i in (0, 1)]} == before
    assert evm.storage(world.chain, world.ledger, IMPLEMENTATION_SLOT) == int(copy, 16)


def test_upgrade__given_the_implementation_itself__is_refused(world: World) -> None:
    call = evm.encode("PointsLedger", "upgradeToAndCall", world.ledger_implementation, b"")

    with refused("UUPSUnauthorizedCallContext"):
        evm.send(world.chain, world.ledger_implementation, call, sender=world.people["upgrader"])


def test_upgrade__given_a_contract_that_is_not_uups__is_refused(world: World) -> None:
    with refused("ERC1967InvalidImplementation", world.manager):
        act(world, "upgrader", "upgradeToAndCall", world.manager, b"")


def test_upgrade__given_another_uuid__is_refused(world: World) -> None:
    other = evm.create(world.chain, OTHER_UUID)

    with refused("UUPSUnsupportedProxiableUUID", (1).to_bytes(32, "big")):
        act(world, "upgrader", "upgradeToAndCall", other, b"")


def test_upgrade__given_an_address_without_code__is_refused(world: World) -> None:
    # There is nothing to call, which ends before anything could name the address.
    with refused(""):
        act(world, "upgrader", "upgradeToAndCall", world.people["stranger"], b"")


def test_storage__given_a_settled_batch__is_where_the_standards_say(world: World) -> None:
    settle(world, {8: 5, 15: 2**32 - 1, 16: 9})
    base = erc7201("loyaltychain.storage.PointsLedger")
    words = erc7201("loyaltychain.storage.PointsLedger.words")
    last_hash = read(world, "lastBatchHash", types=("bytes32",))

    def slot(number: int) -> int:
        return evm.storage(world.chain, world.ledger, number)

    supply = 5 + 2**32 - 1 + 9
    assert slot(IMPLEMENTATION_SLOT) == int(world.ledger_implementation, 16)
    assert slot(base) & (2**192 - 1) == 1 | supply << 32 | supply << 96
    assert slot(base + 1) == int(world.people["settler"], 16) | CAPS[5] << 176
    assert slot(base + 2) == CAPS[0] | CAPS[1] << 48 | CAPS[2] << 96 | CAPS[3] << 144 | CAPS[4] << 192
    assert slot(base + 3 + 1) == int.from_bytes(last_hash) | evm.now(world.chain)
    assert [slot(words + i) for i in range(3)] == [0, 5 | (2**32 - 1) << 224, 9]


@pytest.mark.parametrize(
    ("interface_id", "claimed"),
    [("01ffc9a7", True), ("ffffffff", False), ("36372b07", False), ("80ac58cd", False)],
    ids=["ERC-165", "nothing", "ERC-20", "ERC-721"],
)
def test_supports_interface__given_an_id__claims_what_is_there(world: World, interface_id: str, claimed: bool) -> None:
    assert read(world, "supportsInterface", bytes.fromhex(interface_id), types=("bool",)) is claimed


def test_artifacts__given_the_deployed_code__hash_as_shipped(world: World) -> None:
    deployed = {
        "AccessManager": world.manager,
        "BatchProofs": world.proofs,
        "MemberRegistry": world.members_implementation,
        "PointsLedger": world.ledger_implementation,
        "PointsProxy": world.ledger,
        "ProgramRegistry": world.registry_implementation,
    }
    releases = artifacts.read_releases()["0.1.0"]

    for name, address in deployed.items():
        artifact = artifacts.load(name)
        code = bytes(world.chain.w3.eth.get_code(address))
        assert artifacts.masked_code_hash(code, artifact.immutable_references) == artifact.code_hash == releases[name]
