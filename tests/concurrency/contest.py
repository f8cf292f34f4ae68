"""One database, and processes that contend for the worker's place at it."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, text

from loyaltychain.db.engine import reading, transaction
from loyaltychain.db.leader import read_leadership
from loyaltychain.db.migrate import open_migrated
from tests.concurrency.contender import DEEDS


def eventually(is_so: Callable[[], bool], *, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not so within {seconds} seconds"
        time.sleep(0.05)


@dataclass
class Contest:
    """One database, and processes that contend for it."""

    url: str
    home: Path
    engine: Engine
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        command = [sys.executable, "-m", "tests.concurrency.contender", self.url, name, str(self.home)]
        self.running[name] = subprocess.Popen(command)

    def send(self, name: str, number: signal.Signals) -> None:
        self.running[name].send_signal(number)

    def end(self, name: str) -> int:
        self.send(name, signal.SIGTERM)
        return self.running.pop(name).wait(timeout=60)

    def said(self, name: str) -> list[str]:
        log = self.home / f"{name}.log"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []

    def epoch(self) -> int:
        with reading(self.engine) as tx:
            last = read_leadership(tx)
        return 0 if last is None else last.epoch

    def deeds(self) -> list[tuple[int, str]]:
        """Epoch and name of each deed, in the order in which they were done."""
        with reading(self.engine) as tx:
            return [tuple(row) for row in tx.execute(text("SELECT epoch, name FROM deeds ORDER BY id"))]

    def hold(self, name: str) -> None:
        """Have the leader stay in the middle of a transaction."""
        (self.home / "hold").touch()
        eventually((self.home / f"{name}.inside").exists)

    def let_go(self) -> None:
        (self.home / "hold").unlink()

    def await_deeds(self, name: str) -> None:
        """Until ``name`` has done three deeds more."""
        before = self.done_by(name)
        eventually(lambda: self.done_by(name) >= before + 3)

    def done_by(self, name: str) -> int:
        return sum(who == name for _, who in self.deeds())

    def check(self) -> None:
        """No deed of an epoch after the first one of a later epoch; and each epoch is one process's."""
        epochs = [epoch for epoch, _ in self.deeds()]
        assert epochs == sorted(epochs)
        assert len(set(self.deeds())) == len(set(epochs))


@contextmanager
def contest(url: str, home: Path) -> Iterator[Contest]:
    engine = open_migrated(url)
    is_postgresql = engine.dialect.name == "postgresql"
    key = "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY" if is_postgresql else "integer PRIMARY KEY AUTOINCREMENT"
    with transaction(engine) as tx:
        tx.execute(text(DEEDS.format(key=key)))
    played = Contest(url, home, engine)
    try:
        yield played
    finally:
        for process in played.running.values():
            process.kill()
            process.wait()
        engine.dispose()
