"""What halts a batch, and what is asked of it then. For the tests of what comes after."""

import pytest
from sqlalchemy import Engine

from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.signer import PrivateKey
from loyaltychain.core import errors
from loyaltychain.db.engine import reading
from loyaltychain.settlement import store
from loyaltychain.settlement.confirm import Confirmed, confirm_step
from loyaltychain.settlement.submit import Submitted, retry_step, submit_step
from loyaltychain.settlement.succession import intents_of
from loyaltychain.settlement.types import Batch
from tests.chain.small_world import FUNDS, NOW
from tests.settlement.ledger_world import LedgerWorld

OTHER_SETTLER = PrivateKey(bytes(31) + b"\x09")


def retry(world: LedgerWorld, engine: Engine) -> Submitted | None:
    return retry_step(engine, world.rpc, world.deployment, settler=world.settler, now=NOW)


def confirm(world: LedgerWorld, engine: Engine, times: int = 1, *, rpc: Rpc | None = None) -> Confirmed | None:
    """What the last of so many steps says, by one program."""
    sender = world.sender(engine, rpc=rpc)
    step = None
    for _ in range(times):
        step = confirm_step(sender, world.deployment)
    return step


def fail_by_pause(world: LedgerWorld, engine: Engine) -> None:
    """Signed, paused, mined with status 0, halted, unpaused."""
    if not intents(engine):
        submit_step(engine, world.deployment, settler=world.settler, now=NOW)
    confirm(world, engine)
    world.administrate("pause")
    confirm(world, engine)
    with pytest.raises(errors.IntentReverted, match="run --retry"):
        confirm(world, engine)
    world.administrate("unpause")


def lose_nonce(world: LedgerWorld, engine: Engine) -> None:
    """Signed, and then the settler's key is used for something else."""
    submit_step(engine, world.deployment, settler=world.settler, now=NOW)
    confirm(world, engine)
    world.small.act(world.small.settler, world.small.owner.address, value=1)
    with pytest.raises(errors.NonceTaken, match="run --retry"):
        confirm(world, engine, 8)


def settle_by_another(world: LedgerWorld, *batches: Batch) -> None:
    world.small.act(world.small.owner, OTHER_SETTLER.address, value=FUNDS)
    world.administrate("setSettler", OTHER_SETTLER.address)
    for batch in batches:
        assert world.settle_as(OTHER_SETTLER, batch).status == 1
    world.administrate("setSettler", world.settler)


def read(engine: Engine, number: int = 1) -> Batch:
    with reading(engine) as tx:
        batch = store.read_batch(tx, number)
    assert batch is not None
    return batch


def intents(engine: Engine, number: int = 1) -> list[str]:
    with reading(engine) as tx:
        return [f"{intent.id} {intent.state}" for intent in intents_of(tx, number)]
