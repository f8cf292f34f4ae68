"""Sample histories, and what a database holds after the step."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, select

import loyaltychain.ledger.tables as ledger_tables
import loyaltychain.operations.tables as operations_tables
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import transaction
from loyaltychain.events.capture import capture
from loyaltychain.events.types import Event
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.types import StepReport
from loyaltychain.program.types import Program
from tests.database import fresh_database
from tests.events.builders import LATER, make_event
from tests.program.builders import make_program

NOW = UnixSeconds(LATER + 60)


def purchase(number: int, member: str = "ann", amount: int = 1530, **changes: Any) -> Event:
    """Order ``number`` of a member, in pence."""
    fields = {"id": f"INV-{number}", "member_id": member, "payload": {"amount": amount, "currency": "GBP"}}
    return make_event(**(fields | changes))


def redemption(number: int, member: str = "ann", points: object = 10) -> Event:
    """Redemption ``number`` of a member."""
    payload = {"amount": points, "unit": "points"}
    return make_event(id=f"RED-{number}", member_id=member, type="redemption", payload=payload)


def take(engine: Engine, *events: Event) -> None:
    """Capture events in this order."""
    with transaction(engine) as tx:
        capture(tx, events, received_at=LATER)


def run_all(engine: Engine, *, program: Program | None = None, limit: int = 1000) -> list[StepReport]:
    """Run the step until there is nothing left to do."""
    reports: list[StepReport] = []
    while not reports or reports[-1].events:
        reports.append(earn_step(engine, program or make_program(), now=NOW, limit=limit))
    return reports[:-1]


def everything(engine: Engine) -> dict[str, Sequence[tuple[Any, ...]]]:
    """All rows that the step can write, by table."""
    tables = (
        ledger_tables.entries,
        ledger_tables.volumes,
        ledger_tables.lots,
        ledger_tables.lot_moves,
        ledger_tables.redemptions,
        operations_tables.outcomes,
        operations_tables.orders,
        operations_tables.order_lines,
        operations_tables.order_bonuses,
        operations_tables.return_lines,
    )
    with transaction(engine) as tx:
        return {
            table.name: [tuple(row) for row in tx.execute(select(table).order_by(*table.primary_key.columns))]
            for table in tables
        }


def bare_database() -> Engine:
    """In memory: there is a new one for each example of a property."""
    return fresh_database("sqlite")
