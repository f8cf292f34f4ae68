"""
publish
├── given the first programmes, they stand in order and are found
├── given the zero hash, it refuses
├── given position 0, or one not after the last, it refuses
├── given the programme in force, it refuses
└── given an older programme again, it publishes it
latest
└── given nothing published, it refuses
at
└── given an index beyond the last, it refuses
"""

import pytest
from eth_abi.abi import decode
from eth_utils.crypto import keccak

from tests.contracts import evm
from tests.contracts.builders import World
from tests.contracts.evm import refused

FIRST, SECOND = keccak(text="first"), keccak(text="second")
PUBLISHED = keccak(text="ProgramPublished(bytes32,uint64,uint256)")


def publish(world: World, program_hash: bytes, from_position: int) -> dict:
    calldata = evm.encode("ProgramRegistry", "publish", program_hash, from_position)
    return evm.send(world.chain, world.registry, calldata, sender=world.people["registrar"])


def ask(world: World, types: list[str], function: str, *arguments: object) -> tuple:
    return decode(types, evm.ask(world.chain, world.registry, evm.encode("ProgramRegistry", function, *arguments)))


def test_publish__given_the_first_programmes__they_stand_in_order(world: World) -> None:
    publish(world, FIRST, 1)
    (log,) = publish(world, SECOND, 2**64 - 1)["logs"]

    assert [bytes(topic) for topic in log["topics"]] == [PUBLISHED, SECOND]
    assert decode(["uint64", "uint256"], log["data"]) == (2**64 - 1, 1)
    assert ask(world, ["uint256"], "count") == (2,)
    assert ask(world, ["bytes32", "uint64"], "at", 0) == (FIRST, 1)
    assert ask(world, ["bytes32", "uint64"], "at", 1) == (SECOND, 2**64 - 1)
    assert ask(world, ["bytes32", "uint64"], "latest") == (SECOND, 2**64 - 1)
    assert [ask(world, ["bool"], "isPublished", h) for h in (FIRST, SECOND, bytes(32))] == [(True,), (True,), (False,)]


def test_publish__given_the_zero_hash__is_refused(world: World) -> None:
    with refused("ZeroProgramHash"):
        publish(world, bytes(32), 1)


def test_publish__given_position_0__is_refused(world: World) -> None:
    with refused("PositionBefore", 0, 0):
        publish(world, FIRST, 0)


@pytest.mark.parametrize("position", [0, 1, 4])
def test_publish__given_a_position_before_the_last__is_refused(world: World, position: int) -> None:
    publish(world, FIRST, 5)

    with refused("PositionBefore", 5, position):
        publish(world, SECOND, position)


def test_publish__given_the_last_position_again__the_newest_stands(world: World) -> None:
    publish(world, FIRST, 5)

    publish(world, SECOND, 5)

    assert ask(world, ["bytes32", "uint64"], "latest") == (SECOND, 5)
    assert ask(world, ["uint256"], "count") == (2,)


def test_publish__given_the_programme_in_force__is_refused(world: World) -> None:
    publish(world, FIRST, 5)

    with refused("AlreadyInForce", FIRST):
        publish(world, FIRST, 6)


def test_publish__given_an_older_programme_again__publishes_it(world: World) -> None:
    for position, program_hash in enumerate((FIRST, SECOND, FIRST), start=1):
        publish(world, program_hash, position)

    assert ask(world, ["bytes32", "uint64"], "latest") == (FIRST, 3)


def test_latest__given_nothing_published__is_refused(world: World) -> None:
    with refused("NothingPublished"):
        ask(world, [], "latest")


def test_at__given_an_index_beyond_the_last__is_refused(world: World) -> None:
    publish(world, FIRST, 1)

    with refused("UnknownIndex", 1, 1):
        ask(world, [], "at", 1)
