"""How long a node is left alone after it failed: longer each time, with jitter, and as long as it asked for itself."""

import random
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

#: The longest that a node's own ``Retry-After`` is taken at its word for, in seconds.
ASKED_MAX = 600.0
_GROWTH_MAX = 32  # doublings; more would be no number of seconds that anybody waits


class Backoff:
    """Doubles from ``first`` to ``longest`` seconds; each wait is at least half of that, and the rest is chance.

    Many clients that failed together would come back together without the chance.
    """

    def __init__(
        self,
        *,
        first: float,
        longest: float,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """
        Args:
            clock: Seconds, of a clock that is never set.
            chance: From 0 to 1.
        """
        self._first, self._longest = first, longest
        self._clock, self._chance = clock, chance
        self._failures = 0
        self._until = 0.0

    def fail(self, *, asked: float | None = None) -> None:
        """Note one more failure; ``asked``: the seconds that the node itself wants to be left alone for."""
        step = min(self._first * 2 ** min(self._failures, _GROWTH_MAX), self._longest)
        wait = step * (1 + self._chance()) / 2
        self._failures += 1
        self._until = self._clock() + max(wait, min(asked or 0.0, ASKED_MAX))

    def succeed(self) -> None:
        """It answered: the next failure is the first again."""
        self._failures, self._until = 0, 0.0

    def left(self) -> float:
        """Seconds until it may be asked again; 0.0: now."""
        return max(self._until - self._clock(), 0.0) if self._failures else 0.0


def parse_retry_after(value: str | None, *, date: str | None) -> float | None:
    """The seconds of a ``Retry-After`` header: a number, or a date beside the answer's own ``Date``.

    None where it is missing, or says neither; our own clock is not asked.
    """
    if value is None:
        return None
    if value.strip().isdecimal() and value.isascii():
        return min(float(value), ASKED_MAX)
    try:
        seconds = (parsedate_to_datetime(value) - parsedate_to_datetime(date or "")).total_seconds()
    except (ValueError, TypeError):  # no date, or one with a zone and one without
        return None
    return min(max(seconds, 0.0), ASKED_MAX)
