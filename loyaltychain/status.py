"""How far a project is, in figures. Reads only; a chain that is not running is a fact, not an error."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select

from loyaltychain.chain.nodes import Nodes
from loyaltychain.chain.profiles import load_profile
from loyaltychain.chain.rpc import Rpc
from loyaltychain.config.project import Project
from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.clock import system_clock
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx, reading
from loyaltychain.db.migrate import open_migrated
from loyaltychain.deploy import published
from loyaltychain.deploy.manifest import read_manifest
from loyaltychain.events.tables import events, members
from loyaltychain.ledger.accounts import ADJUSTED, EXPIRED, ISSUED, REDEEMED, REVERSED
from loyaltychain.ledger.tables import entries, volumes
from loyaltychain.operations.conduct.step import read_decided
from loyaltychain.program.load import load_program
from loyaltychain.settlement.contract import final_at, read_ledger
from loyaltychain.settlement.lag import find_alarms, read_lag
from loyaltychain.settlement.standing import Half
from loyaltychain.settlement.store import batches_in_state, last_final
from loyaltychain.settlement.succession import newest_intent
from loyaltychain.settlement.tables import batches
from loyaltychain.wiring import World, open_world


@dataclass(frozen=True, slots=True)
class Totals:
    """All points of the programme, from the ledger's accounts.

    issued + adjusted == outstanding + pending - owed + redeemed + expired + reversed.
    """

    issued: int
    adjusted: int  # given by hand, less what was taken by hand
    outstanding: int  # available and held: what members own on chain once it is settled
    held: int
    pending: int
    owed: int  # debts, netted from later awards
    redeemed: int
    expired: int
    reversed: int  # taken back with returns, less what was given again


def read_totals(tx: Tx) -> Totals:
    """The totals at this moment."""
    balances: Counter[str] = Counter()
    of_points = select(volumes.c.account, volumes.c.total_in - volumes.c.total_out).where(volumes.c.unit == POINTS)
    for account, balance in tx.execute(of_points):
        balances[account if account.startswith("program:") else account.rsplit(":", 1)[1]] += balance
    return Totals(
        issued=-balances[ISSUED],
        adjusted=-balances[ADJUSTED],
        outstanding=balances["available"] + balances["held"],
        held=balances["held"],
        pending=balances["pending"],
        owed=-balances["debt"],
        redeemed=balances[REDEEMED],
        expired=balances[EXPIRED],
        reversed=balances[REVERSED],
    )


def count_members(tx: Tx) -> int:
    """How many members there are."""
    return int(tx.execute(select(func.count()).select_from(members)).scalar_one())


def read_status(project: Project) -> dict[str, Any]:
    """The figures of ``loyaltychain status``; ``batches`` maps each state to a count.

    Raises InvalidSettings for a network that there is no profile of.
    """
    load_profile(project.settings.network)
    with reading(open_migrated(project.database_url)) as tx:
        figures = _figures(tx) | {"rules": _rules(project, tx)} | read_worker(tx, project, now=system_clock())
    return {
        "home": str(project.home),
        "network": project.settings.network,
        "chain": _chain(project),
        "ledger_contract": _ledger_contract(project),
        **figures,
        "challengeable": _challengeable(project),
        "on_chain": _on_chain(project),
    }


def read_worker(tx: Tx, project: Project, *, now: UnixSeconds) -> dict[str, Any]:
    """How the worker stands, how far it is behind, and which of that somebody should look at; ``worker`` is None before
    it ran."""
    lag, standing = read_lag(tx, project.settings.network, now=now)
    halves = standing and {"deciding": _half(standing.deciding), "settling": _half(standing.settling)}
    alarms = find_alarms(lag, standing, project.settings.api.ready)
    return {"worker": halves, "ages": asdict(lag), "alarms": alarms}


def _half(half: Half) -> dict[str, Any]:
    return asdict(half) | {"since": format_instant(half.since)}


def _figures(tx: Tx) -> dict[str, Any]:
    taken = tx.execute(select(func.count()).select_from(events)).scalar_one()
    states = tx.execute(select(batches.c.state, func.count()).group_by(batches.c.state).order_by(batches.c.state))
    totals = read_totals(tx)
    return {
        "members": count_members(tx),
        "events": taken,
        "events_waiting": taken - read_decided(tx),
        "entries": tx.execute(select(func.count()).select_from(entries)).scalar_one(),
        "points_outstanding": totals.outstanding,
        "points_accrued": totals.outstanding - _settled_supply(tx),
        "points_pending": totals.pending,
        "points_held": totals.held,
        "points_owed": totals.owed,
        "waiting_for": _waiting_for(tx),
        "batches": {row.state: row[1] for row in states},
    }


def _settled_supply(tx: Tx) -> int:
    """The points that exist on chain after the newest final batch."""
    last = last_final(tx)
    return last.header.supply if last else 0


def _waiting_for(tx: Tx) -> str | None:
    """Why the batch that is on its way, or halted, is not final yet."""
    unfinished = [*batches_in_state(tx, "halted"), *batches_in_state(tx, "submitted")]
    if not unfinished:
        return None
    number = unfinished[0].header.batch_id
    return f"batch {number}: {newest_intent(tx, number).reason or 'on its way'}"


def _chain(project: Project) -> dict[str, Any]:
    facts: dict[str, Any] = {"running": False, "block": None, "reason": None, "hint": None, "nodes": []}
    rpc: Rpc | None = None
    try:
        rpc = open_world(project).rpc
        facts |= {"running": True, "block": rpc.block("latest").number}
    except (
        errors.ChainNotRunning,
        errors.RpcUnavailable,
        errors.InvalidSettings,
        errors.WrongChain,
    ) as error:
        facts |= {"running": False, "reason": error.message, "hint": str(error.context.get("hint", ""))}
    if isinstance(rpc, Nodes):
        facts["nodes"] = [asdict(each) for each in rpc.states()]
    return facts


def read_challengeable(world: World) -> dict[str, Any] | None:
    """Which of the project's settled batches can still be voided: ``from`` and ``to``, their numbers, and ``until``,
    when the newest of them cannot any more, RFC 3339. None if none can, and in push mode.

    Raises as ``open_world`` and its chain do.
    """
    with reading(world.engine) as tx:
        batch = last_final(tx)
    if batch is None:
        return None
    deployment, head = world.deployment, world.rpc.block("latest")
    until = final_at(world.rpc, deployment, batch.header.batch_id, block=head.number)
    if until is None or until <= head.timestamp:
        return None
    last_final_id = read_ledger(world.rpc, deployment, "lastFinalId", block=head.number)
    return {"from": int(str(last_final_id)) + 1, "to": batch.header.batch_id, "until": format_instant(until)}


def _on_chain(project: Project) -> dict[str, Any] | None:
    """What the ledger contract says: mode, whether it is paused, its last batch. None while it cannot be asked."""
    try:
        world = open_world(project)
        views = {name: read_ledger(world.rpc, world.deployment, name) for name in ("mode", "paused", "lastBatchId")}
    except (errors.RequestError, errors.RetryableError, errors.InvariantError):
        return None
    mode = ("push", "root")[int(str(views["mode"]))]
    return {"mode": mode, "paused": bool(views["paused"]), "last_batch": views["lastBatchId"]}


def _challengeable(project: Project) -> dict[str, Any] | None:
    """The same; None also while the chain does not answer, or is not this project's."""
    try:
        return read_challengeable(open_world(project))
    except (errors.RequestError, errors.RetryableError, errors.InvariantError):
        return None


def _rules(project: Project, tx: Tx) -> str:
    """Whether the programme file is the one in force."""
    try:
        program = load_program(project.program_file)
    except errors.InvalidProgram as error:
        return f"{project.program_file.name} cannot be used: {error.message}"
    in_force = published.read_latest(tx, project.settings.network)
    if in_force is not None and in_force.digest == program.digest:
        return f"{program.name} {program.version}, in force from ledger position {in_force.from_position}"
    return f"{program.name} {program.version}, not published: loyaltychain deploy"


def _ledger_contract(project: Project) -> str | None:
    try:
        return str(read_manifest(project.manifest_file)["contracts"]["PointsLedger"]["address"])
    except errors.NotDeployed:
        return None
