"""``worker`` and ``run``: events become points and settle in batches, until it is stopped or for one round."""

import os
import signal
import sys
import threading
from dataclasses import replace
from typing import Annotated

import typer

from loyaltychain.cli.mainnet import signing
from loyaltychain.cli.options import HERE, AsJson, Home, only_writer, project_at, speaking, worker_place
from loyaltychain.cli.output import EXIT_RETRY, print_facts, print_json, progress, stderr, stdout
from loyaltychain.config.project import Project
from loyaltychain.core import errors
from loyaltychain.core.words import counted
from loyaltychain.reports.jobs import run_jobs
from loyaltychain.wiring import World, open_world
from loyaltychain.worker import RunReport, run_once
from loyaltychain.worker.loop import Orders, work
from loyaltychain.worker.threads import Task, wait_for

PAGES_A_ROUND = 20  # of exports, so that events need not wait for a long one

Retry = Annotated[bool, typer.Option("--retry", help="First send a halted batch again. The contract counts it once.")]
SettleEvery = Annotated[
    int | None,
    typer.Option(help="Seconds between two batches while it goes on; else as in loyaltychain.toml.", min=0),
]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("worker")(signing(worker))
    app.command("run")(signing(run))


def worker(retry: Retry = False, settle_every: SettleEvery = None, home: Home = HERE, as_json: AsJson = False) -> None:
    """Turn events into points and settle them in batches, until it is stopped. Kill it anywhere, start it again.

    While the chain is silent, out of reach or not as it should be, events are decided on all the same; what is not
    settled then is settled later. `loyaltychain status` says how it stands.
    """
    with speaking(as_json):
        _go_on(project_at(home), retry=retry, settle_every=settle_every, as_json=as_json)


def run(
    once: Annotated[bool, typer.Option("--once", help="One round, then end; for cron and scripts.")] = False,
    retry: Retry = False,
    settle_every: SettleEvery = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """One round of the worker with --once; without it, the same as `loyaltychain worker`."""
    with speaking(as_json):
        project = project_at(home)
        if once:
            _run_once(project, retry=retry, as_json=as_json)
        else:
            _go_on(project, retry=retry, settle_every=settle_every, as_json=as_json)


def _go_on(project: Project, *, retry: bool, settle_every: int | None, as_json: bool) -> None:
    with worker_place(project) as leader:
        world = open_world(project)
        _open_key(world)
        orders = Orders(
            retry=retry,
            settle_every=project.settings.settle_every if settle_every is None else settle_every,
            say=lambda words: stderr.print(words, markup=False, highlight=False, soft_wrap=True),
            on_report=_say,
            chores=lambda term: _run_jobs(term, pages=PAGES_A_ROUND),
        )
        ended = work(world, leader, orders, _stopped_by_signals())
        if as_json:
            print_json(ended.report.document())
        else:
            _print_round("Until now", ended.report)
        if ended.is_hanging:
            _leave(0)


def _run_once(project: Project, *, retry: bool, as_json: bool) -> None:
    with only_writer(project, asks=False) as leader:
        world = open_world(project)
        world = replace(world, engine=leader.fence(world.engine))
        stopping = _stopped_by_signals()
        with progress("working", quiet=as_json) as report:

            def body() -> RunReport:
                _run_jobs(world)
                return run_once(world, retry=retry, stopping=stopping, on_progress=lambda count: report(count, None))

            task = Task(body)
            task.start()
            has_ended = wait_for(task, stopping)
        if not has_ended:
            stderr.print("Stopped while it waited for an answer. Run it again: it goes on from there.", highlight=False)
            _leave(EXIT_RETRY)
        done = task.result()
        if as_json:
            print_json(done.document())
        else:
            _print_round("One round", done)
        if done.waiting_for:
            raise typer.Exit(EXIT_RETRY)


def _open_key(world: World) -> None:
    """Whatever asks a person for something, or refuses for good, comes before the loop."""
    world.settler()
    try:
        world.check_may_spend()
    except errors.RpcUnavailable:
        return  # it is asked again before anything is signed


def _run_jobs(world: World, *, pages: int | None = None) -> None:
    run_jobs(world.engine, world.project.home, now=world.clock(), pages=pages)


def _stopped_by_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set from now on."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def _leave(code: int) -> None:
    """End at once, past a thread that hangs. As safe as a kill: what it had begun is taken up by the next run."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


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
        highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip


def _print_round(title: str, report: RunReport) -> None:
    print_facts(title, {
        "events": f"{report.events} ({report.refused} refused, {report.nothing} without an award"
                  + (" by `rules`" if report.grants else "")
                  + (f", {report.parked} wait for their order" if report.parked else "") + ")",
        **({"grants": f"{report.grants} by behaviours, those decided anew included"} if report.grants else {}),
        "entries": report.entries,
        "points": _points_in_words(report),
        "batches settled": f"{report.batches}, {counted(report.updates, 'update')}, {report.gas_used:,} gas",
    })  # fmt: skip
    if report.waiting_for:
        stdout.print(f"Waiting for {report.waiting_for}. Run it again when that is mended.", soft_wrap=True)
    elif report.batches:
        stdout.print("Next: loyaltychain audit, or loyaltychain receipt show --member MEMBER")
    elif not report.events and not report.grants:
        stdout.print("There was nothing to do. Events come in with: loyaltychain ingest FILE")
