"""Put off the search for cycles of objects that nobody holds, while a lot is made at once and little of it in cycles.

Python counts references besides, so what is in no cycle goes at once, as ever. The search looks at all there is again
and again while a run's objects grow: a third of the time that a run takes.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_open = 0  # blocks that are under way, in all threads
_was_on = True  # before the first of them


@contextmanager
def put_off() -> Iterator[None]:
    """No search, in any thread, until the last of such blocks is over."""
    global _open, _was_on
    with _lock:
        if not _open:
            _was_on = gc.isenabled()
            gc.disable()
        _open += 1
    try:
        yield
    finally:
        with _lock:
            _open -= 1
            if not _open and _was_on:
                gc.enable()
