"""``simulate``, ``replay``: a draft over the history that there is; and whether what was given is what had to be."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loyaltychain.cli.listing import print_rows
from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import EXIT_FOUND, escape, print_facts, print_json, progress, stdout
from loyaltychain.config.project import Project
from loyaltychain.core import errors, money
from loyaltychain.core.clock import system_clock
from loyaltychain.core.words import counted
from loyaltychain.db.engine import Tx, reading
from loyaltychain.db.migrate import open_migrated
from loyaltychain.operations.conduct.versions import read_versions
from loyaltychain.program.load import load_program
from loyaltychain.program.types import Program
from loyaltychain.reports.liability import cost_of, make_terms
from loyaltychain.reports.replay.findings import MEANINGS, Finding
from loyaltychain.reports.replay.history import Report
from loyaltychain.reports.replay.simulation import NOTES, Change, Moved, Simulation
from loyaltychain.reports.replay.simulation import simulate as play_both
from loyaltychain.reports.replay.verify import Verified
from loyaltychain.reports.replay.verify import verify as verify_all

if TYPE_CHECKING:
    from loyaltychain.db.reconciliations import Reconciliation
    from loyaltychain.wiring import World

_SHOWN = 20  # findings, in the text


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("simulate")(simulate)
    app.command("replay")(replay)


def simulate(
    program: Annotated[
        Path, typer.Option("--program", metavar="DRAFT", help="The draft of a programme file.", dir_okay=False)
    ],
    history: Annotated[
        bool, typer.Option("--history", help="Over all events of this project, which it always is.")
    ] = True,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Play a draft and the programme in force over the whole history: points, badges, tiers, who wins and loses, cost.

    In memory; nothing is written.
    """
    assert history, "the option can only be given"
    with speaking(as_json):
        project, started = project_at(home), time.monotonic()
        draft = load_program(program)
        with reading(open_migrated(project.database_url)) as tx, _bars(quiet=as_json) as bars:
            in_force = _in_force(tx, project)
            terms = make_terms(project.settings.liability, currency=in_force.currency)
            found = play_both(tx, in_force, draft, now=system_clock(), terms=terms, report=bars.start)
        if as_json:
            print_json(found.document() | {"seconds": round(time.monotonic() - started, 1)})
        else:
            _print(found)


def replay(
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare what comes out with what is stored, as it always does.")
    ] = True,
    chain: Annotated[
        bool, typer.Option("--chain/--no-chain", help="Hold the ledger against the chain, too, where there is one.")
    ] = True,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Work out every award anew from events, decisions and programmes; compare with grants, ledger and chain.

    Writes nothing. Exit code 1 when anything differs.
    """
    assert verify, "the option can only be given"
    with speaking(as_json):
        project, started = project_at(home), time.monotonic()
        world = _open_chain(project) if chain and project.manifest_file.is_file() else None
        with reading(open_migrated(project.database_url)) as tx, _bars(quiet=as_json) as bars:
            found = verify_all(tx, now=system_clock(), report=bars.start)
        compared = None if world is None else _compare_chain(world)
        differences = [] if compared is None else _chain_findings(compared)
        findings = [*found.findings, *differences]
        if as_json:
            print_json({
                "findings": [each.document() for each in findings], "events": found.events, "members": found.members,
                "facts": found.facts, "grants": found.grants, "decisions": found.decisions, "waiting": found.waiting,
                "chain": None if compared is None else {"batches": compared.batches, "block": compared.block_number},
                "seconds": round(time.monotonic() - started, 1),
            })  # fmt: skip
        else:
            _print_replay(found, compared, findings)
        if findings:
            raise typer.Exit(EXIT_FOUND)


def _open_chain(project: Project) -> "World":
    """The chain, before the long work: whoever has none at hand is told at once. Raises ChainNotRunning."""
    from loyaltychain.wiring import open_world  # the chain's libraries take seconds to load

    try:
        return open_world(project)
    except errors.ChainNotRunning as error:
        raise errors.ChainNotRunning(
            error.message, **{**error.context, "or": "leave the chain out with --no-chain"}
        ) from error


def _compare_chain(world: "World") -> "Reconciliation":
    """Ledger, batches and chain, as `reconcile` compares them; nothing is recorded."""
    from loyaltychain.audit.heads import FinalityRule
    from loyaltychain.worker.reconciliation import compare

    rule = FinalityRule.of(world.profile)
    return compare(world.engine, world.rpc, world.manifest, rule=rule, actor="replay", now=world.clock())


def _chain_findings(compared: "Reconciliation") -> list[Finding]:
    found = [Finding(f"chain-{each.code}", each.subject, each.expected, each.actual) for each in compared.differences]
    for each in compared.off:
        points = each.points
        said = f"batches {points.batches}, chain {points.chain}"
        found.append(Finding("chain-member", f"member {each.member}", f"ledger {points.ledger}", said))
    return found


def _print_replay(found: Verified, compared: "Reconciliation | None", findings: Sequence[Finding]) -> None:
    on_chain = (
        "not compared" if compared is None
        else f"{counted(compared.batches, 'batch', 'batches')} up to block {compared.block_number:,}"
    )  # fmt: skip
    print_facts("Replayed", {
        "events": f"{found.events:,}", "members": f"{found.members:,}", "facts of theirs": f"{found.facts:,}",
        "grants": f"{found.grants:,}", "decisions on what is shared": f"{found.decisions:,}", "chain": on_chain,
        **({"not compared": f"{found.waiting:,} members, whom the worker has to fold anew"} if found.waiting else {}),
    })  # fmt: skip
    if not findings:
        stdout.print("Everything is what events, decisions and programmes make it.")
        return
    for each in findings[:_SHOWN]:
        stdout.print(f"[red]{each.code}[/] {escape(each.subject)}: {MEANINGS.get(each.code, '')}", highlight=False)
        stdout.print(f"  expected  {escape(each.expected)}\n  found     {escape(each.actual)}", highlight=False,
                     soft_wrap=True)  # fmt: skip
    if len(findings) > _SHOWN:
        stdout.print(f"… and {counted(len(findings) - _SHOWN, 'finding')} more; --json has all.", highlight=False)


class _Bars:
    """One bar after another on stderr, each with a name."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._open: list[Iterator[Report]] = []

    def start(self, name: str) -> Report:
        """A new bar; the one before is over."""
        self.stop()
        bar = self._run(name)
        self._open.append(bar)
        return next(bar)

    def stop(self) -> None:
        """The last bar is over."""
        while self._open:
            next(self._open.pop(), None)

    def _run(self, name: str) -> Iterator[Report]:
        with progress(name, quiet=self._quiet) as report:
            yield report


