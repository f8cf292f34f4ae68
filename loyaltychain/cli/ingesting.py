"""``ingest``: events from a file."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from loyaltychain.cli.options import HERE, AsJson, Home, find_map, project_at, speaking
from loyaltychain.cli.output import print_facts, print_json, progress, stdout
from loyaltychain.config.project import Project
from loyaltychain.core import errors
from loyaltychain.core.clock import system_clock
from loyaltychain.core.words import counted, nearest
from loyaltychain.db.migrate import open_migrated
from loyaltychain.events.ingest import Format, ingest_file
from loyaltychain.operations.known_types import known_types, unknown_types
from loyaltychain.program.load import load_program
from loyaltychain.program.types import Program

_UNKNOWN_MAX = 10  # more are no mistakes of typing


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("ingest")(ingest)


def ingest(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or JSON lines, plain or .gz.", dir_okay=False)],
    event_map: Annotated[
        str | None,
        typer.Option(
            "--map",
            metavar="FILE|NAME",
            help="The map from its columns to events: a YAML file, or a packaged one's name. None for JSON lines of "
            "events as the API takes them.",
        ),
    ] = None,
    format_: Annotated[Format | None, typer.Option("--format", help="csv or jsonl; else by the file's name.")] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where rows that cannot be taken go; default FILE.rejects.csv in the project."
        ),
    ] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Take events from a file. Bad rows go to a rejects file, the rest is taken; a second time takes nothing twice."""
    with speaking(as_json):
        project = project_at(home)
        started = system_clock()
        if not file.exists():
            raise errors.InvalidSettings(f"There is no file {file}.")
        if not file.is_file():
            raise errors.InvalidSettings(
                f"{file} is not a regular file: events are read from files that can be read twice."
            )
        with progress(f"ingesting {file.name}", quiet=as_json) as report:
            result = ingest_file(
                open_migrated(project.database_url),
                file,
                format=format_ or ("jsonl" if ".jsonl" in file.name else "csv"),
                event_map=find_map(event_map) if event_map is not None else None,
                received_at=started,
                rejects=rejects or project.home / f"{file.name}.rejects.csv",
                on_progress=lambda so_far: report(so_far.read, None),
            )
        program = _program(project)
        unknown = {} if program is None else unknown_types(program, result.types)
        facts = {
            "read": result.read,
            "taken": result.taken,
            "known": result.known,
            "left_out": result.left_out,
            "lines": result.lines,
            "repeated": result.repeated,
            "rejected": result.rejected,
            "rejects_file": str(result.rejects_file) if result.rejects_file else None,
            "unknown_types": unknown,
            "seconds": system_clock() - started,
        }
        if as_json:
            print_json(facts)
            return
        print_facts(f"{counted(result.read, 'row')} of {file.name}", {
            "taken": f"{result.taken:,}",
            "known already": f"{result.known:,}",
            **({"lines of orders": f"{result.lines:,}, {result.repeated:,} more came again"} if result.lines else {}),
            "left out by the map": f"{result.left_out:,}",
            "rejected": f"{result.rejected:,}" + (f", see {result.rejects_file}" if result.rejects_file else ""),
        })  # fmt: skip
        if program is not None:
            print_unknown(program, unknown)
        if result.taken:
            stdout.print("Next: loyaltychain run --once")


def _program(project: Project) -> Program | None:
    """The project's programme; None where it cannot be read, of which ``run`` says what is wrong."""
    try:
        return load_program(project.program_file)
    except errors.InvalidProgram:
        return None


def print_unknown(program: Program, unknown: Mapping[str, int]) -> None:
    """Say of which types of events the programme has nothing, with the nearest that it has."""
    known = sorted(known_types(program))
    for type_, count in islice(unknown.items(), _UNKNOWN_MAX):
        events = counted(count, "event")
        stdout.print(f"{program.name} has nothing for {events} of the type {type_}{nearest(type_, known)}.",
                     markup=False, highlight=False, soft_wrap=True)  # fmt: skip
