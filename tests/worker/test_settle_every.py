"""run_once with ``settle_every``
├── given no batch yet: the first one is settled at once
├── given a batch a moment ago: events are decided on, and wait for the next batch
│   └── when enough time has passed: they are settled
└── given a batch on its way: it is carried on, however short the time
"""

from dataclasses import replace

from loyaltychain.worker import run_once
from tests.projects import NOW
from tests.worker.builders import MORE, SALES, Shop


def run_at(shop: Shop, seconds: int, every: int) -> tuple[int, int]:
    """(events decided on, batches settled) by a worker whose clock is so many seconds later."""
    world = replace(shop.open(), clock=lambda: NOW + seconds)
    try:
        done = run_once(world, settle_every=every)
        return done.events, done.batches
    finally:
        world.engine.dispose()


def test_run_once__settle_every__first_at_once_then_when_it_is_time(shop: Shop) -> None:
    shop.take(SALES)
    assert run_at(shop, 0, 3600) == (2, 1)

    shop.take(MORE, "more.csv")
    assert run_at(shop, 3599, 3600) == (1, 0)
    assert shop.states() == ["final"]
    assert run_at(shop, 3600, 3600) == (0, 1)
    assert shop.states() == ["final", "final"]
    assert shop.findings() == []


def test_run_once__settle_every__a_batch_on_its_way_is_carried_on(shop: Shop) -> None:
    shop.take(SALES)
    waiting = shop.run(finality_depth=3)
    assert waiting.waiting_for is not None

    for _ in range(5):
        shop.project.ask("evm_mine")
    assert run_at(shop, 0, 3600) == (0, 1)
