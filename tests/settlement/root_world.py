"""A ledger in root mode, false batches on it, and somebody who has them voided."""

from dataclasses import astuple, replace
from pathlib import Path

from sqlalchemy import Engine

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.settlement import store, void_store
from loyaltychain.settlement.confirm import confirm_step
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.guard import check_chain
from loyaltychain.settlement.header import GENESIS_HEADER, Header, batch_hash
from loyaltychain.settlement.seal import seal_step
from loyaltychain.settlement.submit import submit_step
from loyaltychain.settlement.types import Batch
from loyaltychain.settlement.voids import end_void_step
from tests.chain.small_world import NOW
from tests.settlement.ledger_world import LedgerWorld, make_ledger_world

WINDOW = 3_600
_NO_WORD = (0, 0, (), 0, ())


def make_root_world(directory: Path) -> LedgerWorld:
    return make_ledger_world(directory, mode="root", window=WINDOW)


def falsify(batch: Batch, deployment: Deployment, **changes: object) -> Batch:
    """The batch with one update too many in its totals, which anybody can show without a word's proof."""
    header = replace(batch.header, **({"updates": batch.header.updates + 1} | changes))  # type: ignore[arg-type]
    return replace(
        batch, header=header, hash=batch_hash(header, chain_id=deployment.chain_id, ledger=deployment.ledger)
    )


def challenge_call(disputed: Batch, *, previous: Header = GENESIS_HEADER) -> tuple[object, ...]:
    """The arguments with which anybody has a batch of false totals voided, and all behind it."""
    return (astuple(previous), astuple(disputed.header), disputed.data, _NO_WORD)


def challenge(world: LedgerWorld, disputed: Batch, *, previous: Header = GENESIS_HEADER) -> None:
    """A stranger, who needs no role for it, does so."""
    call = encode_call(artifacts.load("PointsLedger").abi, "challenge", challenge_call(disputed, previous=previous))
    assert world.small.act(world.small.owner, world.deployment.ledger, call, gas=2_000_000).status == 1


def settle_foreign(world: LedgerWorld, batch: Batch) -> Batch:
    """Somebody with the settler's key settles a false batch in place of this one; what stands on chain now."""
    false = falsify(batch, world.deployment, receipt_root=b"\x66" * 32)
    assert world.settle_as(world.small.settler, false).status == 1
    return false


def seal_falsely(engine: Engine, deployment: Deployment, *, now: UnixSeconds = NOW) -> Batch:
    """A false batch of our own, as a fault of the program would seal it."""
    honest = seal_step(engine, deployment, now=now)
    assert honest is not None
    number = honest.batch.header.batch_id
    false = falsify(honest.batch, deployment)
    with transaction(engine) as tx:
        updates, receipts = store.read_updates(tx, number), store.read_receipts(tx, number)
        store.set_state(tx, number, "void", now=now)  # and never on chain, so it may go
        void_store.delete_batch(tx, number)
        store.insert_batch(tx, false)
        store.insert_updates(tx, number, updates)
        store.insert_receipts(tx, receipts)
    return false


def settle(world: LedgerWorld, engine: Engine) -> None:
    """Submit and carry to its end what is sealed."""
    assert submit_step(engine, world.deployment, settler=world.settler, now=NOW) is not None
    sender = world.sender(engine)
    for _ in range(3):
        confirmed = confirm_step(sender, world.deployment)
    assert confirmed is not None
    assert confirmed.state == "final"


def states(engine: Engine) -> dict[int, str]:
    """Of all batches in the database, void ones too."""
    with reading(engine) as tx:
        return {row.id: row.state for row in tx.exec_driver_sql("SELECT id, state FROM batches ORDER BY id")}


def first_sealed(engine: Engine) -> Batch:
    """The oldest batch that was sealed and nothing more."""
    with reading(engine) as tx:
        return store.batches_in_state(tx, "sealed")[0]


def settle_anew(world: LedgerWorld, engine: Engine) -> list[int]:
    """What the worker does after a void: end what was signed, seal, settle; the numbers of the new batches."""
    world.administrate("unpause")
    sender = world.sender(engine)
    while end_void_step(sender, world.deployment) is not None:
        pass
    numbers = []
    while (sealed := seal_step(engine, world.deployment, now=NOW)) is not None:
        numbers.append(sealed.batch.header.batch_id)
        settle(world, engine)
    check_chain(engine, world.rpc, world.deployment)
    return numbers


def balances(engine: Engine) -> dict[int, int]:
    """By member, of the batches that are not void; the newest one's supply is their sum."""
    with reading(engine) as tx:
        last = store.last_batch(tx)
        assert last is not None
        found = {member: balance for member, balance in store.settled_balances(tx, 10**6).items() if balance}
        assert last.header.supply == sum(found.values())
        return found
