"""The workers of a play: each ``loyaltychain worker`` in a process of its own, some told where to die."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from loyaltychain.core import errors
from loyaltychain.core.failpoints import VARIABLE
from loyaltychain.db.engine import Tx, reading
from loyaltychain.db.leader import read_leadership
from loyaltychain.settlement.standing import Half, read_standing
from tests.chaos.ground import NETWORK, Ground
from tests.chaos.proxy import eventually

EXIT_RETRY = 3
LOOK_SECONDS = 10
END_SECONDS = 60  # of a worker that is asked to end; ten are promised, of a machine that is not as busy as a test's

_T = TypeVar("_T")


@dataclass(frozen=True)
class Worker:
    """One process; ``arm`` is the failpoint at which it dies, if it gets there."""

    pid: int
    arm: str | None


class Crew:
    """Starts, kills and asks them."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.workers: list[Worker] = []
        self.restarted_at = float("-inf")  # by an operator

    def start(self, arm: str | None = None) -> Worker:
        home = self._ground.project.home
        environ = {} if arm is None else {VARIABLE: arm}
        argv = ["worker", "--settle-every", "0", "--home", str(home)]
        worker = Worker(self._ground.nursery.bear(argv, environ, home / "workers.log"), arm)
        self.workers.append(worker)
        return worker

    def leader(self) -> Worker | None:
        """Who of those that live led last, as the database says."""
        last = self.read(read_leadership)
        if last is None:
            return None
        return next((each for each in self.workers if last.holder.endswith(f":{each.pid}")), None)

    def wait_for_leader(self) -> Worker:
        """The leader, once there is one that is ours and alive."""
        eventually(lambda: self.supervise() == 0 and self.leader() is not None, "a worker leads")
        found = self.leader()
        assert found is not None
        return found

    def kill(self, worker: Worker) -> bool:
        """SIGKILL. False when it has just ended by itself, and asks to be started again."""
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)
        eventually(lambda: self.is_dead(worker), f"{worker} dies", pause=0.02)
        if self.end_of(worker) == EXIT_RETRY:
            return False
        self.bury(worker)
        return True

    def bury(self, worker: Worker) -> None:
        """Wait for what SIGKILL leaves, from wherever it came."""
        eventually(lambda: self.is_dead(worker), f"{worker} dies", pause=0.02)
        code = self.end_of(worker)
        self.workers.remove(worker)
        assert code == -signal.SIGKILL, f"{worker} ended by itself with {code}:\n{self.log_tail()}"

    def end_of(self, worker: Worker) -> int | None:
        """As ``Nursery.end_of``."""
        return self._ground.nursery.end_of(worker.pid)

    def is_dead(self, worker: Worker) -> bool:
        return self.end_of(worker) is not None

    def living(self) -> list[Worker]:
        return [each for each in self.workers if not self.is_dead(each)]

    def supervise(self) -> int:
        """What a service manager does: who ended and asks to be started again (exit code 3) is. Returns how many."""
        ends = {each: self.end_of(each) for each in self.workers}
        broken = {each: code for each, code in ends.items() if code not in (None, EXIT_RETRY, -signal.SIGKILL)}
        assert not broken, f"ended by themselves: {broken}\n{self.log_tail()}"
        asking = [each for each, code in ends.items() if code == EXIT_RETRY]
        for worker in asking:
            self.workers.remove(worker)
            self.start(worker.arm)
        return len(asking)

    def end(self, worker: Worker) -> None:
        """SIGTERM, as an operator ends it. It may die of its failpoint meanwhile, or still be at its start."""
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGTERM)
        eventually(lambda: self.is_dead(worker), f"{worker} ends", seconds=END_SECONDS)
        self.workers.remove(worker)
        allowed = {0, EXIT_RETRY, -signal.SIGTERM} | ({-signal.SIGKILL} if worker.arm else set())
        code = self.end_of(worker)
        assert code in allowed, f"{worker} ended with {code}:\n{self.log_tail()}"

    def settling(self) -> Half | None:
        """How the settling half stands."""
        standing = self.read(lambda tx: read_standing(tx, NETWORK))
        return standing.settling if standing else None

    def read(self, ask: Callable[[Tx], _T]) -> _T:
        """What the database answers, as soon as it does."""
        found: list[_T] = []

        def is_read() -> bool:
            try:
                with reading(self._ground.engine) as tx:
                    found.append(ask(tx))
            except errors.RetryableError:
                return False
            return True

        eventually(is_read, "the database answers")
        return found[0]

    def log_tail(self) -> str:
        """The last lines that workers have said."""
        file = self._ground.project.home / "workers.log"
        return "\n".join(file.read_text("utf-8", "replace").splitlines()[-25:]) if file.exists() else ""


#: What halts settling and is the doing of a lying node: an operator heals the node and starts the worker again.
BY_LIES = frozenset({"WrongChain", "ChainBehind", "ChainAhead"})


def restart_if_halted(crew: Crew, restarts: Counter[str], *, has_lied: bool) -> str | None:
    """An operator's part: a worker that a lying node has halted is started again. Returns the halt's code.

    Args:
        has_lied: Whether a node has lied lately.

    Raises AssertionError for a halt of any other kind, and where nobody has lied.
    """
    half = crew.settling()
    # Who takes over has looked for himself by then; until he has, the note is that of the one before.
    if half is None or half.state != "halted" or time.monotonic() - crew.restarted_at < LOOK_SECONDS:
        return None
    assert has_lied and half.code in BY_LIES, f"settlement halted: {half.code}: {half.reason}"
    leader = crew.leader()
    if leader is None or crew.is_dead(leader):
        return None
    restarts[half.code] += 1
    crew.restarted_at = time.monotonic()
    crew.end(leader)
    crew.start(leader.arm)
    return half.code
