"""The deciding half: events become entries, and what time has done is booked. It asks no chain.

Caps and rules in force are those of the last look at the chain, which the database keeps. So it goes on while the chain
is silent, wrong or out of reach, and while settlement is halted; but not by rules that were never seen in force.
"""

from collections.abc import Callable

from loyaltychain.core import errors
from loyaltychain.db.engine import reading
from loyaltychain.deploy.publish import check_in_force
from loyaltychain.operations.catalogue import catalogue_step
from loyaltychain.operations.conduct.step import conduct_step, conduct_tidy
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.notices import notice_step
from loyaltychain.operations.sweep import sweep_step
from loyaltychain.operations.types import Bounds
from loyaltychain.program.types import Program
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.guard import check_database
from loyaltychain.settlement.standing import Known, read_known
from loyaltychain.wiring import World
from loyaltychain.worker.report import RunReport


class Decider:
    """Decides on the events of one project."""

    def __init__(self, world: World, deployment: Deployment) -> None:
        self._world = world
        self._deployment = deployment

    def step(self) -> RunReport:
        """Decide on the next events, and on what members do with them; ``events`` and ``grants`` are 0 when none waits.

        Raises:
            NotReconciled: the database was restored, and was not held against its chain since.
            NotDeployed, WrongChain: the database is not of this deployment.
            ChainUnseen: the chain was never asked what it allows.
            InvalidProgram: the programme file cannot be used.
            ProgramNotPublished: its rules do not count, as far as was seen.
            DatabaseBusy: later is better.
        """
        program, bounds = self._prepare()
        engine, now = self._world.engine, self._world.clock()
        report = RunReport.of_step(earn_step(engine, program, now=now, bounds=bounds))
        report = report.plus(RunReport.of_conduct(conduct_step(engine, program, now=now, bounds=bounds)))
        catalogue_step(engine, program, now=now)
        return report

    def tidy(self) -> RunReport:
        """Book what time has done, and write the notices that are due. Raises as ``step``."""
        program, bounds = self._prepare()
        grants = conduct_tidy(self._world.engine, program, now=self._world.clock(), bounds=bounds)
        expired = self._sweep(bounds)
        notice_step(self._world.engine, program, now=self._world.clock())
        return RunReport(expired=expired, grants=grants)

    def finish(self, on_events: Callable[[int], None] = lambda _: None) -> RunReport:
        """Decide on everything that waits, then tidy. Raises as ``step``.

        Args:
            on_events: Is told how many are done.
        """
        report = RunReport()
        while (done := self.step()).is_more:
            report = report.plus(done)
            on_events(report.events)
        return report.plus(self.tidy())

    def finish_for_seal(self) -> RunReport:
        """What has to come before a seal, so that a batch never settles points that have expired.

        Where the rules do not count just now, only what time has done is booked: that needs no rules.

        Raises as ``step``, but not for the rules' sake.
        """
        try:
            return self.finish()
        except (errors.ProgramNotPublished, errors.InvalidProgram):
            return RunReport(expired=self._sweep(self._bounds(self._known())))

    def _prepare(self) -> tuple[Program, Bounds]:
        check_database(self._world.engine, self._deployment)
        known = self._known()
        program = self._world.program()
        with reading(self._world.engine) as tx:
            file = self._world.project.program_file.name
            check_in_force(tx, self._world.manifest, digest=program.digest, file=file, seen=known.program)
        return program, self._bounds(known)

    def _known(self) -> Known:
        with reading(self._world.engine) as tx:
            known = read_known(tx, self._deployment)
        if known is None:
            raise errors.ChainUnseen(
                "What the contracts allow was never read from the chain: it has to answer once before anything is "
                "decided."
            )
        return known

    def _bounds(self, known: Known) -> Bounds:
        cooldown = self._world.project.settings.safety.cooldown_hours * 3_600
        return Bounds(award=known.award, redemption=known.redemption, cooldown=cooldown)

    def _sweep(self, bounds: Bounds) -> int:
        return sweep_step(self._world.engine, now=self._world.clock(), bounds=bounds).expired
