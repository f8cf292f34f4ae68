"""retry_step, and what confirm_step makes of it
├── given nothing halted, or nothing at all: nothing
├── given a settlement that failed for good
│   ├── when the contract stands at the batch before: one successor, whoever asks how often, and it settles once
│   ├── when it fails again: halted again, and retried again
│   ├── when the contract has this very batch: nothing to retry, and it is final
│   └── when the contract has another batch under the number: nothing to retry, RootMismatch again
├── given a settlement whose nonce another transaction used: NonceTaken with what to do; a successor settles it once
├── given a successor that is not signed yet
│   └── when what was signed before has settled the batch after all: final, and nothing more is signed
├── given a node that never shows our receipt, and a batch that is settled: final
└── given a batch whose hash the contract has forgotten
    ├── when our own transaction settled it: its log says so, and it is final
    └── when our own transaction failed: ChainAhead
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.hashing import keccak256
from loyaltychain.settlement.codec import encode
from loyaltychain.settlement.confirm import Confirmed
from loyaltychain.settlement.contract import KEPT_HASHES
from loyaltychain.settlement.header import batch_hash
from loyaltychain.settlement.submit import Submitted, submit_step
from loyaltychain.settlement.types import Batch
from tests.chain.sending import FaultyRpc
from tests.chain.small_world import NOW
from tests.settlement.halting import confirm, fail_by_pause, intents, lose_nonce, read, retry, settle_by_another
from tests.settlement.ledger_world import BALANCES, LedgerWorld


@pytest.fixture
def engine(world: LedgerWorld) -> Iterator[Engine]:
    database = world.open("now.db")
    yield database
    database.dispose()


def successors_of(world: LedgerWorld, batch: Batch, count: int) -> list[Batch]:
    """Empty batches that hang on this one."""
    made = [batch]
    data = encode({})
    for _ in range(count):
        header = replace(
            made[-1].header,
            batch_id=made[-1].header.batch_id + 1,
            prev_hash=made[-1].hash,
            data_hash=keccak256(data),
            updates=0,
            issued=0,
            burned=0,
        )
        digest = batch_hash(header, chain_id=world.deployment.chain_id, ledger=world.deployment.ledger)
        made.append(replace(made[-1], header=header, data=data, hash=digest))
    return made[1:]


def test_retry_step__nothing_halted__nothing(world: LedgerWorld, engine: Engine) -> None:
    assert retry(world, engine) is None
    submit_step(engine, world.deployment, settler=world.settler, now=NOW)
    assert retry(world, engine) is None

    assert intents(engine) == ["settle:1 pending"]


def test_retry_step__failed_for_good__one_successor_settles_once(world: LedgerWorld, engine: Engine) -> None:
    fail_by_pause(world, engine)

    assert [retry(world, engine) for _ in range(2)] == [Submitted(1, "settle:1:2"), None]
    assert (read(engine).state, intents(engine)) == ("submitted", ["settle:1 reverted", "settle:1:2 pending"])
    last = confirm(world, engine, 3)

    assert last is not None
    assert (last.batch_id, last.state, last.intent_state) == (1, "final", "final")
    assert world.balances([*BALANCES[0]]) == BALANCES[0]
    assert world.settled() == [(1, read(engine).hash)]
    assert retry(world, engine) is None


def test_retry_step__fails_again__retried_again(world: LedgerWorld, engine: Engine) -> None:
    fail_by_pause(world, engine)
    retry(world, engine)
    fail_by_pause(world, engine)

    assert retry(world, engine) == Submitted(1, "settle:1:3")
    confirm(world, engine, 3)

    assert intents(engine) == ["settle:1 reverted", "settle:1:2 reverted", "settle:1:3 final"]
    assert world.settled() == [(1, read(engine).hash)]


def test_retry_step__this_very_batch_on_chain__final(world: LedgerWorld, engine: Engine) -> None:
    fail_by_pause(world, engine)
    settle_by_another(world, read(engine))

    assert retry(world, engine) is None
    assert confirm(world, engine) is not None

    assert (read(engine).state, intents(engine)) == ("final", ["settle:1 reverted"])
    assert world.balances([*BALANCES[0]]) == BALANCES[0]


def test_retry_step__another_batch_on_chain__mismatch_again(world: LedgerWorld, engine: Engine) -> None:
    fail_by_pause(world, engine)
    ours = read(engine)
    settle_by_another(world, replace(ours, header=replace(ours.header, time=ours.header.time + 1)))

    assert retry(world, engine) is None
    with pytest.raises(errors.RootMismatch, match="another batch under this number"):
        confirm(world, engine)
    assert (read(engine).state, intents(engine)) == ("halted", ["settle:1 reverted"])


def test_retry_step__nonce_taken__successor_settles_once(world: LedgerWorld, engine: Engine) -> None:
    lose_nonce(world, engine)
    with pytest.raises(errors.NonceTaken, match="can never be mined: nonce 0 of"):
        confirm(world, engine)

    assert retry(world, engine) == Submitted(1, "settle:1:2")
    confirm(world, engine, 3)

    assert (read(engine).state, intents(engine)) == ("final", ["settle:1 reverted", "settle:1:2 final"])
    assert world.settled() == [(1, read(engine).hash)]
    assert world.rpc.nonce(world.settler) == 2


def test_confirm_step__settled_after_all_before_the_successor_signs__final(world: LedgerWorld, engine: Engine) -> None:
    lose_nonce(world, engine)
    retry(world, engine)
    settle_by_another(world, read(engine))
    nonce = world.rpc.nonce(world.settler)

    step = confirm(world, engine)

    assert step == Confirmed(1, "final", "reverted", "never signed: the contract holds this batch already", None, None)
    assert (read(engine).state, intents(engine)) == ("final", ["settle:1 reverted", "settle:1:2 reverted"])
    assert (world.rpc.nonce(world.settler), world.settled()) == (nonce, [(1, read(engine).hash)])


def test_confirm_step__receipt_never_shown__final(world: LedgerWorld, engine: Engine) -> None:
    submit_step(engine, world.deployment, settler=world.settler, now=NOW)
    blind: Any = FaultyRpc(world.small, receipt=lambda _: None)

    last = confirm(world, engine, 5, rpc=blind)

    assert last is not None
    assert (last.state, last.intent_state, read(engine).state) == ("final", "reverted", "final")
    assert world.settled() == [(1, read(engine).hash)]


def test_confirm_step__settled_and_hash_forgotten__final_by_its_log(world: LedgerWorld, engine: Engine) -> None:
    submit_step(engine, world.deployment, settler=world.settler, now=NOW)
    confirm(world, engine, 2)
    settle_by_another(world, *successors_of(world, read(engine), KEPT_HASHES))

    last = confirm(world, engine)

    assert last is not None
    assert (last.state, read(engine).state) == ("final", "final")


def test_confirm_step__failed_and_hash_forgotten__chain_ahead(world: LedgerWorld, engine: Engine) -> None:
    fail_by_pause(world, engine)
    batch = read(engine)
    settle_by_another(world, batch, *successors_of(world, batch, KEPT_HASHES))

    assert retry(world, engine) is None
    with pytest.raises(errors.ChainAhead, match="has forgotten the hash of batch 1"):
        confirm(world, engine)
    assert read(engine).state == "halted"
