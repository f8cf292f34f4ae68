"""A second process for checks that need nothing but their arguments, and fewer sweeps for cyclic garbage meanwhile.

A check runs here where there is no second process; its answer is the same.
"""

import gc
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, Final, TypeVar

T = TypeVar("T")

#: As many answers may be outstanding, so that arguments do not pile up.
_WAITING_MAX: Final = 3
#: Objects made before the youngest are swept. Rows and findings make no cycles; by default sweeps take a fifth.
_SWEEP: Final = 200_000


class Helper:
    """Where checks are sent. An answer is asked for when it is needed."""

    def __init__(self, pool: ProcessPoolExecutor | None) -> None:
        self._pool = pool
        self._waiting: deque[Future[Any]] = deque()

    def run(self, check: Callable[..., T], *arguments: Any) -> Callable[[], T]:
        """Starts ``check(*arguments)``; what it returns is called for the answer. It raises what the check raised."""
        if self._pool is None:
            answer = check(*arguments)
            return lambda: answer
        while len(self._waiting) >= _WAITING_MAX:
            self._waiting.popleft().result()
        future = self._pool.submit(check, *arguments)
        self._waiting.append(future)
        return future.result


#: Everything in this process.
ALONE: Final = Helper(None)


@contextmanager
def helped(*, processes: int) -> Iterator[Helper]:
    """A helper in a process of its own if there are to be two; it ends with the block."""
    if processes < 2:
        yield ALONE
        return
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        yield Helper(pool)


@contextmanager
def rare_sweeps() -> Iterator[None]:
    """Sweeps for cyclic garbage are rare within the block."""
    before = gc.get_threshold()
    gc.set_threshold(_SWEEP, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
