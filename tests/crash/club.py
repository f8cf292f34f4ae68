"""A community's deployed project, its workers, and what its members tell of.

Its chain is served by a process of its own. Workers are ``loyaltychain worker``, told where to die or to stop.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sqlalchemy import Engine, text

from loyaltychain.audit.run import run_audit
from loyaltychain.chain.devkeys import development_keys
from loyaltychain.config.project import ROLES, make_project
from loyaltychain.core import errors
from loyaltychain.core.clock import system_clock
from loyaltychain.core.failpoints import VARIABLE
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events.capture import capture
from loyaltychain.events.types import Event
from loyaltychain.program.load import parse_program, template
from loyaltychain.program.types import Program
from loyaltychain.wiring import World, open_world
from tests.chaos.crew import EXIT_RETRY
from tests.chaos.nursery import Nursery
from tests.chaos.proxy import eventually
from tests.community import Awards, Community, awards_of, is_settled, replayed, undisturbed
from tests.e2e.processes import Commands
from tests.operations.conduct.forum import check
from tests.projects import run_deploy, run_publish

TEMPLATE = "new-community"
_GROWING = ("grants", "grant_entries", "decisions", "stream", "fold_states", "fold_checkpoints", "entries", "batches")


@dataclass
class Club:
    """The project, and what was told so far.

    Args:
        logs: Of the workers, by their pids.
        then: How many acts were told when another version came into force, and that version.
    """

    project: Commands
    world: World
    nursery: Nursery
    acts: Iterator[Event]
    told: list[Event] = field(default_factory=list)
    logs: dict[int, Path] = field(default_factory=dict)
    then: tuple[int, Program] | None = None

    @property
    def engine(self) -> Engine:
        return self.world.engine

    def tell(self, count: int) -> None:
        """So many acts more, in one transaction, again until the database takes them."""
        acts = list(islice(self.acts, count))

        def take(engine: Engine) -> None:
            with transaction(engine) as tx:
                found = capture(tx, acts, received_at=system_clock())
            assert not found.conflicts and not found.refused, found

        eventually(lambda: self._answers(take), "the database takes what is told")
        self.told += acts

    def start(self, at: str | None = None) -> int:
        """A worker's pid; ``at`` is where it dies or stops, as the environment's variable has it."""
        environ = {} if at is None else {VARIABLE: at}
        home = self.project.home
        log = home / f"worker-{len(self.logs) + 1}.log"
        worker = self.nursery.bear(["worker", "--settle-every", "0", "--home", str(home)], environ, log)
        self.logs[worker] = log
        return worker

    def await_death(self, worker: int) -> None:
        """Until it has died where it was told to."""
        self._await(lambda: self.nursery.end_of(worker) is not None, "the worker dies")
        assert self.nursery.end_of(worker) == -signal.SIGKILL, self.words()

    def await_stop(self, worker: int) -> None:
        """Until it has stopped where it was told to."""
        stat = Path(f"/proc/{worker}/stat")
        self._await(lambda: stat.read_text("utf-8").rpartition(")")[2].split()[0] == "T", "it stops")

    def kill(self, worker: int) -> None:
        """SIGKILL, now. One that found no database when it began has ended already, and asks to be started again."""
        if self.nursery.end_of(worker) is None:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        eventually(lambda: self.nursery.end_of(worker) is not None, "the worker is gone")
        assert self.nursery.end_of(worker) in (-signal.SIGKILL, EXIT_RETRY), self.words()

    def end(self, worker: int) -> None:
        """SIGTERM: it ends in order."""
        os.kill(worker, signal.SIGTERM)
        eventually(lambda: self.nursery.end_of(worker) is not None, "the worker ends")
        assert self.nursery.end_of(worker) == 0, self.words()

    def publish(self, program: str) -> None:
        """Another version of the programme, in force for what is told from now on; nobody works meanwhile."""
        self.world.project.program_file.write_text(program, encoding="utf-8")
        run_publish(self.world)
        self.then = len(self.told), parse_program(program)

    def await_settled(self) -> None:
        """Until every act is decided on, and every point of it in a final batch."""
        settled: list[bool] = []

        def look(engine: Engine) -> None:
            with reading(engine) as tx:
                settled.append(is_settled(tx, now=system_clock()))

        self._await(lambda: self._answers(look) and settled[-1], "all is settled")

    def words(self) -> str:
        """The last that each worker has said."""
        return "\n".join(f"{worker}: {line}" for worker in self.logs for line in self.said(worker)[-5:])

    def said(self, worker: int) -> list[str]:
        """The lines of one worker, as far as they are whole."""
        log = self.logs[worker]
        return log.read_text("utf-8").splitlines() if log.exists() else []

    def check_books(self) -> None:
        """The ledger proves itself, and holds what each grant says: at any time, as soon as the database answers."""
        eventually(lambda: self._answers(check), "the books can be read")

    def awards(self) -> Awards:
        """What everybody has by now."""
        return awards_of(self.engine)

    def rows(self) -> dict[str, int]:
        """How many rows there are of whatever deciding and sealing add to."""
        with reading(self.engine) as tx:
            return {name: tx.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in _GROWING}

    def check_end(self) -> Awards:
        """No replay and no audit finds anything, and everybody has what she would have without any of the kills."""
        now = system_clock()
        with reading(self.engine) as tx:
            wrong = replayed(tx, now=now)
        assert not wrong, wrong
        found = awards_of(self.engine)
        alone = undisturbed(self.told, parse_program(template(TEMPLATE)), now=now, then=self.then)
        wrong = alone.differences(found)
        assert not wrong, wrong
        assert len(found.grants) > len(self.told) // 3, "hardly anything was granted"
        audit = run_audit(self.world.rpc, self.world.manifest, clock=time.monotonic, database=self.engine)
        assert not audit.findings, audit.findings
        return found

    def _await(self, is_so: Callable[[], object], what: str) -> None:
        try:
            eventually(is_so, what, seconds=240)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.words()}") from None

    def _answers(self, ask: Callable[[Engine], None]) -> bool:
        """Whether the database was there to be asked."""
        try:
            ask(self.engine)
        except errors.RetryableError:
            return False
        return True


@contextmanager
def deployed_club(home: Path, *, seed: int, database: str | None = None) -> Iterator[Club]:
    """In ``home``, its books in a file or at this URL; gone afterwards, with all of its processes."""
    keys = dict(zip(ROLES, development_keys(len(ROLES)), strict=True))
    with ExitStack() as stack:
        made = make_project(home, program=template(TEMPLATE), keys=keys, database=database)
        project = Commands(made.home)
        project.run("chain", "start")
        stack.callback(project.run, "chain", "stop")
        world = open_world(made)
        stack.callback(world.engine.dispose)
        run_deploy(world)
        nursery = Nursery()
        stack.callback(nursery.close)
        yield Club(project, world, nursery, Community(seed).tell())
