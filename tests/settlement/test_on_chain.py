"""sealed batches, given to the real ledger contract
├── given a fresh contract: its hash of batch 0 is our genesis hash
└── given batches of every kind, in order: it accepts each, knows it by our hash, and holds the ledger's balances
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from eth_abi.abi import decode
from sqlalchemy import Engine

from loyaltychain.core.amounts import LANE_MAX
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.header import genesis_hash
from loyaltychain.settlement.seal import seal_step
from loyaltychain.settlement.submit import make_settle_call
from loyaltychain.settlement.types import Batch
from loyaltychain.settlement.words import pack
from tests.contracts import evm
from tests.contracts.builders import World, make_world
from tests.settlement.books import book, holdings, join
from tests.settlement.builders import DEPLOYMENT, NEXT_PROGRAM, NOON, earn, hold, redeem

NUMBERS = [1, 7, 8, 300, 70_000]


@pytest.fixture(scope="module")
def contracts() -> World:
    return make_world()


@pytest.fixture
def world(contracts: World) -> Iterator[World]:
    with evm.rolled_back(contracts.chain):
        yield contracts


def deployment_of(world: World) -> Deployment:
    return replace(DEPLOYMENT, chain_id=world.chain.w3.eth.chain_id, ledger=world.ledger, registry=world.registry)


def view(world: World, name: str, *arguments: int) -> bytes:
    return evm.ask(world.chain, world.ledger, evm.encode("PointsLedger", name, *arguments))


def settle(world: World, engine: Engine) -> list[Batch]:
    """Seal all there is and settle it, each batch's hash compared on the way."""
    batches = []
    while sealed := seal_step(engine, deployment_of(world), now=NOON):
        call = make_settle_call(sealed.batch)
        evm.send(world.chain, world.ledger, call, sender=world.people["settler"])
        assert view(world, "lastBatchHash") == sealed.batch.hash
        batches.append(sealed.batch)
    return batches


def test_genesis_hash__fresh_contract__the_same(world: World) -> None:
    deployment = deployment_of(world)

    expected = genesis_hash(chain_id=deployment.chain_id, ledger=deployment.ledger)

    assert view(world, "batchHashOf", 0) == expected


def test_seal_step__batches_of_every_kind__contract_agrees(world: World, engine: Engine) -> None:
    join(engine, NUMBERS)
    book(engine, earn("a", 1, 10), earn("b", 8, LANE_MAX), earn("c", 70_000, 40_000), earn("d", 300, 1))
    book(engine, earn("e", 7, 5, program=NEXT_PROGRAM), redeem("f", 8, LANE_MAX, program=NEXT_PROGRAM))
    first = settle(world, engine)
    book(engine, earn("g", 7, 9, program=NEXT_PROGRAM), redeem("h", 7, 9, program=NEXT_PROGRAM))
    without_updates = settle(world, engine)
    book(engine, hold("i", 1, 4, program=NEXT_PROGRAM), redeem("j", 70_000, 32_769, program=NEXT_PROGRAM))
    last = settle(world, engine)

    owned = holdings(engine, NUMBERS)

    assert [batch.header.updates for batch in first + without_updates + last] == [4, 2, 0, 1]
    assert owned == {1: 10, 7: 5, 70_000: 7_231, 300: 1}
    words = {number // 8: decode(["uint256"], view(world, "wordAt", number // 8))[0] for number in NUMBERS}
    assert {index: word for index, word in words.items() if word} == pack(owned)
    assert decode(["uint256"], view(world, "totalSupply"))[0] == sum(owned.values())
