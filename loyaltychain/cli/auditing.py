"""``audit``: rebuild everything from the chain's logs and compare."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from loyaltychain.audit.heads import At, FinalityRule
from loyaltychain.audit.report import print_report
from loyaltychain.audit.run import run_audit
from loyaltychain.chain.rpc import Rpc
from loyaltychain.cli.options import HERE, AsJson, Home, in_words, project_at, speaking
from loyaltychain.cli.output import EXIT_FOUND, print_json, progress, stdout
from loyaltychain.config.project import Project
from loyaltychain.core import errors
from loyaltychain.core.json_text import parse_json
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
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Rebuild every balance, root and hash from logs; compare with contracts and books. Exit code 1 on a finding."""
    with speaking(as_json), stages(quiet=as_json) as on_step:
        if manifest is not None:
            node: Rpc | None = connect(rpc) if rpc else None
            report = run_audit(
                node,
                read_manifest_file(manifest),
                clock=time.monotonic,
                at=at or "latest",
                logs=logs,
                export=export,
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
                on_step=on_step,
            )
        if as_json:
            print_json(report.document())
        else:
            print_report(report, stdout)
        if not report.is_clean:
            raise typer.Exit(EXIT_FOUND)


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
