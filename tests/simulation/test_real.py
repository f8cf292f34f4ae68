"""check
└── given the real sender and settlement's steps on a database, 200 courses of faults: every promise is kept
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.course import Setting, check, follow
from tests.simulation.real import RealPlayer, real_genesis

SEEDS = int(os.environ.get("LOYALTYCHAIN_TEST_SEEDS", "10000")) // 50
_SHARES = 4  # so that several processes can take them


@pytest.fixture
def directory() -> Iterator[Path]:
    """In memory where there is room for it: nothing here depends on a disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made)


@pytest.mark.slow
@pytest.mark.parametrize("share", range(_SHARES))
def test_check__real_worker_in_any_course__keeps_every_promise(share: int, directory: Path) -> None:
    for seed in range(share, SEEDS, _SHARES):
        players: list[RealPlayer] = []

        def make(setting: Setting, players: list[RealPlayer] = players) -> RealPlayer:
            players.append(RealPlayer(setting, directory=directory))
            return players[0]

        assert check(follow(seed, make, genesis=real_genesis())) == [], f"seed {seed}"
        players[0].close()
