"""The only reader of the clock. Everyone else is given ``now``."""

import time
from collections.abc import Callable

from loyaltychain.core.calendar import UnixSeconds

Clock = Callable[[], UnixSeconds]


def system_clock() -> UnixSeconds:
    """Seconds since the epoch, UTC."""
    return UnixSeconds(int(time.time()))
