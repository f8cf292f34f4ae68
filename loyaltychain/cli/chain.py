"""``chain start|stop|reset``: the lasting local chain of a project."""

from typing import Annotated

import typer

from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import print_json, stdout
from loyaltychain.core import errors
from loyaltychain.localchain import process


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="The lasting local chain of this project.", no_args_is_help=True)
    group.command("start")(start)
    group.command("stop")(stop)
    group.command("reset")(reset)
    app.add_typer(group, name="chain")


def start(
    home: Home = HERE,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 0,
    as_json: AsJson = False,
) -> None:
    """Serve the local chain on loopback, in a process of its own. Its state lasts in the project's directory."""
    with speaking(as_json):
        endpoint = process.start(project_at(home).home, port=port)
        if as_json:
            print_json({"url": endpoint.url, "pid": endpoint.pid})
        else:
            stdout.print(f"The local chain answers at {endpoint.url} (pid {endpoint.pid}).")
            where = "" if home == HERE else f" --home {home}"
            stdout.print(f"Stop it with: loyaltychain chain stop{where}", highlight=False)
            stdout.print("What is on it stays.")


def stop(home: Home = HERE, as_json: AsJson = False) -> None:
    """Stop the local chain's process. Nothing on it is lost."""
    with speaking(as_json):
        was_running = process.stop(project_at(home).home)
        if as_json:
            print_json({"stopped": was_running})
        else:
            stdout.print("The local chain is stopped." if was_running else "The local chain was not running.")


def reset(
    home: Home = HERE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete the local chain with everything on it. A project that was deployed to it cannot go on."""
    with speaking(as_json):
        project = project_at(home)
        if not yes:
            if as_json:
                raise errors.InvalidSettings("`chain reset` deletes the local chain: say --yes.")
            typer.confirm(f"Delete the local chain in {project.chain_directory} for good?", abort=True)
        process.reset(project.home)
        if as_json:
            print_json({"reset": True})
        else:
            stdout.print("The local chain is gone; the next start makes a new one.")
            if project.manifest_file.exists():
                stdout.print("This project was deployed to it: begin a fresh project in another directory.")
