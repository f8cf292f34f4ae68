"""Books and chain at different times: edge cases 24, 32, 79 and 86, by number, on the real contract

given points that were settled, and spent in part, and whose goods come back
    what is left of them is burned, the rest is owed; the receipt shows both, and the chain never less than nothing (24)
    when new points come
        the debt is paid from them first, and the chain gains what is left
given a chain whose clock runs a year ahead
    points that are good by the ledger's clock stay on chain (32)
given a chain that stands still over an expiry
    nothing is burned meanwhile; by the ledger's clock the points are gone, and the next batch burns just those (32)
    when some were spent in time
        that is settled as a redemption, not as an expiry
given a batch on its way, and an order of it that comes back
    the batch is settled as it is, its receipts too; the next one corrects (79)
given points that have expired, and no batch since
    the contract still shows them; they can be spent nowhere, and the next batch burns them (86)
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.sweep import sweep_step
from loyaltychain.program.types import Expiry
from loyaltychain.settlement.receipts import receipts_of_event, show_receipt
from loyaltychain.settlement.seal import seal_step
from tests.edge_cases.story import number_of, points
from tests.events.builders import NOON
from tests.operations.member_world import do, prove
from tests.operations.order_builders import DAY, Has, back, cancellation, has, order, work
from tests.program.builders import make_order_program
from tests.settlement.books import stored
from tests.settlement.ledger_world import LedgerWorld, make_ledger_world, remember

MONTH = make_order_program(expiry=Expiry(None, 30, None, 7))
FOR_EVER = make_order_program()


@pytest.fixture(scope="module")
def one_chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerWorld]:
    ledger = make_ledger_world(tmp_path_factory.mktemp("ledger"))
    yield ledger
    ledger.small.chain.close()


@pytest.fixture
def world(one_chain: LedgerWorld, database: Engine) -> Iterator[LedgerWorld]:
    """The contract as it was at the start, and the database knows of it."""
    snapshot = one_chain.small.ask("evm_snapshot")
    remember(database, one_chain.deployment)
    yield one_chain
    assert one_chain.small.ask("evm_revert", snapshot) is True


def day(number: int) -> UnixSeconds:
    return UnixSeconds(NOON + number * DAY)


def settle(world: LedgerWorld, engine: Engine, *, on: int) -> tuple[int, int]:
    """Seal what there is on this day and settle it. What was issued and burned."""
    prove(engine)
    sealed = seal_step(engine, world.deployment, now=day(on))
    assert sealed is not None
    assert world.settle_as(world.small.settler, sealed.batch).status == 1
    return sealed.batch.header.issued, sealed.batch.header.burned


def on_chain(world: LedgerWorld, engine: Engine) -> int:
    """What the contract says that ann has."""
    number = number_of(engine)
    return world.balances([number])[number]


def receipt_of(world: LedgerWorld, engine: Engine, event: str) -> dict[str, Any]:
    with reading(engine) as tx:
        [receipt] = receipts_of_event(tx, "shop", event)
        return show_receipt(tx, world.deployment, place=(receipt.batch_id, receipt.index))


def test_edge_24__returned_after_settlement__burned_as_far_as_there_is_and_the_rest_owed(
    world: LedgerWorld, database: Engine
) -> None:
    work(database, order(1), program=FOR_EVER, now=day(0))
    assert settle(world, database, on=0) == (55, 0)
    do(database, redeem, id_="1", member=number_of(database), points=40, now=day(1))
    settle(world, database, on=1)
    assert on_chain(world, database) == 15

    work(database, back(1, 1, {"1": 3, "2": 1}, day=2), program=FOR_EVER, now=day(2))

    assert settle(world, database, on=2) == (0, 15)
    assert (on_chain(world, database), has(database)) == (0, Has(0, owes=40))
    receipt = receipt_of(world, database, "R-1")
    moved = {posting["from"]: posting["amount"] for posting in receipt["entry"]["postings"]}
    assert (receipt["amount"], moved) == (-15, {"member:1:available": 15, "member:1:debt": 40})

    work(database, order(2, day=3), program=FOR_EVER, now=day(3))

    assert settle(world, database, on=3) == (15, 0)
    assert (on_chain(world, database), has(database)) == (15, Has(15))
    assert receipt_of(world, database, "E-2")["amount"] == 15


def test_edge_32__chain_a_year_ahead__nothing_expires_by_its_clock(world: LedgerWorld, database: Engine) -> None:
    work(database, order(1), program=MONTH, now=day(0))
    settle(world, database, on=0)

    world.small.ask("evm_increaseTime", 400 * DAY)
    world.small.ask("evm_mine")
    assert sweep_step(database, now=day(29)).expired == 0
    work(database, order(2, day=29), program=MONTH, now=day(29))

    assert settle(world, database, on=29) == (55, 0)
    assert on_chain(world, database) == points(database, day(29)).available == 110


def test_edge_32__chain_halted_over_an_expiry__next_batch_burns_what_ran_out(
    world: LedgerWorld, database: Engine
) -> None:
    work(database, order(1), program=MONTH, now=day(0))
    settle(world, database, on=0)

    do(database, redeem, id_="1", member=number_of(database), points=25, now=UnixSeconds(day(30) - 1))
    assert sweep_step(database, now=day(30)).expired == 30
    assert (points(database, day(30)).available, on_chain(world, database)) == (0, 55)

    assert settle(world, database, on=45) == (0, 55)
    found = points(database, day(45))
    assert (found.spent, found.expired, on_chain(world, database)) == (25, 30, 0)
    assert receipt_of_expiry(world, database)["amount"] == -30


def test_edge_79__comes_back_while_its_batch_is_on_the_way__next_batch_corrects(
    world: LedgerWorld, database: Engine
) -> None:
    work(database, order(1), order(2, member="bob"), program=FOR_EVER, now=day(0))
    sealed = seal_step(database, world.deployment, now=day(0))
    assert sealed is not None
    before = stored(database)

    work(database, cancellation(1, 1, day=0), program=FOR_EVER, now=day(0))

    assert world.settle_as(world.small.settler, sealed.batch).status == 1
    assert (stored(database), on_chain(world, database)) == (before, 55)
    assert settle(world, database, on=1) == (0, 55)
    assert (on_chain(world, database), has(database)) == (0, Has(0))


def test_edge_86__expired_and_not_settled__shown_by_the_contract_and_spent_nowhere(
    world: LedgerWorld, database: Engine
) -> None:
    work(database, order(1), program=MONTH, now=day(0))
    settle(world, database, on=0)

    with pytest.raises(errors.InsufficientBalance):
        do(database, redeem, id_="1", member=number_of(database), points=1, now=day(30))
    assert on_chain(world, database) == 55

    sweep_step(database, now=day(30))  # as the worker does before each batch
    assert settle(world, database, on=30) == (0, 55)
    assert on_chain(world, database) == 0


def receipt_of_expiry(world: LedgerWorld, engine: Engine) -> dict[str, Any]:
    with reading(engine) as tx:
        return show_receipt(tx, world.deployment, entry_id="expire:earn:shop/E-1:spend")
