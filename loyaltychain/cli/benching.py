"""``bench``: how fast things are here, each figure beside a baseline of the same run."""

from typing import Annotated

import typer
from rich.table import Table

from loyaltychain.bench.gas import run_gas
from loyaltychain.bench.report import Result, document
from loyaltychain.bench.way import SIZES, as_document, measure, run_way
from loyaltychain.cli.gas_tables import print_gas
from loyaltychain.cli.options import AsJson, speaking
from loyaltychain.cli.output import print_json, progress, stdout
from loyaltychain.core import errors


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    benches = typer.Typer(help="How fast things are on this machine, beside a baseline.", no_args_is_help=True)
    benches.command("way")(way)
    benches.command("gas")(gas)
    app.add_typer(benches, name="bench")


def way(
    lines: Annotated[
        list[int] | None, typer.Option(help=f"Lines of the log; may be given again. Default: {SIZES}.", min=100)
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="URL of an EMPTY database, for one size; else SQLite in a temporary file.")
    ] = None,
    alone: Annotated[bool, typer.Option("--alone", hidden=True)] = False,
    as_json: AsJson = False,
) -> None:
    """The whole way of a SIMULATED log of orders: rows, events, points by line, ledger, positions; all durable."""
    with speaking(as_json), progress("simulated logs", quiet=as_json or alone) as report:
        sizes = tuple(lines or SIZES)
        if database and len(sizes) > 1:
            raise errors.InvalidSettings("A database that is given must be empty: name one size with --lines.")
        if alone:
            print_json(as_document(measure(sizes[0], database)))
            return
        results = run_way(sizes, database, report)
    if as_json:
        print_json(document("way", results))
    else:
        print_results("From rows to the ledger, SIMULATED orders", results)


def gas(
    quick: Annotated[
        bool, typer.Option("--quick", help="Batches of 100 and 1,000 only; under a minute instead of some.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Gas and bytes of batches, proofs and challenges beside OpenZeppelin's tokens, on a chain in this process."""
    with speaking(as_json), progress("transactions", quiet=as_json) as report:
        results = run_gas(quick=quick, on_step=report)
    if as_json:
        print_json(document("gas", results))
    else:
        print_gas(results)


def print_results(title: str, results: list[Result]) -> None:
    """The figures as a table."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("figure", "value", "unit", "baseline", "ratio"):
        table.add_column(name, justify="left" if name in ("figure", "unit") else "right")
    for each in results:
        baseline = "" if each.baseline_value is None else f"{each.baseline_value:,}"
        table.add_row(each.name, f"{each.value:,}", each.unit, baseline, "" if each.ratio is None else f"{each.ratio}")
    stdout.print(table, highlight=False)
    for baseline in sorted({each.baseline for each in results if each.baseline}):
        stdout.print(f"baseline: {baseline}", highlight=False, soft_wrap=True)
