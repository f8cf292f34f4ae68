"""Whether the process lives and can work. The only routes without a key; they tell nothing about members."""

from fastapi import APIRouter
from sqlalchemy import text

from loyaltychain.api import answers, store
from loyaltychain.api.context import Context
from loyaltychain.api.parts import Here
from loyaltychain.api.problems import Problem
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, reading

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def get_health() -> answers.Alive:
    """The process answers."""
    return answers.Alive()


@router.get("/readyz")
def get_readiness(context: Here) -> answers.Ready:
    """The database answers and has this release's tables. The figures say how far the worker is behind."""
    now = context.clock()
    with reading(context.engine) as tx:
        _check_tables(tx, context)
        waiting, first = store.waiting_events(tx)
        unsettled = store.oldest_unsettled(tx)
    return answers.Ready(
        events_waiting=waiting,
        oldest_event_seconds=_age(first, now),
        oldest_unsettled_seconds=_age(unsettled, now),
    )


def _check_tables(tx: Tx, context: Context) -> None:
    has = tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    if has != context.revision:
        raise Problem("unavailable", f"The database has the tables of version {has}, this release wants another.")


def _age(since: int | None, now: UnixSeconds) -> int | None:
    return None if since is None else max(0, now - since)
