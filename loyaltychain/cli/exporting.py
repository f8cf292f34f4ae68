"""``export``: awards of behaviours as a file."""

import sys
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import typer

from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import print_facts, print_json, progress
from loyaltychain.core import errors
from loyaltychain.core.clock import system_clock
from loyaltychain.db.backup_file import whole_file
from loyaltychain.db.engine import Tx, reading
from loyaltychain.db.migrate import open_migrated
from loyaltychain.reports.jobs import write_now
from loyaltychain.reports.lines_text import Format

_FORMATS: dict[str, Format] = {"csv": "csv", "jsonl": "jsonl"}
_KIND: Literal["grants"] = "grants"


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="What behaviours brought, as a file.", no_args_is_help=True)
    group.command("awards")(awards)
    app.add_typer(group, name="export")


def awards(
    format_: Annotated[str, typer.Option("--format", metavar="csv|jsonl", help="How it is written.")] = "csv",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="A new file; else stdout.", dir_okay=False)
    ] = None,
    pseudonymous: Annotated[
        bool, typer.Option("--pseudonymous", help="Members by their numbers alone; no ids, events and objects.")
    ] = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Every award of behaviours, achievements, streaks and referrals: member, badge or points, rule, object, time.

    Zero awards stand among them, with the reason.
    """
    with speaking(as_json):
        if format_ not in _FORMATS:
            raise errors.InvalidOperation("An export is written as csv or jsonl.", given=format_[:40])
        if out is None and as_json:
            raise errors.InvalidOperation("With --json the export needs a file of its own: --out FILE.")
        with reading(open_migrated(project_at(home).database_url)) as tx:
            if out is None:
                _write(tx, sys.stdout.buffer, _FORMATS[format_], pseudonymous=pseudonymous)
                return
            with whole_file(out) as stream:
                count = _write(tx, stream, _FORMATS[format_], pseudonymous=pseudonymous)
        if as_json:
            print_json({"file": str(out), "rows": count})
        else:
            print_facts(f"Written to {out}", {"rows": f"{count:,}"})


def _write(tx: Tx, stream: BinaryIO, format_: Format, *, pseudonymous: bool) -> int:
    with progress("awards", quiet=False) as report:
        return write_now(
            tx, stream, kind=_KIND, at=system_clock(), format_=format_, parameters={"ids": 0 if pseudonymous else 1},
            report=report,
        )  # fmt: skip
