"""Whether the process lives and can work. The only routes without a key; they tell nothing about members.

Unready is what this process cannot serve: no database, or one of another release. What others are late with, the worker
above all, is a warning.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import Field
from sqlalchemy import text

from loyaltychain.api import answers, store
from loyaltychain.api.context import Context
from loyaltychain.api.problems import Problem
from loyaltychain.api.tenants import Tenant
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, reading

router = APIRouter(tags=["health"])

Warned = Literal["events-waiting", "oldest-event", "oldest-unsettled", "newest-final"]


class Lag(answers.Answer):
    """How far the worker is behind, in the programme that is furthest behind."""

    events_waiting: int
    oldest_event_seconds: int | None
    oldest_unsettled_seconds: int | None
    newest_final_seconds: int | None = Field(description="since the last final batch was sealed; null: there is none")


class Readiness(Lag):
    """The database answers and is of this release. ``warnings`` name figures beyond ``[api.ready]``."""

    status: Literal["ok"] = "ok"
    warnings: Annotated[list[Warned], Field(description="what somebody should look at; this process can serve")]


@router.get("/healthz")
async def get_health() -> answers.Alive:
    """The process answers."""
    return answers.Alive()


@router.get("/readyz")
def get_readiness(request: Request) -> Readiness:
    """The databases answer and have this release's tables. The figures say how far the worker is behind."""
    tenants: list[Tenant] = request.app.state.tenants
    lags = [(tenant.context, read_lag(tenant.context)) for tenant in tenants]
    warnings = {warning for context, lag in lags for warning in _warnings(context, lag)}
    worst = {
        name: max((getattr(lag, name) for _, lag in lags if getattr(lag, name) is not None), default=None)
        for name in Lag.model_fields
    }
    return Readiness(**worst, warnings=sorted(warnings))


def read_lag(context: Context) -> Lag:
    """How far the worker of this programme is behind. Raises a Problem for tables of another release."""
    now = context.clock()
    with reading(context.engine) as tx:
        _check_tables(tx, context)
        waiting, first = store.waiting_events(tx)
        unsettled = store.oldest_unsettled(tx)
        final = store.newest_final(tx)
    return Lag(
        events_waiting=waiting,
        oldest_event_seconds=_age(first, now),
        oldest_unsettled_seconds=_age(unsettled, now),
        newest_final_seconds=_age(final, now),
    )


def _warnings(context: Context, lag: Lag) -> list[Warned]:
    bounds = context.project.settings.api.ready
    found: list[Warned] = []
    if lag.events_waiting > bounds.events_waiting:
        found.append("events-waiting")
    if (lag.oldest_event_seconds or 0) > bounds.oldest_event:
        found.append("oldest-event")
    if (lag.oldest_unsettled_seconds or 0) > bounds.oldest_unsettled:
        found.append("oldest-unsettled")
    # Where nothing waits to be settled, no new batch is due.
    if lag.oldest_unsettled_seconds is not None and (lag.newest_final_seconds or 0) > bounds.newest_final:
        found.append("newest-final")
    return found


def _check_tables(tx: Tx, context: Context) -> None:
    has = tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    if has != context.revision:
        raise Problem("unavailable", f"The database has the tables of version {has}, this release wants another.")


def _age(since: int | None, now: UnixSeconds) -> int | None:
    return None if since is None else max(0, now - since)
