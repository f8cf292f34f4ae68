"""``demo``: the whole way on simulated data, and what to try next, on one screen."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from loyaltychain.cli.options import AsJson, speaking
from loyaltychain.cli.output import EXIT_FOUND, print_json, progress, stdout
from loyaltychain.demo.run import Demo, run_demo
from loyaltychain.demo.shop import Shop

_PROVEN = {True: "[green]proven offline and on chain[/]", False: "[bold red]which DOES NOT HOLD[/]"}


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("demo")(demo)


def demo(
    keep: Annotated[
        Path | None, typer.Option(help="Keep the demo's project in this empty directory.", file_okay=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """A simulated shop, 200 members, 90 days: events, points, batches on a local chain, audit, one receipt verified."""
    with speaking(as_json), progress("a simulated shop, week by week", quiet=as_json) as report:
        result = run_demo(keep, shop=Shop(), on_step=report)
    if as_json:
        print_json(result.document())
    else:
        _print_summary(result, keep)
    if result.audit.findings or not result.receipt_verified:
        raise typer.Exit(EXIT_FOUND)


def _print_summary(result: Demo, keep: Path | None) -> None:
    figures = result.document()
    ingested, done, receipt = result.ingested, result.done, result.receipt
    table = Table(
        title="loyaltychain demo: a SIMULATED shop, 90 days", title_justify="left", show_header=False, box=None
    )
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    rows = {
        "came in": f"{ingested.read} rows: {ingested.taken} events of {result.members} members; {ingested.known} known "
                   f"already, {ingested.left_out} without a member, {ingested.rejected} rejected with a reason",
        "points": f"{done.issued:,} issued, {done.redeemed:,} redeemed, {result.outstanding:,} outstanding; "
                  f"{done.refused} redemptions refused for want of points",
        "deployed": f"3 contracts, 2 behind proxies, {result.deploy_gas:,} gas; every fact read back",
        "settled": f"{done.batches} weekly batches, {done.updates:,} balance updates, "
                   f"{figures['gas_per_update']:,} gas a member's update",
        "audit": _audit_line(result),
        "receipt": f"member {receipt['member']}: {receipt['amount']:+d} points for {receipt['entry']['cause']} "
                   f"in batch {receipt['batch']['batchId']}, {_PROVEN[result.receipt_verified]}",
        "took": f"{result.seconds} s, {figures['peak_mb']} MB",
    }  # fmt: skip
    for name, text in rows.items():
        table.add_row(name, text)
    stdout.print(table, highlight=False)
    command = os.fspath(Path(".venv/bin/loyaltychain"))
    stdout.print("\nTry next:", highlight=False)
    if keep is None:
        stdout.print(f"  {command} demo --keep shop   # keeps the project; then", highlight=False)
    else:
        stdout.print(f"  The project is in {keep}. Look into it:", highlight=False)
    folder = keep or Path("shop")
    stdout.print(f"  {command} chain start --home {folder}\n"
                 f"  {command} audit --home {folder}\n"
                 f"  {command} receipt show --home {folder} --member member-001\n"
                 f"  {command} chain stop --home {folder}", highlight=False)  # fmt: skip


def _audit_line(result: Demo) -> str:
    report = result.audit
    if report.is_clean:
        return (
            f"[green]clean[/]: {report.members} balances, {report.batches} roots and hashes and the supply rebuilt "
            f"from logs alone; {report.receipts} receipts, the contracts and the books compared"
        )
    return f"[bold red]{len(report.findings)} findings[/], the first: {report.findings[0].code}"
