"""``audit``: rebuild everything from the chain's logs and compare."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from loyaltychain.audit.heads import At, FinalityRule
from loyaltychain.audit.page import render_page
from loyaltychain.audit.recompute import AwardFiles
from loyaltychain.audit.report import Report, print_report
from loyaltychain.audit.run import run_audit
from loyaltychain.chain.rpc import Rpc
from loyaltychain.cli.options import HERE, AsJson, Home, in_words, project_at, speaking
from loyaltychain.cli.output import EXIT_FOUND, print_json, progress, stdout
from loyaltychain.config.project import Project
from loyaltychain.core import errors
from loyaltychain.core.clock import system_clock
from loyaltychain.core.json_text import parse_json
from loyaltychain.program.load import load_program
from loyaltychain.wiring import connect, open_world


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("audit")(audit)


def audit(
    manifest: Annotated[
        Path | None, typer.Option(help="A manifest, to audit without a project: chain and logs alone.", dir_okay=False)
    ] = None,
    rpc: Annotated[str | None, typer.Option("--rpc", help="A node's URL, with --manifest.")] = None,
    logs: Annotated[
        Path | None, typer.Option(help="Audit the logs in this file (of --export), without a node.", dir_okay=False)
    ] = None,
    export: Annotated[Path | None, typer.Option(help="Write the logs that were audited.", dir_okay=False)] = None,
    at: Annotated[
        At | None,
        typer.Option(help="Which block: latest (default with --manifest), safe, or final (default in a project)."),
    ] = None,
    programs: Annotated[
        list[Path] | None,
        typer.Option("--program", "--programme", metavar="FILE", help="Published rules, with --events; repeatable."),
    ] = None,
    events: Annotated[
        Path | None,
        typer.Option(help="Work out awards anew from this export (of report pseudonymous).", dir_okay=False),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write the report as one HTML page that stands alone.", dir_okay=False)
    ] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Rebuild every balance, root and hash from logs; compare with contracts and books. Exit code 1 on a finding."""
    with speaking(as_json), stages(quiet=as_json) as on_step:
        awards = _read_awards(programs or [], events)
        if manifest is not None:
            node: Rpc | None = connect(rpc) if rpc else None
            report = run_audit(
                node,
                read_manifest_file(manifest),
                clock=time.monotonic,
                at=at or "latest",
                logs=logs,
                export=export,
                awards=awards,
                on_step=on_step,
            )
        else:
            if rpc is not None:
                raise errors.InvalidSettings(
                    "--rpc goes with --manifest; a project's endpoint is in loyaltychain.toml."
                )
            world = open_world(_project(home))
            report = run_audit(
                world.rpc,
                world.manifest,
                clock=time.monotonic,
                rule=FinalityRule.of(world.profile),
                at=at or "final",
                processes=2,
                database=world.engine,
                logs=logs,
                export=export,
                awards=awards,
                on_step=on_step,
            )
        if html is not None:
            write_page(report, html)
        if as_json:
            print_json(report.document())
        else:
            print_report(report, stdout)
        if not report.is_clean:
            raise typer.Exit(EXIT_FOUND)


def _read_awards(programs: Sequence[Path], events: Path | None) -> AwardFiles | None:
    """What to work out awards anew from; None where nothing was given."""
    if not programs and events is None:
        return None
    if not programs or events is None:
        raise errors.InvalidSettings("--program and --events go together: published rules, and what they are held to.")
    return AwardFiles([_read_program(file) for file in programs], events)


def _read_program(file: Path) -> object:
    """The document of a programme: published JSON as it is, or the programme's own file, completed as it was for that.

    Raises InvalidSettings, InvalidProgram.
    """
    if file.suffix in (".yaml", ".yml"):
        return load_program(file).document
    try:
        return parse_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise errors.InvalidSettings(f"{os.fspath(file)} cannot be read as a programme: {in_words(error)}.") from error


def write_page(report: Report, file: Path) -> None:
    """The report as a page. Raises InvalidSettings where it cannot be written."""
    try:
        file.write_text(render_page(report, made_at=system_clock()), encoding="utf-8", newline="\n")
    except OSError as error:
        raise errors.InvalidSettings(f"{os.fspath(file)} cannot be written: {in_words(error)}.") from error


@contextmanager
def stages(*, quiet: bool) -> Iterator[Callable[[str, int, int | None], None]]:
    """Progress on stderr, a bar for each stage. Yields ``report(stage, done, total or None)``."""
    bars = ExitStack()
    shown: dict[str, Callable[[int, int | None], None]] = {}

    def report(stage: str, done: int, total: int | None) -> None:
        if stage not in shown:
            bars.close()
            shown[stage] = bars.enter_context(progress(stage, quiet=quiet))
        shown[stage](done, total)

    with bars:
        yield report


def _project(home: Path) -> Project:
    try:
        return project_at(home)
    except errors.ProjectMissing as error:
        raise errors.ProjectMissing(
            f"{error.message} Without a project, audit with --manifest FILE and --rpc URL or --logs FILE."
        ) from error


def read_manifest_file(file: Path) -> dict[str, object]:
    """The manifest in a file, not yet judged. Raises InvalidSettings for what is no JSON object."""
    try:
        content = parse_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise errors.InvalidSettings(f"{os.fspath(file)} cannot be read as a manifest: {in_words(error)}.") from error
    if not isinstance(content, dict):
        raise errors.InvalidSettings(f"{os.fspath(file)} is not a manifest: it holds no JSON object.")
    return content
