"""survive
└── given a worker that asks ``pending`` whether its transaction is on its way: right books, and a nonce too many

The naive worker stands in ``test_sender_crash``, the one that the contract alone guards in ``test_settlement_crash``.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.chain import outbox
from loyaltychain.chain.intents import Attempt, NewIntent
from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.signer import AllowedCall, KeySigner, UnsignedTx
from loyaltychain.db.engine import reading, transaction
from loyaltychain.settlement import store
from loyaltychain.settlement.settled import read_settled
from loyaltychain.settlement.submit import make_settle_call
from loyaltychain.settlement.types import Batch
from tests.chain.small_world import GWEI, NOW
from tests.crash.harness import survive
from tests.crash.test_settlement_crash import Factory, SettlingWorld, check
from tests.settlement.ledger_world import SETTLE, make_ledger_world


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Factory]:
    ledger = make_ledger_world(tmp_path_factory.mktemp("worlds"))
    yield Factory(ledger)
    ledger.small.chain.close()


def run_trusting_pending(world: SettlingWorld, engine: Engine, rpc: Rpc) -> None:
    """Bytes on disk before they go out, done when a final block holds it; but "nothing is pending" means lost."""
    with reading(engine) as tx:
        batches = store.batches_in_state(tx, "sealed")
    for batch in batches:
        while not _is_settled(world, batch):
            pending = int(world.ledger.small.ask("eth_getTransactionCount", world.ledger.settler, "pending"), 16)
            if pending == rpc.nonce(world.ledger.settler):
                _send_anew(world, engine, rpc, batch, nonce=pending)
            world.ledger.small.ask("evm_mine")
        with transaction(engine) as tx:
            store.set_state(tx, batch.header.batch_id, "submitted", now=NOW)
            store.set_state(tx, batch.header.batch_id, "final", now=NOW)


def _is_settled(world: SettlingWorld, batch: Batch) -> bool:
    final = world.rpc.block("latest").number - 1
    number = batch.header.batch_id
    return read_settled(world.rpc, world.ledger.deployment, number, block=final, settled_in=None) == batch.hash


def _send_anew(world: SettlingWorld, engine: Engine, rpc: Rpc, batch: Batch, *, nonce: int) -> None:
    ledger, name = world.ledger, f"settle:{batch.header.batch_id}"
    chain_id, target = ledger.deployment.chain_id, ledger.deployment.ledger
    call = make_settle_call(batch)
    signer = KeySigner(ledger.small.settler, [AllowedCall(target, SETTLE)], chain_id=chain_id)
    offer: dict[str, Any] = {"gas": 1_000_000, "max_fee": 3 * GWEI, "tip": GWEI}
    signed = signer.sign(UnsignedTx(chain_id, nonce, target, call, **offer))
    attempt = Attempt(signed.tx_hash, name, signed.raw, **offer, signed_at=NOW)
    with transaction(engine) as tx:
        if outbox.enqueue(tx, NewIntent(name, chain_id, ledger.settler, target, call), now=NOW):
            outbox.append_first_attempt(tx, attempt, nonce=nonce)
        elif attempt.tx_hash not in [kept.tx_hash for kept in outbox.read_attempts(tx, name)]:
            outbox.append_replacement(tx, attempt)
    rpc.send_raw(signed.raw)


def test_survive__trusting_pending__nonce_too_many(worlds: Factory) -> None:
    with pytest.raises(AssertionError, match="assert 3 == 2"):
        survive(worlds.make, run_trusting_pending, check)
