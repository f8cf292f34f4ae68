"""``reconcile``: hold ledger, batches, chain and supply against each other, and take over what is provably ours."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from loyaltychain.cli.options import HERE, AsJson, Home, alone, project_at, speaking
from loyaltychain.cli.output import EXIT_FOUND, escape, print_json, stdout
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.times import format_instant
from loyaltychain.core.words import counted
from loyaltychain.db.engine import reading
from loyaltychain.db.migrate import open_migrated
from loyaltychain.db.reconciliations import MemberPoints, Points, Reconciliation, last_reconciliation
from loyaltychain.settlement.blocking import ADVICE
from loyaltychain.settlement.guard import check_database, check_identity
from loyaltychain.settlement.reconcile import is_ahead
from loyaltychain.settlement.reconcile import reconcile as release_restored
from loyaltychain.settlement.take_over import TakenOver, take_over
from loyaltychain.settlement.voids import take_over_voids
from loyaltychain.wiring import World, open_world
from loyaltychain.worker.reconciliation import reconcile as compare_and_keep

_NOTHING = TakenOver()
_SHOWN = 20  # members, and other differences, in the text; --json has all members

Actor = Annotated[str, typer.Option("--actor", help="Who asks, for the record.")]
Last = Annotated[bool, typer.Option("--last", help="Show what was found last; ask no chain, record nothing.")]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What the command comes to. ``is_released``: a restored database may be signed for again."""

    found: Reconciliation | None
    taken: TakenOver = _NOTHING
    is_released: bool = False

    @property
    def is_clean(self) -> bool:
        return self.taken.stopped_at is None and (self.found is None or self.found.is_clean)


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("reconcile")(reconcile)


def reconcile(actor: Actor = "operator", last: Last = False, home: Home = HERE, as_json: AsJson = False) -> None:
    """Compare ledger, batches, chain and supply, and record it. Exit code 1 on a difference: nothing is sealed then.

    Where the chain has batches that this database does not know, as after a restore, takes over first what the ledger
    proves to be its own. Sends nothing. A later comparison without a difference lets the worker seal again.
    """
    with speaking(as_json):
        project = project_at(home)
        if last:
            with reading(open_migrated(project.database_url)) as tx:
                outcome = _Outcome(last_reconciliation(tx, project.settings.network))
        else:
            outcome = _reconcile(open_world(project), actor=actor)
        if as_json:
            print_json(_document(outcome))
        else:
            _print(outcome)
        if not outcome.is_clean:
            raise typer.Exit(EXIT_FOUND)


def _reconcile(world: World, *, actor: str) -> _Outcome:
    deployment = world.deployment
    check_identity(world.rpc, deployment)
    check_database(world.engine, deployment, is_reconciling=True)
    if deployment.mode == "root":
        take_over_voids(world.engine, world.rpc, deployment, depth=world.finality_depth())
    taken = _NOTHING
    if is_ahead(world.engine, world.rpc, deployment):
        with alone(world) as leading:  # the worker stands aside: batches come in past it
            taken = take_over(
                leading.engine, world.rpc, deployment, depth=world.finality_depth(), actor=actor, now=world.clock()
            )
    found = compare_and_keep(world, actor=actor)
    is_released = False
    if found.is_clean and taken.stopped_at is None:
        is_released = release_restored(world.engine, world.rpc, deployment, actor=actor, now=world.clock())
    return _Outcome(found, taken, is_released)


def _document(outcome: _Outcome) -> dict[str, Any]:
    found, taken = outcome.found, outcome.taken
    document: dict[str, Any] = {"clean": outcome.is_clean, "taken_over": list(taken.numbers)}
    stopped = {"batch": taken.stopped_at, "reason": taken.reason}
    document |= {"stopped": None if taken.stopped_at is None else stopped, "released": outcome.is_released}
    return document | {"reconciliation": None if found is None else _record(found)}


def _record(found: Reconciliation) -> dict[str, Any]:
    return {
        "network": found.network,
        "at": format_instant(found.at),
        "by": found.actor,
        "block": {"number": found.block_number, "hash": to_hex(found.block_hash)},
        "batches": found.batches,
        "members": found.members,
        "supply": asdict(found.supply),
        "count": found.count,
        "differences": [asdict(each) | {"advice": ADVICE[each.place]} for each in found.differences],
        "frozen": [{"member": each.member, **_points(each)} for each in found.off],
    }


def _points(each: MemberPoints) -> dict[str, int]:
    points: Points = each.points
    return {**asdict(points), "difference": points.chain - points.ledger}


def _print(outcome: _Outcome) -> None:
    found, taken = outcome.found, outcome.taken
    if taken.numbers:
        stdout.print(f"Taken over as final: batch {', '.join(map(str, taken.numbers))}.", highlight=False)
    if taken.stopped_at is not None:
        stdout.print(f"[red]not taken over[/] batch {taken.stopped_at} of the chain: {escape(taken.reason or '')}.",
                     highlight=False, soft_wrap=True)  # fmt: skip
    if found is None:
        stdout.print("Nothing was ever compared: loyaltychain reconcile")
        return
    stdout.print(
        f"{found.network}: {counted(found.batches, 'batch', 'batches')}, {counted(found.members, 'member')}, up to "
        f"block {found.block_number} (final), {format_instant(found.at)}, by {escape(found.actor)}",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    supply = found.supply
    stdout.print(
        f"Points: ledger {supply.ledger:,}, batches {supply.batches:,}, chain {supply.chain:,}.", highlight=False
    )
    _print_differences(found)
    if outcome.is_released:
        stdout.print("This database was restored, and the chain knows the same batches: the worker may sign again.")


def _print_differences(found: Reconciliation) -> None:
    if found.is_clean:
        stdout.print("Ledger, batches, chain and supply agree.")
        return
    for member in found.off[:_SHOWN]:
        points = member.points
        stdout.print(
            f"[red]member {member.member}[/]: ledger {points.ledger:,}, batches {points.batches:,}, "
            f"chain {points.chain:,}, difference {points.chain - points.ledger:+,}", highlight=False, soft_wrap=True,
        )  # fmt: skip
    for each in found.differences[:_SHOWN]:
        stdout.print(f"[red]{each.place}[/] {each.code}: {escape(each.subject)}\n  expected  {escape(each.expected)}\n"
                     f"  found     {escape(each.actual)}", highlight=False, soft_wrap=True)  # fmt: skip
    more = found.count - len(found.off[:_SHOWN]) - len(found.differences[:_SHOWN])
    if more:
        stdout.print(f"… and {counted(more, 'difference')} more; --json has every member's.", highlight=False)
    places = dict.fromkeys([*(each.place for each in found.differences), *(["members"] if found.off else [])])
    for place in places:
        stdout.print(f"{place}: {ADVICE[place]}", highlight=False, soft_wrap=True)
    stdout.print("Nothing is sealed until a comparison is clean; what is on its way goes to its end.")
