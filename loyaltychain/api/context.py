"""What the API has at hand: the project's database and files. No chain, no keys of the chain, no rules engine."""

from dataclasses import dataclass, field
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from loyaltychain.api.keys import Environment, environment_of
from loyaltychain.config.project import Project
from loyaltychain.core import errors
from loyaltychain.core.clock import Clock, system_clock
from loyaltychain.db.migrate import open_migrated
from loyaltychain.deploy.bounds import read_bounds
from loyaltychain.deploy.manifest import read_manifest
from loyaltychain.events.types import Intake
from loyaltychain.operations.types import Bounds
from loyaltychain.program.load import load_program
from loyaltychain.program.types import GRACE_DAYS, Program
from loyaltychain.settlement.deployment import Deployment


def newest_revision() -> str | None:
    """The version of tables that this release wants."""
    config = Config()
    config.set_main_option("script_location", "loyaltychain.db:migrations")
    return ScriptDirectory.from_config(config).get_current_head()


@dataclass(slots=True)
class Context:
    """One project as the API serves it."""

    project: Project
    engine: Engine
    intake: Intake = field(default_factory=Intake)
    clock: Clock = system_clock
    revision: str | None = field(default_factory=newest_revision)  # of the database's tables
    _program: "tuple[tuple[int, int], Program] | None" = None

    @property
    def network(self) -> str:
        return self.project.settings.network

    @property
    def environment(self) -> Environment:
        """Which keys are for this project: a key of a test environment opens no live one."""
        return environment_of(self.network)

    def program(self) -> Program:
        """The programme in the file as it stands now; read anew only when the file has changed.

        Raises InvalidProgram.
        """
        stamp = _stamp(self.project.program_file)
        if self._program is None or self._program[0] != stamp:
            try:
                self._program = stamp, load_program(self.project.program_file)
            except errors.InvalidProgram:
                if self._program is None:
                    raise
                # It is being edited: what apps may send goes by the last one that could be read.
        return self._program[1]

    def bounds(self) -> Bounds:
        """The most that one entry may move, by the caps in the manifest as it stands now."""
        return read_bounds(self.project)

    def grace_seconds(self) -> int:
        """For how long points are good that come back after their expiry. Raises InvalidProgram."""
        expiry = self.program().expiry
        return (GRACE_DAYS if expiry is None else expiry.grace_days) * 86_400

    def deployment(self) -> Deployment:
        """The contracts by the manifest. Raises NotDeployed."""
        return Deployment.from_manifest(read_manifest(self.project.manifest_file))


def open_context(project: Project, *, intake: Intake) -> Context:
    """The project with its database, migrated. The programme file is read once, so that a broken one is told now.

    Raises:
        InvalidProgram: the file cannot be used.
        DatabaseUnavailable, DatabaseBusy: the database does not answer, or is being migrated by somebody else.
    """
    context = Context(project, open_migrated(project.database_url), intake)
    context.program()
    return context


def _stamp(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return 0, 0  # load_program says what is wrong
    return found.st_mtime_ns, found.st_size
