"""replay --verify over worlds that are drawn by chance: programmes of everything that a file can say, their versions,
and members who tell in any order, in portions, while the worker is killed
├── after each portion: nothing differs from what the steps did
└── where nothing depends on portions: all ends the same, in whatever order it is told

LOYALTYCHAIN_TEST_WORLDS=500 plays so many; LOYALTYCHAIN_TEST_WORLDS_SEED=7 begins with that one, so a failure's seed
with LOYALTYCHAIN_TEST_WORLDS=1 plays it alone.
"""

import os

import pytest

from tests.database import ENGINES, fresh_database
from tests.reports.worlds.world import World

COUNT = int(os.environ.get("LOYALTYCHAIN_TEST_WORLDS", "0"))
FIRST = int(os.environ.get("LOYALTYCHAIN_TEST_WORLDS_SEED", "0"))


def seeds(count: int, *, share: int = 1) -> range:
    """So many; or as many as are asked for, or a share of those."""
    return range(FIRST, FIRST + (-(-COUNT // share) if COUNT else count))


@pytest.mark.parametrize("seed", seeds(10))
def test_world__after_each_portion__nothing_differs(seed: int) -> None:
    engine = fresh_database("sqlite")
    World(engine, seed).play()
    engine.dispose()


@pytest.mark.skipif("postgresql" not in ENGINES, reason="there is no PostgreSQL here")
@pytest.mark.parametrize("seed", seeds(1, share=10))
def test_world__on_postgresql__nothing_differs(seed: int) -> None:
    engine = fresh_database("postgresql")
    World(engine, seed).play()
    engine.dispose()


@pytest.mark.parametrize("seed", seeds(3))
def test_calm_world__in_any_order__ends_the_same(seed: int) -> None:
    ends = []
    for arrival in range(2):
        engine = fresh_database("sqlite")
        ends.append(World(engine, seed, is_calm=True).play_in(arrival))
        engine.dispose()
    assert ends[0] == ends[1], (seed, [set(one.items()) ^ set(other.items()) for one, other in zip(*ends, strict=True)])
