"""confirm_step, by what the chain holds before anything is signed or sent
├── given a settler's key that somebody else used while nothing was on its way
│   ├── when a batch is due: halted and never signed; a successor settles it once, behind what was used
│   └── when it is used again after that: halted again
└── given a batch on its way at a program's start
    ├── when another one stands under its number: halted, and nothing is sent
    ├── when it stands there itself: final, and nothing is sent
    └── when the contracts are younger than what is final: it goes on
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.settlement.confirm import confirm_step
from loyaltychain.settlement.submit import Submitted, submit_step
from tests.chain.sending import FaultyRpc
from tests.chain.small_world import NOW
from tests.settlement.halting import confirm, intents, read, retry, settle_by_another
from tests.settlement.ledger_world import BALANCES, LedgerWorld


@pytest.fixture
def engine(world: LedgerWorld) -> Iterator[Engine]:
    database = world.open("now.db")
    yield database
    database.dispose()


def use_key_while_idle(world: LedgerWorld, engine: Engine) -> None:
    """The first batch is final; then the settler's key is used for something else, and the second one is due."""
    submit_step(engine, world.deployment, settler=world.settler, now=NOW)
    confirm(world, engine, 3)
    world.small.act(world.small.settler, world.small.owner.address, value=1)
    submit_step(engine, world.deployment, settler=world.settler, now=NOW)


def test_confirm_step__key_used_while_idle__halted_unsigned_then_retried_once(
    world: LedgerWorld, engine: Engine
) -> None:
    use_key_while_idle(world, engine)

    with pytest.raises(errors.NonceTaken, match="Nothing was signed for batch 2: nonce 1 of") as caught:
        confirm(world, engine, 5)
    assert "run --retry" in caught.value.message
    with pytest.raises(errors.NonceTaken, match="who else has the settler's key"):
        confirm(world, engine)
    assert (read(engine, 2).state, intents(engine, 2), world.rpc.nonce(world.settler)) == (
        "halted", ["settle:2 reverted"], 2,
    )  # fmt: skip

    assert retry(world, engine) == Submitted(2, "settle:2:2")
    last = confirm(world, engine, 3)

    assert last is not None
    assert (last.batch_id, last.state) == (2, "final")
    assert world.balances([*BALANCES[1]]) == BALANCES[1]
    assert world.rpc.nonce(world.settler) == 3


def test_confirm_step__key_used_again_after_the_retry__halted_again(world: LedgerWorld, engine: Engine) -> None:
    use_key_while_idle(world, engine)
    with pytest.raises(errors.NonceTaken):
        confirm(world, engine, 5)
    retry(world, engine)
    world.small.act(world.small.settler, world.small.owner.address, value=1)

    with pytest.raises(errors.NonceTaken, match="Nothing was signed for batch 2: nonce 2 of"):
        confirm(world, engine, 5)

    assert intents(engine, 2) == ["settle:2 reverted", "settle:2:2 reverted"]


def test_confirm_step__another_batch_stands_there_at_the_start__halted_and_nothing_sent(
    world: LedgerWorld, engine: Engine
) -> None:
    submit_step(engine, world.deployment, settler=world.settler, now=NOW)
    confirm(world, engine)
    ours = read(engine)
    settle_by_another(world, replace(ours, header=replace(ours.header, time=ours.header.time + 1)))
    sent: list[bytes] = []
    listening: Any = FaultyRpc(world.small, sent.append)

    for _ in range(2):
        with pytest.raises(errors.RootMismatch, match="another batch under this number"):
            confirm(world, engine, rpc=listening)

    assert (sent, read(engine).state, intents(engine)) == ([], "halted", ["settle:1 signed"])
    assert retry(world, engine) is None


def test_confirm_step__our_own_batch_stands_there_at_the_start__final_and_nothing_sent(
    world: LedgerWorld, engine: Engine
) -> None:
    submit_step(engine, world.deployment, settler=world.settler, now=NOW)
    confirm(world, engine, 2)
    sent: list[bytes] = []
    listening: Any = FaultyRpc(world.small, sent.append)

    last = confirm(world, engine, rpc=listening)

    assert last is not None
    assert (last.state, sent, world.settled()) == ("final", [], [(1, read(engine).hash)])


def test_confirm_step__started_anew_before_the_contracts_are_final__goes_on(world: LedgerWorld, engine: Engine) -> None:
    young = replace(world.deployment, first_block=world.rpc.block("latest").number)
    submit_step(engine, young, settler=world.settler, now=NOW)
    seen = [confirm_step(world.sender(engine, depth=1_000), young) for _ in range(4)]

    assert [each and each.intent_state for each in seen] == ["signed", "broadcast", "mined", "mined"]
