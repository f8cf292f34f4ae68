"""What the API has at hand: the project's database and files. No chain, no keys of the chain, no rules engine."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Engine

from loyaltychain.api.keys import Environment, environment_of
from loyaltychain.config.project import Project
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.clock import Clock, system_clock
from loyaltychain.db.engine import Tx, transaction
from loyaltychain.db.migrate import open_migrated
from loyaltychain.db.retry import Patience, write_again
from loyaltychain.deploy.bounds import read_bounds
from loyaltychain.deploy.manifest import read_manifest
from loyaltychain.events.types import Intake
from loyaltychain.operations.types import Bounds
from loyaltychain.program.load import load_program
from loyaltychain.program.types import GRACE_DAYS, Program
from loyaltychain.settlement.deployment import Deployment

_PATIENCE = Patience(tries=4, seconds=3)  # each try waits for other writers besides
_T = TypeVar("_T")


@dataclass(slots=True)
class Context:
    """One project as the API serves it."""

    project: Project
    engine: Engine
    intake: Intake = field(default_factory=Intake)
    clock: Clock = system_clock
    is_behind_proxy: bool = False  # which adds to X-Forwarded-For
    _program: "tuple[tuple[int, int], Program] | None" = None
    _purged_at: int = field(init=False, default=0)
    _program_file: str = field(init=False)
    _turn: AbstractContextManager[object] = field(init=False)

    def __post_init__(self) -> None:
        self._program_file = str(self.project.program_file)
        # SQLite lets one writer in and leaves the others to ask again and again: ours stand in line before it.
        self._turn = threading.Lock() if self.engine.dialect.name == "sqlite" else nullcontext()

    @contextmanager
    def writing(self) -> Iterator[Tx]:
        """One write transaction, as ``db.engine.transaction``."""
        with self._turn, transaction(self.engine) as tx:
            yield tx

    def write_again(self, act: Callable[[Tx], _T]) -> _T:
        """``act`` in one write transaction, again while the database is busy or away: for what writes its own key.

        Raises DatabaseBusy, DatabaseUnavailable after some seconds.
        """
        with self._turn:
            return write_again(self.engine, act, patience=_PATIENCE)

    def may_purge(self, now: UnixSeconds) -> bool:
        """Whether it is time to look for what can be removed: once a second."""
        last, self._purged_at = self._purged_at, now
        return last != now

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
        stamp = _stamp(self._program_file)
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


def open_context(project: Project, *, intake: Intake, is_behind_proxy: bool = False) -> Context:
    """The project with its database, migrated. The programme file is read once, so that a broken one is told now.

    Raises:
        InvalidProgram: the file cannot be used.
        DatabaseUnavailable, DatabaseBusy: the database does not answer, or is being migrated by somebody else.
    """
    context = Context(project, open_migrated(project.database_url), intake, is_behind_proxy=is_behind_proxy)
    context.program()
    return context


def _stamp(file: str) -> tuple[int, int]:
    try:
        found = os.stat(file)  # noqa: PTH116 - for each request, and pathlib is ten times as slow
    except OSError:
        return 0, 0  # load_program says what is wrong
    return found.st_mtime_ns, found.st_size
