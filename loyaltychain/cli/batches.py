"""``batch``: what happened to each batch, and the operator's way out for one that can never be settled."""

from typing import Annotated, Any

import typer

from loyaltychain.chain.settlement_log import Transition, read_of_batches
from loyaltychain.cli.listing import print_rows
from loyaltychain.cli.options import HERE, AsJson, Home, alone, project_at, speaking
from loyaltychain.cli.output import print_facts, print_json, stdout
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import reading
from loyaltychain.db.migrate import open_migrated
from loyaltychain.settlement.guard import check_chain
from loyaltychain.settlement.reopen import reopen_step
from loyaltychain.settlement.store import last_numbers
from loyaltychain.wiring import open_world

_NEWEST = 10  # batches, where none is named

Number = Annotated[int, typer.Argument(metavar="BATCH", min=1, help="Its number.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="What happened to each batch, and a way out.", no_args_is_help=True)
    group.command("log")(log)
    group.command("reopen")(reopen)
    app.add_typer(group, name="batch")


def log(
    number: Annotated[
        int | None, typer.Argument(metavar="[BATCH]", min=1, help=f"Its number; else the newest {_NEWEST}.")
    ] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Each transition of a batch and of its intents, when, and why. Asks no chain."""
    with speaking(as_json), reading(open_migrated(project_at(home).database_url)) as tx:
        lines = read_of_batches(tx, last_numbers(tx, _NEWEST) if number is None else [number])
        if as_json:
            print_json({"transitions": [_document(line) for line in lines]})
        elif lines:
            print_rows(("at", "of", "from", "to", "why"), (), [_row(line) for line in lines], ids=("of",))
        else:
            stdout.print("No batch yet." if number is None else f"Nothing is known of batch {number}.", highlight=False)


def reopen(
    number: Number,
    by: Annotated[str, typer.Option("--by", help="Who opens it: a name for the log of actions.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the log of actions.")],
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Open a batch that can never be settled; the next `run` seals its entries anew, within the caps then in force.

    Refused while anything that was signed for it may still be mined. Signs nothing.
    """
    with speaking(as_json):
        project = project_at(home)
        with alone(open_world(project)) as world:
            check_chain(world.engine, world.rpc, world.deployment)
            opened = reopen_step(
                world.engine, world.rpc, world.deployment, number=number, actor=by, reason=reason, now=world.clock()
            )
        if as_json:
            print_json({"opened": opened})
        else:
            print_facts("Opened", {"batches": ", ".join(map(str, opened)), "next": "loyaltychain run"})


def _document(line: Transition) -> dict[str, Any]:
    return {
        "at": format_instant(line.at), "kind": line.kind, "id": line.id, "from": line.was, "to": line.became,
        "reason": line.reason,
    }  # fmt: skip


def _row(line: Transition) -> tuple[str, ...]:
    name = f"batch {line.id}" if line.kind == "batch" else line.id
    return format_instant(line.at), name, line.was or "", line.became, line.reason or ""
