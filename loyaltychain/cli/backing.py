"""``backup`` and ``restore``: the database as a file, and back."""

from pathlib import Path
from typing import Annotated

import typer

from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import instant, print_facts, print_json, progress, stdout
from loyaltychain.core.clock import system_clock
from loyaltychain.db.backup import restore as restore_database
from loyaltychain.db.backup import write_backup
from loyaltychain.db.engine import open_database
from loyaltychain.reports.proving import prove_restored


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file; it holds members' ids and receipt keys.")],
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Write all that the database holds at one moment to FILE, while API and worker go on."""
    with speaking(as_json):
        engine = open_database(project_at(home).database_url)
        with progress("backing up", quiet=as_json) as report:
            made = write_backup(engine, file, now=system_clock(), on_progress=report)
        if as_json:
            print_json({"file": str(file), "taken_at": made.taken_at, "rows": made.rows, "sha256": made.sha256})
            return
        print_facts(f"Backed up to {file}", {
            "rows": f"{made.rows:,}", "bytes": f"{file.stat().st_size:,}", "sha256 of its content": made.sha256,
        })  # fmt: skip
        stdout.print("The keys/ directory and the configuration are not in it: copy them too.")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.", exists=True, dir_okay=False)],
    into: Annotated[str, typer.Option("--into", metavar="URL", help="An empty database: sqlite:///new.sqlite3.")],
    actor: Annotated[str, typer.Option(help="Who restores it; it stays in the audit log.")] = "operator",
    reason: Annotated[str, typer.Option(help="Why; it stays in the audit log.")] = "restore",
    as_json: AsJson = False,
) -> None:
    """Fill an empty database from a backup and let it prove itself. Signs nothing before `loyaltychain reconcile`."""
    with speaking(as_json):
        now = system_clock()
        with progress("restoring", quiet=as_json) as report:
            made = restore_database(
                open_database(into),
                file,
                now=now,
                prove=lambda tx: prove_restored(tx, actor=actor, reason=reason, at=now),
                on_progress=report,
            )
        if as_json:
            print_json({"taken_at": made.taken_at, "rows": made.rows, "sha256": made.sha256})
            return
        print_facts("Restored", {
            "as of": instant(made.taken_at), "rows": f"{made.rows:,}", "sha256 of its content": made.sha256,
            "ledger and audit log": "prove themselves",
        })  # fmt: skip
        stdout.print("Next: name it as `database` in loyaltychain.toml, then loyaltychain reconcile. Nothing is signed "
                     "before that.", soft_wrap=True)  # fmt: skip
