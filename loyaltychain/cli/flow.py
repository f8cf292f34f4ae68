"""``run`` and ``status``: events become batches on chain, and how far things are."""

import signal
import threading
from typing import Annotated

import typer
from filelock import FileLock, Timeout

from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import EXIT_RETRY, print_facts, print_json, progress, stderr, stdout
from loyaltychain.core import errors
from loyaltychain.status import read_status
from loyaltychain.wiring import open_world
from loyaltychain.worker import RunReport, run_once


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("run")(run)
    app.command("status")(status)


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
