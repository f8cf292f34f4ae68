"""Options that commands share, and how a command's errors end."""

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from filelock import FileLock, Timeout
from typer.exceptions import TyperException

from loyaltychain.cli.output import exit_code, print_error
from loyaltychain.config.project import Project, open_project
from loyaltychain.core import errors
from loyaltychain.events.map import EventMap, load_map, packaged_map

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
_LOCK_SECONDS = 1  # of patience with somebody who only looks whether the lock is held


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
    return open_project(home, os.environ)


def find_map(name: str) -> EventMap:
    """The map in a file, or a packaged one by its name. Raises InvalidMap."""
    file = Path(name)
    return load_map(file) if file.is_file() or file.suffix in (".yaml", ".yml") else packaged_map(name)


@contextmanager
def only_writer(project: Project) -> Iterator[None]:
    """Keep every other writer of entries out: a worker, or a publication that says from when rules count.

    Raises DatabaseBusy when there is one already.
    """
    try:
        with FileLock(project.worker_lock, timeout=_LOCK_SECONDS):
            yield
    except Timeout as error:
        raise errors.DatabaseBusy(
            "Another `loyaltychain run` or `deploy` works on this project; there is one per project. "
            "Stop it, or wait until it is done.",
            lock=str(project.worker_lock),
        ) from error
