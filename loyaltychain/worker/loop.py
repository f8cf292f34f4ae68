"""The worker that goes on until it is stopped: both halves side by side, for as long as it leads.

Deciding waits for no chain, settling for no event. An error that time can mend is noted and tried again; one that is an
engineer's halts settling, while deciding goes on.
"""

import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from sqlalchemy import Engine

from loyaltychain.chain.nodes import Nodes
from loyaltychain.core import errors
from loyaltychain.settlement.standing import Half
from loyaltychain.settlement.voids import resume
from loyaltychain.wiring import World
from loyaltychain.worker.decide import Decider
from loyaltychain.worker.look import View, look
from loyaltychain.worker.notes import Notes
from loyaltychain.worker.report import RunReport
from loyaltychain.worker.rounds import NOWHERE_TO_WRITE
from loyaltychain.worker.settle import NOTHING, Settler
from loyaltychain.worker.threads import Task, end_all

DECIDE_SECONDS = 1  # between two looks for events
_LEAD_SECONDS = 0.5  # between two looks whether we still lead

#: Of the deciding half: what an operator mends while it goes on. Other faults of the ledger end the worker.
_MENDED_MEANWHILE = (errors.RequestError, errors.RetryableError, errors.NotReconciled, errors.WrongChain)


class Lead(Protocol):
    """Whoever says whether this worker may work (``db/leader.py``)."""

    def lead(self, stopping: threading.Event, say: Callable[[str], None]) -> bool:
        """Wait until we lead; False once ``stopping`` is set."""

    def is_over(self) -> bool:
        """Whether we lead no more, or are asked to stand aside."""

    def fence(self, engine: Engine) -> Engine:
        """The same database, in which every write raises LeadershipLost once we lead no more."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What the worker is to do, and whom it tells.

    Args:
        retry: Once, at the first look that succeeds: send a halted batch again, and go on after one of ours was voided.
        settle_every: Seconds after the last batch before the next one is sealed.
        say: Is told in words when it stands by, and when it goes on.
        on_report: Is told what was done, and what is waited for now.
        chores: What else is to be done between two looks for events, with the world that may write.
    """

    retry: bool
    settle_every: int
    say: Callable[[str], None]
    on_report: Callable[[RunReport], None]
    chores: Callable[[World], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: the sum of all, and whether something was left that hangs (in a call to a node, mostly)."""

    report: RunReport
    is_hanging: bool


def work(world: World, leader: Lead, orders: Orders, stopping: threading.Event) -> Ended:
    """Decide and settle until ``stopping`` is set; then end within the threads' grace, whatever hangs.

    Raises:
        NotDeployed: there are no contracts yet.
        InvariantError: the ledger itself is not as it must be. Nothing more was written.
    """
    total = _Total(orders.on_report)
    is_hanging = False
    if isinstance(world.rpc, Nodes):
        world.rpc.on_change(orders.say)
    while leader.lead(stopping, orders.say):
        try:
            term = _Term(replace(world, engine=leader.fence(world.engine)), orders, total)
        except errors.RetryableError as problem:
            orders.say(f"The worker cannot begin yet: {problem}")
            stopping.wait(DECIDE_SECONDS)
            continue
        while not (leader.is_over() or term.failure) and not stopping.wait(_LEAD_SECONDS):
            pass
        is_hanging = not term.end() or is_hanging
        if term.failure is not None:
            raise term.failure
        orders = replace(orders, retry=term.is_retry_due)
    return Ended(total.report, is_hanging)


class _Total:
    """What both halves did, added up; tells of what is new."""

    def __init__(self, on_report: Callable[[RunReport], None]) -> None:
        self.report = RunReport()
        self._on_report, self._lock = on_report, threading.Lock()

    def add(self, done: RunReport, *, waiting_for: str | None) -> None:
        with self._lock:
            is_news = bool(done.events or done.batches) or waiting_for != self.report.waiting_for
            done = replace(done, waiting_for=waiting_for)
            self.report = self.report.plus(done)
            if is_news:
                self._on_report(done)

    def add_decided(self, done: RunReport) -> None:
        self.add(done, waiting_for=self.report.waiting_for)


class _Term:
    """Both halves, in one term of leadership."""

    def __init__(self, world: World, orders: Orders, total: _Total) -> None:
        self._world, self._orders, self._total = world, orders, total
        self._deployment = world.deployment
        self._notes = Notes(world.engine, self._deployment, world.clock)
        self._decider, self._deciding = Decider(world, self._deployment), threading.Lock()
        self._settler: Settler | None = None
        self._halted: Half | None = None
        self.is_retry_due = orders.retry
        self._ending = threading.Event()
        self._tasks = [Task(self._decide_on), Task(self._settle_on)]
        for task in self._tasks:
            task.start()

    @property
    def failure(self) -> BaseException | None:
        """What has ended one of the halves."""
        return next((task.failure for task in self._tasks if task.failure is not None), None)

    def end(self) -> bool:
        """Let both end after the action at hand. Whether they did."""
        self._ending.set()
        return end_all(self._tasks)

    def _decide_on(self) -> None:
        while not self._ending.is_set():
            if not self._decide():
                self._ending.wait(DECIDE_SECONDS)

    def _decide(self) -> bool:
        """One step of deciding; whether more may wait."""
        try:
            self._orders.chores(self._world)
            with self._deciding:
                done = self._decider.step()
                if not done.is_more:
                    done = self._decider.tidy()
            self._notes.stand("deciding", "on")
            self._notes.beat()
        except NOWHERE_TO_WRITE:
            return False
        except _MENDED_MEANWHILE as problem:
            self._note("deciding", Half("stopped", type(problem).__name__, str(problem)))
            return False
        self._total.add_decided(done)
        return done.is_more

    def _settle_on(self) -> None:
        while not self._ending.is_set():
            self._settle()
            self._ending.wait(self._world.profile.poll_seconds)

    def _settle(self) -> None:
        """One look at the chain, and all that follows from it at once."""
        try:
            view = look(self._world, self._deployment, self._notes)
            if self._halted is None:
                self._advance(view)
        except errors.LeadershipLost:
            return
        except errors.RetryableError as problem:
            if self._halted is None:
                # The notice board is read without a key (/readyz): no node's or server's address is left there.
                self._wait(Half("waiting", type(problem).__name__, problem.message), words=str(problem))
        except errors.LoyaltyError as problem:
            self._halt(problem)
        except Exception as problem:  # noqa: BLE001  a bug of settling must not end deciding
            traceback.print_exc()
            self._halt(errors.InvariantError(f"This is a bug in loyaltychain: {type(problem).__name__}: {problem}"))
        if self._halted is not None:
            self._note("settling", self._halted)

    def _advance(self, view: View) -> None:
        settler = self._settler_now()
        if self.is_retry_due:
            resume(self._world.engine, now=self._world.clock())
        settler.check()
        if self.is_retry_due:
            settler.retry()
            self.is_retry_due = False  # asked for once: a batch that halts again is for an engineer again
        if view.silence is not None:
            self._wait(Half("paused", reason=view.silence))
            return
        progress = settler.step(view)
        while progress.has_moved and not self._ending.is_set():
            self._total.add(progress.report, waiting_for=progress.waiting_for)
            progress = settler.step(view)
        state = "on" if progress.waiting_for is None else "waiting"
        self._wait(Half(state, reason=progress.waiting_for), progress.report)

    def _settler_now(self) -> Settler:
        """The settler of before, unless the key was exchanged meanwhile."""
        signer = self._world.settler()
        if self._settler is None or self._settler.address != signer.address:
            self._settler = Settler(
                self._world,
                self._deployment,
                before_seal=self._before_seal,
                settle_every=self._orders.settle_every,
            )
        return self._settler

    def _before_seal(self) -> None:
        with self._deciding:
            self._total.add_decided(self._decider.finish_for_seal())

    def _wait(self, half: Half, done: RunReport = NOTHING, *, words: str | None = None) -> None:
        self._total.add(done, waiting_for=words or half.reason)
        self._note("settling", half)

    def _halt(self, problem: errors.LoyaltyError) -> None:
        """Settle no more in this term: an engineer's, as ``problem`` says."""
        if self._halted is None:
            self._halted = Half("halted", type(problem).__name__, str(problem))
            self._total.add(NOTHING, waiting_for=f"an engineer; settlement is halted: {problem}")

    def _note(self, name: Literal["deciding", "settling"], half: Half) -> None:
        """Leave it where others can see it; where that cannot be done now, the next look tries again."""
        with suppress(*NOWHERE_TO_WRITE):
            self._notes.stand(name, half.state, code=half.code, reason=half.reason)
