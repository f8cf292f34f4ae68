"""Work in a thread that nobody has to wait for: it may hang in a call to a node, and is as safe to leave as to kill."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

GRACE_SECONDS = 5.0  # for the action at hand, once a worker is told to end
_LOOK_SECONDS = 0.1


class Task(threading.Thread, Generic[T]):
    """``body`` in a thread of its own, with what it returns or raises."""

    def __init__(self, body: Callable[[], T]) -> None:
        super().__init__(daemon=True)
        self._body = body
        self._results: list[T] = []
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self._results.append(self._body())
        except BaseException as failure:  # noqa: BLE001  raised again where somebody asks for the result
            self.failure = failure

    def result(self) -> T:
        """What the body returned. Raises what it raised."""
        if self.failure is not None:
            raise self.failure
        return self._results[0]


def end_all(tasks: Sequence[threading.Thread], *, grace: float = GRACE_SECONDS) -> bool:
    """Wait for tasks that were told to end, ``grace`` seconds for each at most. Whether all of them did."""
    for task in tasks:
        task.join(grace / len(tasks))
    return not any(task.is_alive() for task in tasks)


def wait_for(task: threading.Thread, stopping: threading.Event, *, grace: float = GRACE_SECONDS) -> bool:
    """Wait until the task ends; from when ``stopping`` is set, so long more at most. Whether it did."""
    while task.is_alive() and not stopping.is_set():
        task.join(_LOOK_SECONDS)
    return end_all([task], grace=grace)
