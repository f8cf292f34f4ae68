"""run_once on a ledger in root mode
├── given sales: settled, and challengeable until the window is over, as status says
├── given a false batch by somebody with the settler's key
│   ├── when nobody has voided it: stops, and says until when it can be
│   └── when somebody has: waits for the pause to end, then settles everything once, by itself
├── given a false batch of our own that was voided: stops with what to do; a retry settles its entries anew
├── given voids, and a backup from before the newest batch: that one is taken over, and nothing differs
│   └── when they came between two batches that the backup does not have: both are taken over, in their order
└── given a batch that waits behind one of ours that is voided: both are settled as one
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from loyaltychain.core import errors
from loyaltychain.core.hashing import keccak256
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import reading
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.types import Bounds
from loyaltychain.settlement import store
from loyaltychain.settlement.header import GENESIS_HEADER, Header, genesis_hash
from loyaltychain.settlement.submit import make_settle_call
from loyaltychain.settlement.types import Batch
from loyaltychain.settlement.voids import take_over_voids
from loyaltychain.status import read_challengeable
from loyaltychain.worker.reconciliation import reconcile
from tests.projects import NOW
from tests.settlement.root_world import challenge_call, falsify, seal_falsely
from tests.worker.builders import MORE, SALES, Original, Shop, deployed_shop
from tests.worker.test_take_over import Restored

WINDOW = 60


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Original]:
    with deployed_shop(tmp_path_factory.mktemp("rooted") / "shop", mode="root") as original:
        yield original


def settle_foreign(shop: Shop, *, before: Batch | None = None) -> Batch:
    """A false batch, the first or the one behind ``before``, which changes nobody, by a thief of the settler's key."""
    deployment = shop.project.open().deployment
    previous = before.header if before else GENESIS_HEADER
    end = before.hash if before else genesis_hash(chain_id=deployment.chain_id, ledger=deployment.ledger)
    header = replace(
        previous, batch_id=previous.batch_id + 1, prev_hash=end, data_hash=keccak256(b"\x01"), updates=0, issued=0,
        burned=0,
    )  # fmt: skip
    false = falsify(Batch(header, 1, 1, b"\x01", b"", "sealed"), deployment)
    assert shop.send("settler", shop.ledger(), make_settle_call(false)).status == 1
    return false


def challenge(shop: Shop, disputed: Batch, *, previous: Header = GENESIS_HEADER) -> None:
    """Somebody has it voided; no role counts for that."""
    shop.act("registrar", "challenge", *challenge_call(disputed, previous=previous))


def settle_falsely(shop: Shop) -> Batch:
    """Sales of ours in a batch with wrong totals, as a fault of the program would make it; settled by a worker."""
    shop.take(SALES)
    world = shop.open()
    earn_step(world.engine, world.program(), now=NOW, bounds=Bounds(award=10**9, redemption=10**9))
    false = seal_falsely(world.engine, world.deployment, now=NOW)
    world.engine.dispose()
    assert shop.run().batches == 1
    return false


def states(shop: Shop) -> dict[int, str]:
    """Of all batches, void ones too."""
    engine = shop.open_engine()
    with reading(engine) as tx:
        found = {row.id: row.state for row in tx.exec_driver_sql("SELECT id, state FROM batches ORDER BY id")}
    engine.dispose()
    return found


def test_run_once__sales__settled_and_challengeable_for_the_window(shop: Shop) -> None:
    assert read_challengeable(shop.open()) is None
    shop.take(SALES)

    assert shop.run().batches == 1

    until = shop.rpc.block("latest").timestamp + WINDOW
    assert read_challengeable(shop.open()) == {"from": 1, "to": 1, "until": format_instant(until)}
    shop.project.ask("evm_increaseTime", WINDOW + 600)
    shop.project.ask("evm_mine")
    assert read_challengeable(shop.open()) is None
    assert (states(shop), shop.findings()) == ({1: "final"}, [])


def test_run_once__false_batch_of_somebody_else__stops_and_says_until_when(shop: Shop) -> None:
    shop.take(SALES)
    settle_foreign(shop)
    until = shop.rpc.block("latest").timestamp + WINDOW

    for _ in range(2):
        with pytest.raises(errors.ChainAhead, match=f"watch --challenge.* until {format_instant(until)}"):
            shop.run()
    assert states(shop) == {}


