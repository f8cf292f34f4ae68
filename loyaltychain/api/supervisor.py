"""Several processes on one listening socket: started, replaced when they die, and ended together.

They share nothing but the socket and the database. None of them settles: that is `loyaltychain run`, and only that.
"""

import contextlib
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_SOON_SECONDS = 1.0  # whoever dies sooner is started again only after so long
_PATIENCE_SECONDS = 25  # for requests that are being answered, before the processes are killed
_METRICS = "PROMETHEUS_MULTIPROC_DIR"
_log = logging.getLogger("loyaltychain.supervisor")


class Supervisor:
    """``count`` processes that run ``serve``, which returns when its process gets SIGTERM. POSIX only."""

    def __init__(self, count: int, serve: Callable[[], None]) -> None:
        self._count = count
        self._serve = serve
        self._started: dict[int, float] = {}  # process id -> when
        self._is_ending = False

    def run(self) -> None:
        """Until SIGTERM or SIGINT, and until the last of them has ended."""
        with _shared_figures() as figures, self._signals():
            for _ in range(self._count):
                self._start()
            while self._started:
                pid, status = os.wait()
                since = self._started.pop(pid, None)
                _forget(figures, pid)
                if since is None or self._is_ending:
                    continue
                _log.error("the process %d ended (%d): another is started", pid, os.waitstatus_to_exitcode(status))
                if time.monotonic() - since < _SOON_SECONDS:
                    time.sleep(_SOON_SECONDS)
                self._start()

    def _start(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # so that no process is started that nobody ends
        try:
            if self._is_ending:
                return
            pid = os.fork()
            if pid == 0:
                self._become_one()
            self._started[pid] = time.monotonic()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _become_one(self) -> None:
        code = 1
        try:
            for number in (*_SIGNALS, signal.SIGALRM):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            self._serve()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        except BaseException as error:  # noqa: BLE001 - the process ends here, whatever it was
            _log.error("a process could not serve: %s: %s", type(error).__name__, error)
        finally:
            sys.stderr.flush()
            os._exit(code)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._end) for number in _SIGNALS}
        before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._kill)
        try:
            yield
        finally:
            signal.alarm(0)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, signum: int, frame: FrameType | None) -> None:
        self._is_ending = True
        signal.alarm(_PATIENCE_SECONDS)
        self._tell(signal.SIGTERM)

    def _kill(self, signum: int, frame: FrameType | None) -> None:
        self._tell(signal.SIGKILL)

    def _tell(self, number: signal.Signals) -> None:
        for pid in list(self._started):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


@contextlib.contextmanager
def _shared_figures() -> Iterator[Path]:
    """A directory in which the processes keep what they count, so that any of them can tell the sum."""
    directory = Path(tempfile.mkdtemp(prefix="loyaltychain-metrics-"))
    os.environ[_METRICS] = str(directory)
    try:
        yield directory
    finally:
        os.environ.pop(_METRICS, None)
        shutil.rmtree(directory, ignore_errors=True)


def _forget(figures: Path, pid: int) -> None:
    """Drop what a process had in hand when it died; what it counted stays."""
    for file in figures.glob(f"gauge_live*_{pid}.db"):
        file.unlink(missing_ok=True)
