"""``run`` and ``status``: events become batches on chain, and how far things are."""

import signal
import threading
from typing import Annotated, Any

import typer

from loyaltychain.cli.options import HERE, AsJson, Home, only_writer, project_at, speaking
from loyaltychain.cli.output import EXIT_RETRY, print_facts, print_json, progress, stderr, stdout
from loyaltychain.core import errors
from loyaltychain.core.words import counted
from loyaltychain.reports.jobs import run_jobs
from loyaltychain.status import read_status
from loyaltychain.wiring import World, open_world
from loyaltychain.worker import RunReport, run_once

PAGES_A_ROUND = 20  # of exports, so that events need not wait for a long one


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("run")(run)
    app.command("status")(status)


def run(
    once: Annotated[bool, typer.Option("--once", help="One round, then end; for cron and scripts.")] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="First send a halted batch again. The contract counts it once.")
    ] = False,
    settle_every: Annotated[
        int | None,
        typer.Option(help="Seconds between two batches while it goes on; else as in loyaltychain.toml.", min=0),
    ] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Turn events into points and settle them in batches. Kill it anywhere, start it again. One per project."""
    with speaking(as_json), only_writer(project := project_at(home)):
        world = open_world(project)
        every = project.settings.settle_every if settle_every is None else settle_every
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        if once:
            run_jobs(world.engine, project.home, now=world.clock())
        with progress("working", quiet=as_json or not once) as report:
            done = run_once(world, retry=retry, on_progress=lambda count: report(count, None)) if once else (
                _run_until(stopping, world, retry=retry, settle_every=every)
            )  # fmt: skip
        if as_json:
            print_json(done.document())
        else:
            _print_round(done, once=once)
        if done.waiting_for:
            raise typer.Exit(EXIT_RETRY)


def _run_until(stopping: threading.Event, world: World, *, retry: bool, settle_every: int) -> RunReport:
    """Round after round until a signal. What time alone can mend is said and tried again; the rest ends the run."""
    total = RunReport()
    while True:
        try:
            run_jobs(world.engine, world.project.home, now=world.clock(), pages=PAGES_A_ROUND)
            done = run_once(world, retry=retry, settle_every=settle_every)
        except errors.RetryableError as problem:
            done = RunReport(waiting_for=str(problem))
        retry = False  # asked for once: a batch that halts again is for an engineer again
        if done.events or done.batches or done.waiting_for != total.waiting_for:
            _say(done)
        total = total.plus(done)
        if stopping.wait(world.profile.poll_seconds):
            return total


def status(home: Home = HERE, as_json: AsJson = False) -> None:
    """How far things are: events, ledger, batches, chain."""
    with speaking(as_json):
        facts = read_status(project_at(home))
        if as_json:
            print_json(facts)
            return
        print_facts(f"Project {facts['home']}", {
            "network": f"{facts['network']}: {_chain_in_words(facts['chain'])}",
            "contracts": facts["ledger_contract"] or "not deployed: loyaltychain deploy",
            "rules": facts["rules"],
            "members": facts["members"],
            "events": f"{facts['events']}, {facts['events_waiting']} of them waiting for `loyaltychain run`",
            "ledger": f"{counted(facts['entries'], 'entry', 'entries')}, "
                      f"{counted(facts['points_outstanding'], 'point')} outstanding",
            "batches": ", ".join(f"{count} {state}" for state, count in facts["batches"].items()) or "none",
            **({"on chain": _on_chain_in_words(facts["on_chain"])} if facts["on_chain"] else {}),
            **({"challengeable": _challengeable_in_words(facts["challengeable"])} if facts["challengeable"] else {}),
            **({"waiting for": facts["waiting_for"]} if facts["waiting_for"] else {}),
        })  # fmt: skip


def _on_chain_in_words(ledger: dict[str, Any]) -> str:
    paused = "PAUSED, nothing settles until `loyaltychain unpause`; " if ledger["paused"] else ""
    return f"{paused}{ledger['mode']} mode, last batch {ledger['last_batch']}"


def _challengeable_in_words(pending: dict[str, Any]) -> str:
    first, last = pending["from"], pending["to"]
    which = f"batch {first}" if first == last else f"batches {first} to {last}"
    last_one = "" if first == last else "the last of them "
    return f"{which} can still be voided, {last_one}until {pending['until']}: loyaltychain watch"


def _chain_in_words(chain: dict[str, Any]) -> str:
    return f"answers, at block {chain['block']}" if chain["running"] else f"{chain['reason']} {chain['hint']}".strip()


def _points_in_words(report: RunReport) -> str:
    kinds = {"issued": report.issued, "redeemed": report.redeemed, "taken back": report.reversed,
             "given again": report.reinstated, "refunded": report.refunded, "expired": report.expired}  # fmt: skip
    words = ", ".join(f"{points:,} {kind}" for kind, points in kinds.items() if points) or "none moved"
    return words + (f"; {report.owed:,} of what was taken back are owed" if report.owed else "")


def _say(report: RunReport) -> None:
    stderr.print(
        f"{counted(report.events, 'event')}, {counted(report.entries, 'entry', 'entries')}, "
        f"{counted(report.batches, 'batch', 'batches')} settled"
        + (f", waiting for {report.waiting_for}" if report.waiting_for else ""),
        highlight=False,
    )


def _print_round(report: RunReport, *, once: bool) -> None:
    print_facts("One round" if once else "Until now", {
        "events": f"{report.events} ({report.refused} refused, {report.nothing} without an award"
                  + (f", {report.parked} wait for their order" if report.parked else "") + ")",
        "entries": report.entries,
        "points": _points_in_words(report),
        "batches settled": f"{report.batches}, {counted(report.updates, 'update')}, {report.gas_used:,} gas",
    })  # fmt: skip
    if report.waiting_for:
        stdout.print(f"Waiting for {report.waiting_for}. Run it again when that is mended.", soft_wrap=True)
    elif report.batches:
        stdout.print("Next: loyaltychain audit, or loyaltychain receipt show --member MEMBER")
    elif not report.events:
        stdout.print("There was nothing to do. Events come in with: loyaltychain ingest FILE --map MAP")
