"""Whether the process lives and can work. The only routes without a key; they tell nothing about members.

Unready is what this process cannot serve: no database, or one of another release. What others are late with, the worker
above all, is a warning.
"""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import Field

from loyaltychain.api import answers
from loyaltychain.api.context import Context
from loyaltychain.api.problems import Problem
from loyaltychain.api.tenants import Tenant
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx, reading
from loyaltychain.db.migrate import read_version
from loyaltychain.db.migrations import NEWEST
from loyaltychain.db.restores import unreconciled
from loyaltychain.settlement.blocking import why_blocked
from loyaltychain.settlement.lag import Alarm, Lag, find_alarms, read_lag
from loyaltychain.settlement.standing import Half, Standing, read_standing

router = APIRouter(tags=["health"])


class HalfStanding(answers.Answer):
    """How one half of a worker stands."""

    state: str
    code: str | None = Field(description="the error's name; null: nothing is wrong, or it only waits")
    reason: str | None = Field(description="what is wrong, and what to do")
    since: str


class WorkerStanding(answers.Answer):
    """The worker of one programme, by its place on the command line."""

    program: int
    seen_at: str
    deciding: HalfStanding = Field(description="events to entries; state: on or stopped")
    settling: HalfStanding = Field(
        description="entries to final batches; state: on, waiting (time mends it), paused (the chain is silent) or "
        "halted (an engineer has to look)"
    )


class Readiness(answers.Answer):
    """The database answers and is of this release. ``warnings`` name what is beyond ``[api.ready]``; the figures are of
    the programme that is furthest behind."""

    status: Literal["ok"] = "ok"
    events_waiting: int
    oldest_event_seconds: int | None
    oldest_unsettled_seconds: int | None
    newest_final_seconds: int | None = Field(description="since the last final batch was sealed; null: there is none")
    worker_seen_seconds: int | None = Field(description="since the worker gave a sign of life; null: it never ran")
    chain_head_seconds: int | None = Field(description="age of the newest block; null: this chain may be idle")
    chain_final_seconds: int | None = Field(description="age of the newest final block")
    reconciled_seconds: int | None = Field(
        description="since ledger, batches and chain were last compared, or since the first batch"
    )
    differences: int | None = Field(description="that the comparison found; null: nothing was compared yet")
    warnings: Annotated[list[Alarm], Field(description="what somebody should look at; this process can serve")]
    workers: list[WorkerStanding]


@router.get("/healthz")
async def get_health() -> answers.Alive:
    """The process answers."""
    return answers.Alive()


@router.get("/readyz")
def get_readiness(request: Request) -> Readiness:
    """The databases answer and have this release's tables. The figures say how far the worker is behind."""
    tenants: list[Tenant] = request.app.state.tenants
    found = [(tenant.context.project.settings.api.ready, *look(tenant.context)) for tenant in tenants]
    alarms = {name for bounds, lag, standing in found for name in find_alarms(lag, standing, bounds)}
    figures = [asdict(lag) for _, lag, _ in found]
    worst = {name: max((each[name] for each in figures if each[name] is not None), default=None) for name in figures[0]}
    workers = [_show(place, standing) for place, (_, _, standing) in enumerate(found) if standing is not None]
    return Readiness(**worst, warnings=sorted(alarms), workers=workers)


@router.get("/readyz/settlement")
def get_settlement_readiness(request: Request) -> answers.Alive:
    """Settlement may go on: ledger, batches and chain agree, and the worker is not halted. For alarms; a balancer asks
    `/readyz`, for the API serves all the same."""
    tenants: list[Tenant] = request.app.state.tenants
    for place, tenant in enumerate(tenants):
        reason = _why_stopped(tenant.context)
        if reason is not None:
            raise Problem("settlement-stopped", reason, facts={"program": place})
    return answers.Alive()


def _why_stopped(context: Context) -> str | None:
    """Why nothing new is settled until somebody has looked; None where it is. Without a member's number."""
    network = context.project.settings.network
    with reading(context.engine) as tx:
        _check_tables(tx)
        standing, restored, blocked = read_standing(tx, network), unreconciled(tx), why_blocked(tx, network)
    if blocked is not None:
        return f"Settlement waits for {blocked}."
    if restored is not None:
        return "The database was restored, and not held against its chain since: run `loyaltychain reconcile`."
    if standing is not None and standing.settling.state == "halted":
        return f"Settlement is halted: {standing.settling.reason}"
    return None


def look(context: Context) -> tuple[Lag, Standing | None]:
    """How far the worker of this programme is behind, and how it stands. Raises a Problem for tables of another
    release."""
    with reading(context.engine) as tx:
        _check_tables(tx)
        return read_lag(tx, context.project.settings.network, now=context.clock())


def _show(place: int, standing: Standing) -> WorkerStanding:
    return WorkerStanding(
        program=place,
        seen_at=format_instant(standing.beat_at),
        deciding=_show_half(standing.deciding),
        settling=_show_half(standing.settling),
    )


def _show_half(half: Half) -> HalfStanding:
    return HalfStanding(state=half.state, code=half.code, reason=half.reason, since=format_instant(half.since))


def _check_tables(tx: Tx) -> None:
    has = read_version(tx)
    if has != NEWEST:
        raise Problem("unavailable", f"The database has the tables of version {has}, this release wants another.")
