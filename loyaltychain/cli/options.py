"""Options that commands share, and how a command's errors end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from loyaltychain.cli.output import exit_code, print_error
from loyaltychain.config.project import Project, open_project
from loyaltychain.core import errors

Home = Annotated[
    Path, typer.Option("--home", help="The project's directory.", file_okay=False, envvar="LOYALTYCHAIN_HOME")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, and nothing else there.")]

HERE = Path()


@contextmanager
def speaking(as_json: bool) -> Iterator[None]:
    """Run a command's body: our own errors become a message and an exit code, anything else is a bug and shows."""
    try:
        yield
    except errors.LoyaltyError as error:
        print_error(error, as_json=as_json)
        raise typer.Exit(exit_code(error)) from error


def project_at(home: Path) -> Project:
    """The project in ``home``, with the environment's overrides. Raises ProjectMissing or InvalidSettings."""
    return open_project(home, os.environ)
