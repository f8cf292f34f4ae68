"""``ingest``, ``run`` and ``status``: events in, batches out, and how far things are."""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from filelock import FileLock, Timeout

from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import EXIT_RETRY, print_facts, print_json, progress, stderr, stdout
from loyaltychain.core import errors
from loyaltychain.core.clock import system_clock
from loyaltychain.events.ingest import Format, ingest_file
from loyaltychain.events.map import load_map
from loyaltychain.status import read_status
from loyaltychain.wiring import open_engine, open_world
from loyaltychain.worker import RunReport, run_once


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("ingest")(ingest)
    app.command("run")(run)
    app.command("status")(status)


def ingest(
    file: Annotated[Path, typer.Argument(help="CSV or JSON lines, plain or .gz.", dir_okay=False)],
    event_map: Annotated[Path, typer.Option("--map", help="The map from its columns to events (YAML).")],
    format_: Annotated[Format | None, typer.Option("--format", help="csv or jsonl; else by the file's name.")] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Where rows that cannot be taken go; default FILE.rejects.csv in the project.")
    ] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Take events from a file. Bad rows go to a rejects file, the rest is taken; a second time takes nothing twice."""
    with speaking(as_json):
        project = project_at(home)
        started = system_clock()
        if not file.is_file():
            raise errors.InvalidEvent(f"There is no file {file}.")
        with progress(f"ingesting {file.name}", quiet=as_json) as report:
            result = ingest_file(
                open_engine(project),
                file,
                format=format_ or ("jsonl" if ".jsonl" in file.name else "csv"),
                event_map=load_map(event_map),
                received_at=started,
                rejects=rejects or project.home / f"{file.name}.rejects.csv",
                on_progress=lambda so_far: report(so_far.read, None),
            )
        facts = {
            "read": result.read,
            "taken": result.taken,
            "known": result.known,
            "left_out": result.left_out,
            "rejected": result.rejected,
            "rejects_file": str(result.rejects_file) if result.rejects_file else None,
            "seconds": system_clock() - started,
        }
        if as_json:
            print_json(facts)
            return
        print_facts(f"{result.read} rows of {file.name}", {
            "taken": result.taken,
            "known already": result.known,
            "left out by the map": result.left_out,
            "rejected": f"{result.rejected}" + (f", see {result.rejects_file}" if result.rejects_file else ""),
        })  # fmt: skip
        stdout.print("Next: loyaltychain run --once")


def run(
    once: Annotated[bool, typer.Option("--once", help="One round, then end; for cron and scripts.")] = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Turn events into points and settle them in batches. Kill it anywhere, start it again. One per project."""
    with speaking(as_json):
        world = open_world(project_at(home))
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        lock = FileLock(world.project.worker_lock, timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise errors.DatabaseBusy("Another `loyaltychain run` works on this project; there is one per project.",
                                      lock=str(world.project.worker_lock)) from error  # fmt: skip
        with lock, progress("working", quiet=as_json) as report:
            while True:
                round_report = run_once(world, on_progress=lambda done: report(done, None))
                if once:
                    break
                if round_report.events or round_report.batches or round_report.waiting_for:
                    _say(round_report)
                if stopping.wait(world.profile.poll_seconds):
                    return
        if as_json:
            print_json(round_report.document())
        else:
            _print_round(round_report)
        if round_report.waiting_for:
            raise typer.Exit(EXIT_RETRY)


def status(home: Home = HERE, as_json: AsJson = False) -> None:
    """How far things are: events, ledger, batches, chain."""
    with speaking(as_json):
        facts = read_status(project_at(home))
        if as_json:
            print_json(facts)
            return
        print_facts(f"Project {facts['home']}", {
            "network": f"{facts['network']}: {facts['chain']}",
            "contracts": facts["ledger_contract"] or "not deployed: loyaltychain deploy",
            "members": facts["members"],
            "events": f"{facts['events']}, {facts['events_waiting']} of them waiting for `loyaltychain run`",
            "ledger": f"{facts['entries']} entries, {facts['points_outstanding']} points outstanding",
            "batches": ", ".join(f"{count} {state}" for state, count in facts["batches"].items()) or "none",
        })  # fmt: skip


def _say(report: RunReport) -> None:
    stderr.print(
        f"{report.events} events, {report.entries} entries, {report.batches} batches settled"
        + (f", waiting for {report.waiting_for}" if report.waiting_for else ""),
        highlight=False,
    )


def _print_round(report: RunReport) -> None:
    print_facts("One round", {
        "events": f"{report.events} ({report.refused} refused, {report.nothing} without an award)",
        "entries": report.entries,
        "batches settled": f"{report.batches}, {report.updates} updates, {report.gas_used} gas",
    })  # fmt: skip
    if report.waiting_for:
        stdout.print(f"Waiting for {report.waiting_for}. Run it again when that is mended.", soft_wrap=True)
    else:
        stdout.print("Next: loyaltychain audit, or loyaltychain receipt show --member MEMBER")