def test_run_once__it_is_voided__goes_on_by_itself_after_the_pause(shop: Shop) -> None:
    shop.take(SALES)
    challenge(shop, settle_foreign(shop))

    for _ in range(2):
        with pytest.raises(errors.LedgerPaused):
            shop.run()
    shop.act("config", "unpause")
    assert shop.run().batches == 1
    shop.take(MORE, "more.csv")
    assert shop.run().batches == 1

    assert (states(shop), shop.settled()) == ({2: "final", 3: "final"}, [1, 2, 3])
    assert shop.findings() == ["batch-voided batch 1"]


def test_run_once__own_batch_voided__stops_until_a_retry(shop: Shop) -> None:
    challenge(shop, settle_falsely(shop))
    shop.take(MORE, "more.csv")

    for _ in range(2):
        with pytest.raises(errors.OwnBatchVoided, match="Batch 1 of ours was voided for wrong totals"):
            shop.run()
    assert states(shop) == {1: "void"}
    shop.act("config", "unpause")
    assert shop.run(retry=True).batches == 1

    assert (states(shop), shop.settled()) == ({1: "void", 2: "final"}, [1, 2])
    assert shop.findings() == ["batch-voided batch 1"]
    world = shop.open()
    assert reconcile(world, actor="eve").is_clean
    world.engine.dispose()


def test_reconcile__voids_and_an_older_backup__taken_over_and_clean(shop: Shop, tmp_path: Path) -> None:
    restored = Restored(shop, "sqlite", tmp_path / "old.backup")
    challenge(shop, settle_foreign(shop))
    shop.act("config", "unpause")
    shop.take(SALES)
    shop.run()
    restored.spend("R-1")
    restored.back_up()
    shop.run()
    restored.give_back()

    assert restored.take_over().numbers == (3,)
    assert restored.release()
    world = shop.open()
    found = reconcile(world, actor="eve")
    world.engine.dispose()
    assert (found.differences, found.off, found.batches) == ((), (), 2)
    shop.take(MORE, "more.csv")
    assert shop.run().batches == 1
    assert (states(shop), shop.settled()) == ({2: "final", 3: "final", 4: "final"}, [1, 2, 3, 4])


def read(shop: Shop, number: int) -> Batch:
    engine = shop.open_engine()
    with reading(engine) as tx:
        batch = store.read_batch(tx, number)
    engine.dispose()
    assert batch is not None
    return batch


@pytest.mark.parametrize("is_followed", [True, False])
def test_reconcile__voids_between_what_the_backup_lacks__taken_over_in_order(
    shop: Shop, tmp_path: Path, is_followed: bool
) -> None:
    """``is_followed``: whether a batch of ours was settled behind the voids."""
    restored = Restored(shop, "sqlite", tmp_path / "old.backup")
    shop.take(SALES)
    shop.run()
    restored.spend("R-1")
    restored.back_up()
    shop.run()
    good = read(shop, 2)
    false = settle_foreign(shop, before=good)
    settle_foreign(shop, before=false)
    challenge(shop, false, previous=good.header)
    shop.act("config", "unpause")
    if is_followed:
        restored.spend("R-2")
        shop.run()
    assert states(shop) == {1: "final", 2: "final"} | ({5: "final"} if is_followed else {})
    restored.give_back()
    if is_followed:
        restored.spend("R-2")

    for _ in range(2):  # the first one ended before anything was taken over
        world = shop.open()
        take_over_voids(world.engine, world.rpc, world.deployment, depth=0)
        world.engine.dispose()
    taken = restored.take_over()

    assert (taken.numbers, taken.stopped_at) == ((2, 5) if is_followed else (2,), None)
    assert restored.release()
    world = shop.open()
    assert reconcile(world, actor="eve").is_clean
    world.engine.dispose()
    shop.take(MORE, "more.csv")
    assert shop.run().batches == 1
    assert set(states(shop).values()) == {"final"}
    assert max(states(shop)) == (6 if is_followed else 5)


def test_run_once__a_batch_waits_behind_a_void_one__settled_as_one(shop: Shop) -> None:
    false = settle_falsely(shop)
    shop.act("guardian", "pause")
    shop.take(MORE, "more.csv")
    with pytest.raises(errors.LedgerPaused):
        shop.run()
    assert states(shop) == {1: "final", 2: "submitted"}
    challenge(shop, false)
    shop.act("config", "unpause")

    with pytest.raises(errors.OwnBatchVoided):
        shop.run()
    assert shop.run(retry=True).batches == 1

    assert (states(shop), shop.settled()) == ({1: "void", 2: "final"}, [1, 2])
    assert [intent.state for intent in shop.intents(2)] == ["reverted", "final"]
    assert shop.findings() == ["batch-voided batch 1"]