@contextmanager
def _bars(*, quiet: bool) -> Iterator[_Bars]:
    bars = _Bars(quiet=quiet)
    try:
        yield bars
    finally:
        bars.stop()


def _in_force(tx: Tx, project: Project) -> Program:
    """The version that decided last; the programme file's where none did yet."""
    return read_versions(tx).newest or load_program(project.program_file)


def _print(found: Simulation) -> None:
    print_facts(f"Version {found.draft.version} ({found.draft.name}) over {counted(found.events, 'event')}", {
        "points": _words(found.points),
        "members who get more": _moved(found.winners),
        "members who get less": _moved(found.losers),
        "in another tier": counted(found.moved_tier, "member"),
        "outstanding": _words(found.outstanding),
        **_cost(found),
    })  # fmt: skip
    for title, changes in (
        ("rule", found.rules),
        ("badge", found.badges),
        ("tier", found.tiers),
        ("not given because of", found.suppressed),
    ):
        _print_changes(title, changes)
    for title, moved in (("gets most more", found.winners), ("gets most less", found.losers)):
        rows = [(id_, f"{points:+,}") for _, id_, points in moved.top]
        if rows:
            stdout.print()
            print_rows([title], ["points"], rows, ids=[title])
    stdout.print()
    for note in NOTES:
        stdout.print(note, style="dim", highlight=False)


def _print_changes(title: str, changes: Sequence[Change]) -> None:
    rows = [(each.name, f"{each.in_force:,}", f"{each.draft:,}", f"{each.draft - each.in_force:+,}")
            for each in changes]  # fmt: skip
    if rows:
        stdout.print()
        print_rows([title], ["in force", "draft", "difference"], rows, ids=[title])


def _words(change: Change) -> str:
    return f"{change.in_force:,} in force, {change.draft:,} by the draft ({change.draft - change.in_force:+,})"


def _moved(moved: Moved) -> str:
    return f"{moved.members:,}" + (f", {moved.points:+,} together" if moved.members else "")


def _cost(found: Simulation) -> dict[str, str]:
    terms = found.terms
    if terms is None:
        return {"cost": "not said: cost_per_point in [liability], loyaltychain.toml"}
    before, after = (money.in_words(cost_of(each, terms), terms.currency) for each in (found.before, found.after))
    return {"cost": f"{before} now, {after} had the draft been in force"}
