"""Options that commands share, and how a command's errors end."""

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import TyperException

from loyaltychain.cli.output import exit_code, print_error
from loyaltychain.config.project import Project, open_project
from loyaltychain.core import errors
from loyaltychain.core.clock import system_clock
from loyaltychain.core.environment import Environment
from loyaltychain.core.times import format_instant
from loyaltychain.db.leader import Leader, leader_of
from loyaltychain.db.migrate import open_migrated
from loyaltychain.events.map import EventMap, load_map, packaged_map

if TYPE_CHECKING:  # it brings the chain's libraries, and most commands speak to no chain
    from loyaltychain.wiring import World

Home = Annotated[
    Path, typer.Option("--home", help="The project's directory.", file_okay=False, envvar="LOYALTYCHAIN_HOME")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, and nothing else there.")]


class Mode(StrEnum):
    """How the ledger contract surfaces balances."""

    PUSH = "push"
    ROOT = "root"


LedgerMode = Annotated[
    Mode,
    typer.Option(
        "--mode", help="push: the contract adds up balances itself; root: it keeps roots, which anybody can challenge."
    ),
]

HERE = Path()
_ASK_SECONDS = 10  # for a worker to stand aside


@contextmanager
def speaking(as_json: bool) -> Iterator[None]:
    """Run a command's body: our own errors become a message and an exit code.

    A file that cannot be read or written is the caller's to mend; anything else is a bug, and is shown as one.
    """
    try:
        yield
    except errors.LoyaltyError as error:
        print_error(error, as_json=as_json)
        raise typer.Exit(exit_code(error)) from error
    except OSError as error:
        where = errors.InvalidSettings(f"{error.strerror or error}: {error.filename or 'no file'}.")
        print_error(where, as_json=as_json)
        raise typer.Exit(exit_code(where)) from error
    except Exception as error:
        if isinstance(error, typer.Exit | typer.Abort | TyperException):
            raise
        traceback.print_exc()
        bug = errors.InvariantError(f"This is a bug in loyaltychain: {type(error).__name__}: {error}")
        print_error(bug, as_json=as_json)
        raise typer.Exit(exit_code(bug)) from error


def in_words(error: OSError | ValueError) -> str:
    """What is wrong with a file, without the library's own wrapping."""
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def project_at(home: Path) -> Project:
    """The project in ``home``, with the environment's overrides. Raises ProjectMissing or InvalidSettings."""
    return open_project(home, Environment(os.environ))


def find_map(name: str) -> EventMap:
    """The map in a file, or a packaged one by its name. Raises InvalidMap."""
    file = Path(name)
    return load_map(file) if file.is_file() or file.suffix in (".yaml", ".yml") else packaged_map(name)


@contextmanager
def only_writer(project: Project, *, asks: bool = True) -> Iterator[Leader]:
    """Keep every worker, and every other command that changes the deployment, out until this one ends.

    Args:
        asks: A worker that goes on is asked to stand aside, which it does between two steps.

    Raises DatabaseBusy when one stays, DatabaseUnavailable.
    """
    with _candidate(project) as leader:
        if not (leader.take_from(seconds=_ASK_SECONDS) if asks else leader.take()):
            raise _taken(leader)
        yield leader


@contextmanager
def alone(world: "World") -> Iterator["World"]:
    """``world`` as its ``only_writer``: what it writes counts only as long as it is that."""
    with only_writer(world.project) as leader:
        yield replace(world, engine=leader.fence(world.engine))


@contextmanager
def worker_place(project: Project) -> Iterator[Leader]:
    """For a worker that goes on: ``lead`` of what is yielded waits until it may.

    Raises DatabaseBusy at once where a second worker cannot stand by: at an SQLite file.
    """
    with _candidate(project) as leader:
        if not leader.can_wait and not leader.take():
            raise _taken(leader)
        yield leader


@contextmanager
def _candidate(project: Project) -> Iterator[Leader]:
    engine = open_migrated(project.database_url)
    try:
        with leader_of(engine, clock=system_clock) as leader:
            yield leader
    finally:
        engine.dispose()


def _taken(leader: Leader) -> errors.DatabaseBusy:
    last = leader.read_last()
    if leader.can_wait:
        advice = "Stop it, or wait until it is done."
    else:
        advice = (
            "A database in an SQLite file takes one worker at a time, and none can stand by for it: stop that one, or "
            "wait until it is done. With a `database` on PostgreSQL a second worker waits, and takes over by itself."
        )
    return errors.DatabaseBusy(
        f"A worker, or a command that changes the deployment, is at work; there is one per project. {advice}",
        lock=leader.place,
        **({} if last is None else {"holder": last.holder, "since": format_instant(last.taken_at)}),
    )
