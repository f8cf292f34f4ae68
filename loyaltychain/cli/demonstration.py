"""``demo``: the whole way, on simulated data or on somebody's log, and what to try next, on one screen."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from loyaltychain.cli.options import AsJson, LedgerMode, Mode, find_map, speaking
from loyaltychain.cli.output import EXIT_FOUND, print_json, progress, stdout
from loyaltychain.core import errors
from loyaltychain.core.words import counted
from loyaltychain.demo.play import Play, simulated
from loyaltychain.demo.replay import Disturbance, replay
from loyaltychain.demo.run import Demo, MakePlay, run_demo
from loyaltychain.demo.shop import Shop
from loyaltychain.program.load import template

_PROVEN = {True: "[green]proven offline and on chain[/]", False: "[bold red]which DOES NOT HOLD[/]"}


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("demo")(demo)


def demo(
    events: Annotated[
        Path | None,
        typer.Option(help="Play this log (CSV, plain or .gz) instead of the simulated shop.", dir_okay=False),
    ] = None,
    map_: Annotated[
        str | None, typer.Option("--map", help="The log's map: a file, or the name of a packaged one.")
    ] = None,
    program: Annotated[
        str, typer.Option(help="With --events: the programme, a file or the name of a template.")
    ] = "online_retail",
    shuffle: Annotated[
        int | None, typer.Option(help="With --events: shuffle the rows of each day, by this seed.")
    ] = None,
    twice: Annotated[bool, typer.Option("--twice", help="With --events: let every row come in twice.")] = False,
    mode: LedgerMode = Mode.PUSH,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the demo's project in this empty directory.", file_okay=False)
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="URL of an empty database, instead of an SQLite file.", metavar="<url>")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Events, points, weekly batches on a local chain, the audit, one receipt verified: 200 simulated members, 90 days.

    With --events it is a real log instead, played again at its own dates.
    """
    with speaking(as_json), progress("week by week", quiet=as_json) as report:
        if events is None and (map_ or twice or shuffle is not None):
            raise errors.InvalidSettings("--map, --shuffle and --twice go with --events FILE.")
        make_play: MakePlay = _simulated
        if events is not None:
            make_play = _replayed(events, map_, program, Disturbance(shuffle, twice), on_row=lambda n: report(n, None))
        result = run_demo(keep, make_play=make_play, on_step=report, mode=mode.value, database=database)
    if as_json:
        print_json(result.document())
    else:
        _print_summary(result, events, map_, keep)
    if not result.is_clean:
        raise typer.Exit(EXIT_FOUND)


def _simulated(folder: Path) -> Play:
    return simulated(Shop(), folder=folder)


def _replayed(
    log: Path, map_: str | None, program: str, disturbance: Disturbance, *, on_row: Callable[[int], None]
) -> MakePlay:
    if map_ is None:
        raise errors.InvalidSettings("--events needs --map: a file, or the name of a packaged map.")
    if not log.is_file():
        raise errors.InvalidEvent(f"There is no file {log}.")
    event_map, text = find_map(map_), _read_program(program)
    return lambda folder: replay(
        log, event_map=event_map, program=text, folder=folder, disturbance=disturbance, on_row=on_row
    )


def _read_program(name: str) -> str:
    """The text of a programme file, or of a template."""
    file = Path(name)
    return file.read_text(encoding="utf-8-sig") if file.is_file() else template(name)


def _print_summary(result: Demo, log: Path | None, map_: str | None, keep: Path | None) -> None:
    title = f"loyaltychain demo: {log.name}" if log else "loyaltychain demo: a SIMULATED shop, 90 days"
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, text in _rows(result, is_real=log is not None).items():
        table.add_row(name, text)
    stdout.print(table, highlight=False)
    command = "loyaltychain" if shutil.which("loyaltychain") else os.fspath(Path(".venv/bin/loyaltychain"))
    stdout.print("\nTry next:", highlight=False)
    if keep is None:
        what = f" --events {log} --map {map_}" if log else ""
        stdout.print(f"  {command} demo{what} --keep shop   # keeps the project; then", highlight=False, soft_wrap=True)
    else:
        stdout.print(f"  The project is in {keep}. Look into it:", highlight=False, soft_wrap=True)
    folder = keep or Path("shop")
    stdout.print(f"  {command} chain start --home {folder}\n"
                 f"  {command} audit --home {folder}\n"
                 f"  {command} receipt show --home {folder} --event {result.receipt['entry']['cause']}\n"
                 f"  {command} chain stop --home {folder}", highlight=False, soft_wrap=True)  # fmt: skip


def _rows(result: Demo, *, is_real: bool) -> dict[str, str]:
    figures = result.document()
    ingested, done, totals, receipt = result.ingested, result.done, result.totals, result.receipt
    rows = {
        "came in": f"{ingested.read:,} rows: {ingested.taken:,} events of {counted(result.members, 'member')}; "
                   f"{ingested.known:,} known already, {ingested.left_out:,} without a member, "
                   f"{ingested.rejected:,} rejected with a reason"
                   + (f"; {ingested.repeated:,} rows came again" if ingested.repeated else ""),
        "points": f"{totals.issued:,} issued, {totals.redeemed:,} redeemed, {totals.reversed:,} taken back with "
                  f"returns, {totals.expired:,} expired, {totals.outstanding:,} outstanding",
    }  # fmt: skip
    if is_real:
        rows["returns"] = (
            f"{result.returns.in_full:,} lines matched in full, {result.returns.in_part:,} in part, "
            f"{result.returns.not_at_all:,} not at all: {result.returns.pieces_parked:,} pieces parked, no debt made"
        )
    rows |= {
        "refused": f"{counted(done.refused, 'event')} with a reason",
        "deployed": f"{counted(len(result.contracts), 'contract')}, {result.deploy_gas:,} gas; every fact read back",
        "settled": f"{done.batches} weekly batches, {done.updates:,} balance updates, "
                   f"{figures['gas_per_update']:,} gas a member's update; "
                   f"{result.burned:,} points burned, where balances went down",
        "audit": _audit_line(result),
        "receipt": f"member {receipt['member']}: {receipt['amount']:+d} points for {receipt['entry']['cause']} "
                   f"in batch {receipt['batch']['batchId']}, {_PROVEN[result.receipt_verified]}",
        "took": f"{result.seconds} s, {result.peak_mb} MB",
    }  # fmt: skip
    return rows


def _audit_line(result: Demo) -> str:
    report = result.audit
    if result.problems:
        return f"[bold red]{len(result.problems)} problems of the ledger[/], the first: {result.problems[0].code}"
    if report.is_clean:
        return (
            f"[green]clean[/]: {report.members:,} balances, {report.batches} roots and hashes and the supply rebuilt "
            f"from logs alone; {report.receipts:,} receipts, the contracts and the books compared"
        )
    return f"[bold red]{len(report.findings)} findings[/], the first: {report.findings[0].code}"
