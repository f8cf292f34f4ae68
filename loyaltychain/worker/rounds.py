"""One round of the worker in a row, for cron, scripts and demonstrations: everything that is due now, to its end."""

import threading
from collections.abc import Callable
from contextlib import suppress

from loyaltychain.core import errors
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.voids import resume
from loyaltychain.wiring import World
from loyaltychain.worker.decide import Decider
from loyaltychain.worker.look import View, look
from loyaltychain.worker.notes import Notes
from loyaltychain.worker.report import RunReport
from loyaltychain.worker.settle import Progress, Settler

LOOKS_MAX = 600  # at one batch in one round; the next round goes on where this one stopped
NOWHERE_TO_WRITE = (errors.LeadershipLost, errors.DatabaseBusy, errors.DatabaseUnavailable)
STOPPED = "the next run: this one was stopped"


def run_once(
    world: World,
    *,
    retry: bool = False,
    settle_every: int = 0,
    on_progress: Callable[[int], None] = lambda _: None,
    stopping: threading.Event | None = None,
) -> RunReport:
    """One round: everything that is due now, to its end.

    While the chain cannot be asked, or is not ours, events are decided on all the same, by what it said last; then its
    error is raised.

    Args:
        retry: Send a halted batch once more, where that is safe, and go on after one of our own was voided: an
            engineer has mended the cause.
        settle_every: Seconds after the last batch before the next one is sealed. Events are decided on every time.
        on_progress: Is told how many events and batches are done.
        stopping: Once it is set, the round ends after the action at hand.

    Raises:
        NotDeployed: there are no contracts yet.
        ProgramNotPublished: the programme file is not the one whose hash is in force on chain.
        WrongChain, ChainAhead, ChainBehind: chain and database do not belong together; nothing was signed.
        LedgerPaused, RpcUnavailable, DatabaseBusy: later is better; nothing is lost.
        RootMismatch, IntentReverted, NonceTaken: stop and look; the batch concerned is halted.
        OwnBatchVoided: stop and look; nothing is sealed before ``retry``.
        NotReconciled: the database was restored; nothing was decided either.
    """
    return _Round(world, on_progress, stopping or threading.Event()).run(retry=retry, settle_every=settle_every)


class _Round:
    def __init__(self, world: World, on_progress: Callable[[int], None], stopping: threading.Event) -> None:
        self._world, self._on_progress, self._stopping = world, on_progress, stopping
        self._deployment: Deployment = world.deployment
        self._decider = Decider(world, self._deployment)
        self._report = RunReport()

    def run(self, *, retry: bool, settle_every: int) -> RunReport:
        world = self._world
        world.program()  # what cannot be read is said before anything is done
        if retry:
            resume(world.engine, now=world.clock())
        notes = Notes(world.engine, self._deployment, world.clock)
        notes.beat()
        try:
            self._settle(notes, retry=retry, settle_every=settle_every)
        except errors.LoyaltyError as problem:
            _note(notes, problem)
            raise
        return self._report

    def _settle(self, notes: Notes, *, retry: bool, settle_every: int) -> None:
        try:
            settler = Settler(self._world, self._deployment, before_seal=self._before_seal, settle_every=settle_every)
            view = look(self._world, self._deployment, notes)
            settler.check()
            if retry:
                settler.retry()
        except (errors.RetryableError, errors.InvariantError):
            self._decide_as_known(notes)
            raise
        self._decide(notes)
        if view.silence is not None:
            self._report = self._report.plus(RunReport(waiting_for=view.silence))
            notes.stand("settling", "paused", reason=view.silence)
            return
        self._carry(settler, view)
        waits = self._report.waiting_for
        notes.stand("settling", "on" if waits is None else "waiting", reason=waits)

    def _carry(self, settler: Settler, view: View) -> None:
        """Seal, submit and confirm until nothing is left, or something waits for more than time."""
        looks = 0
        while not self._stopping.is_set():
            progress = settler.step(view)
            self._take(progress)
            looks = 0 if progress.report.batches else looks + 1
            if progress.has_moved and looks < LOOKS_MAX:
                continue
            if progress.waiting_for is None or progress.is_parked or looks >= LOOKS_MAX:
                return
            self._stopping.wait(self._world.profile.poll_seconds)
        self._report = self._report.plus(RunReport(waiting_for=self._report.waiting_for or STOPPED))

    def _take(self, progress: Progress) -> None:
        self._report = self._report.plus(progress.report).plus(RunReport(waiting_for=progress.waiting_for))
        self._on_progress(self._report.events + self._report.batches)

    def _before_seal(self) -> None:
        self._report = self._report.plus(self._decider.finish_for_seal())

    def _decide(self, notes: Notes) -> None:
        try:
            self._report = self._report.plus(self._decider.finish(self._on_progress))
        except errors.LoyaltyError as problem:
            if not isinstance(problem, NOWHERE_TO_WRITE):
                with suppress(*NOWHERE_TO_WRITE):
                    notes.stand("deciding", "stopped", code=type(problem).__name__, reason=str(problem))
            raise
        notes.stand("deciding", "on")

    def _decide_as_known(self, notes: Notes) -> None:
        """Decide without the chain. What keeps it from that is noted and not raised: the chain's error comes first."""
        try:
            self._decide(notes)
        except (errors.RequestError, errors.RetryableError, errors.InvariantError):
            return


def _note(notes: Notes, problem: errors.LoyaltyError) -> None:
    """Leave the reason where others can see it. What the database refuses then is not said either."""
    if isinstance(problem, (errors.ProgramNotPublished, errors.InvalidProgram, *NOWHERE_TO_WRITE)):
        return  # of the deciding half, or nowhere to write
    code = type(problem).__name__
    with suppress(*NOWHERE_TO_WRITE):
        if isinstance(problem, errors.RetryableError):  # without facts: no node's or server's address is left there
            notes.stand("settling", "waiting", code=code, reason=problem.message)
        else:
            notes.stand("settling", "halted", code=code, reason=str(problem))
