"""Run a block of writes again when the database was busy or went away. For blocks that write their own key, only.

A connection that breaks during COMMIT leaves it open whether the block counts. Running it again settles that: the
block finds its key and answers as the first time, or does what it had not done. A block without such a key would do
twice what it does.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.db.engine import Tx, transaction

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a block is begun at most, for how long, and the first pause between two; seconds."""

    tries: int = 8
    seconds: float = 10.0
    first_pause: float = 0.02
    longest_pause: float = 1.0


PATIENCE = Patience()  # with its pauses about 3 seconds: longer than a server takes to come back from a crash


def write_again(
    engine: Engine,
    act: Callable[[Tx], _T],
    *,
    patience: Patience = PATIENCE,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    dice: Callable[[], float] = random.random,
) -> _T:
    """``act`` in one write transaction, begun anew as long as the database is busy or away and patience lasts.

    Args:
        act: Writes a key that is unique for ever, and when it finds it, answers as it did then.
        dice: A number from 0 to 1: pauses are stretched by chance, so that two that met once do not meet again.

    Raises:
        DatabaseBusy, DatabaseUnavailable: the last of them, when patience is at its end. Whether ``act`` counts is
            open then: ask again, under the same key.
    """
    began = clock()
    pause = patience.first_pause
    for left in range(patience.tries - 1, -1, -1):
        try:
            with transaction(engine) as tx:
                return act(tx)
        except (errors.DatabaseBusy, errors.DatabaseUnavailable):
            if not left or clock() - began >= patience.seconds:
                raise
        sleep(pause * (0.5 + dice()))
        pause = min(2 * pause, patience.longest_pause)
    raise AssertionError("a block is begun at least once")
