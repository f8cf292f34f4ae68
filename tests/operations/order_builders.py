"""Sample orders and what undoes them, and what a member has after them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Engine, select

from loyaltychain.core.amounts import POINTS, QUALIFYING, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.events.types import Event
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.ledger.store import balances
from loyaltychain.operations import store
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.own_events import REOPENED
from loyaltychain.operations.tables import order_bonuses, order_lines, return_lines
from loyaltychain.operations.types import NO_BOUNDS, Bounds, StepReport
from loyaltychain.program.types import Program
from tests.events.builders import NOON, make_event
from tests.operations.builders import NOW, take
from tests.program.builders import make_order_program

DAY = 86_400
Line = tuple[str, str, int, int]  # line, item, quantity, amount in pence

CUPS: Line = ("1", "cup", 3, 1_000)  # 10 points
TRAY: Line = ("2", "tray", 1, 4_550)  # 45 points


def order(number: int, *lines: Line, member: str = "ann", day: int = 0, **changes: Any) -> Event:
    """Order ``O-<number>``, by default of three cups and a tray, so many days after noon."""
    told = [{"line": a, "item": b, "quantity": c, "amount": d} for a, b, c, d in lines or (CUPS, TRAY)]
    payload = {"currency": "GBP", "order": f"O-{number}", "lines": told}
    fields = {"id": f"E-{number}", "type": "order", "member_id": member, "occurred_at": NOON + day * DAY}
    return make_event(**(fields | {"payload": payload} | changes))


def edit(number: int, of: int, *lines: Line, member: str = "ann", day: int = 0) -> Event:
    """Edit ``number`` of an order: its lines are these now."""
    return order(of, *lines, member=member, day=day, id=f"EDIT-{number}", type="order_edit")


def back(
    number: int,
    of: int,
    lines: Mapping[str, int],
    *,
    member: str = "ann",
    day: int = 1,
    points: int | None = None,
    **changes: Any,
) -> Event:
    """Return ``number``, which names its order: pieces by its line."""
    payload: dict[str, Any] = {
        "order": f"O-{of}",
        "lines": [{"line": line, "quantity": quantity} for line, quantity in lines.items()],
    }
    if points is not None:
        payload["points"] = points
    fields = {"id": f"R-{number}", "type": "return", "member_id": member, "occurred_at": NOON + day * DAY}
    return make_event(**(fields | {"payload": payload} | changes))


def back_by_items(number: int, items: Mapping[str, int], *, member: str = "ann", day: int = 1, **changes: Any) -> Event:
    """Return ``number``, which names no order: pieces by article."""
    lines = [
        {"line": str(place), "item": item, "quantity": quantity}
        for place, (item, quantity) in enumerate(items.items(), start=1)
    ]
    fields = {"id": f"R-{number}", "type": "return", "member_id": member, "occurred_at": NOON + day * DAY}
    return make_event(**(fields | {"payload": {"lines": lines}} | changes))


def cancellation(number: int, of: int, *, member: str = "ann", day: int = 1) -> Event:
    """Cancellation ``number`` of an order."""
    return make_event(
        id=f"C-{number}",
        type="cancellation",
        member_id=member,
        occurred_at=NOON + day * DAY,
        payload={"order": f"O-{of}"},
    )


def reopening(number: int, of: int, *, member: str = "ann", day: int = 1) -> Event:
    """Reopening ``number`` of a cancelled order."""
    told = cancellation(number, of, member=member, day=day)
    return replace(told, id=f"U-{number}", type=REOPENED)


def payment(number: int, points: int, *, of: int | None = None, member: str = "ann", day: int = 0) -> Event:
    """Redemption ``number``, which pays for an order."""
    payload: dict[str, Any] = {"amount": points, "unit": "points"}
    if of is not None:
        payload["order"] = f"O-{of}"
    return make_event(
        id=f"RED-{number}", type="redemption", member_id=member, occurred_at=NOON + day * DAY, payload=payload
    )


def work(
    engine: Engine,
    *events: Event,
    program: Program | None = None,
    now: UnixSeconds = NOW,
    limit: int = 1000,
    bounds: Bounds = NO_BOUNDS,
) -> StepReport:
    """Take the events in and decide on all that waits; the totals of all runs. The ledger proves itself after it."""
    take(engine, *events)
    totals: dict[str, int] = {}
    while True:
        report = earn_step(engine, program or make_order_program(), now=now, limit=limit, bounds=bounds)
        if not report.events:
            break
        for name in StepReport.__dataclass_fields__:
            totals[name] = totals.get(name, 0) + getattr(report, name)
    with reading(engine) as tx:
        assert check_ledger(tx) == []
    return StepReport(**(totals | {"position": report.position}))


@dataclass(frozen=True)
class Has:
    """What a member has, in points."""

    available: int = 0
    pending: int = 0
    owes: int = 0
    qualifying: int = 0


def has(engine: Engine, member: int = 1) -> Has:
    """What member number ``member`` has."""
    accounts = [f"member:{member}:{bucket}" for bucket in ("available", "pending", "debt")]
    with reading(engine) as tx:
        points = balances(tx, accounts, POINTS)  # type: ignore[arg-type]
        qualifying = balances(tx, [f"member:{member}:qualifying"], QUALIFYING)  # type: ignore[list-item]
    available, pending, debt = (points.get(account, 0) for account in accounts)  # type: ignore[call-overload]
    return Has(available, pending, -debt, sum(qualifying.values()))


def fates(engine: Engine) -> list[tuple[str, str | None]]:
    """Outcome and reason of each event, in the order of their positions."""
    with reading(engine) as tx:
        found = store.read_outcomes(tx, 0, 10_000)
    return [(each.outcome, each.explanation.get("reason")) for each in found]


def explanation(engine: Engine, position: int) -> dict[str, Any]:
    """What was said of the event at a position; -1 is the last."""
    with reading(engine) as tx:
        found = store.read_outcomes(tx, 0, 10_000)
    return found[position - 1 if position > 0 else position].explanation


def matched(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """How orders and returns stand to each other, whatever the way there."""
    columns = (order_lines.c.order_id, order_lines.c.line, order_lines.c.named, order_lines.c.matched)
    bonuses = (order_bonuses.c.order_id, order_bonuses.c.rule, order_bonuses.c.taken)
    returns = (return_lines.c.event_id, return_lines.c.line, return_lines.c.matched)
    with reading(engine) as tx:
        return {
            "lines": sorted(tuple(row) for row in tx.execute(select(*columns))),
            "bonuses": sorted(tuple(row) for row in tx.execute(select(*bonuses))),
            "returns": sorted(tuple(row) for row in tx.execute(select(*returns))),
        }


def numbers(events: Iterable[Event]) -> dict[str, MemberNumber]:
    """The numbers that the members of these events get, by id."""
    joined = dict.fromkeys(event.member_id for event in events)
    return {member: MemberNumber(number) for number, member in enumerate(joined, start=1)}
