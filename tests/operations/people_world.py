"""Two members who become one, and two again: each act in a transaction of its own."""

from typing import Any

from sqlalchemy import Engine, func, select

from loyaltychain.core.amounts import POINTS, MemberNumber
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events.capture import capture
from loyaltychain.events.types import Event
from loyaltychain.ledger import store, tables
from loyaltychain.ledger.accounts import MERGED
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.merge import Merged, merge
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.store import read_outcomes
from loyaltychain.operations.unmerge import Unmerged, unmerge
from tests.operations.member_play import make_program
from tests.operations.member_world import NOW, do, give, points_of, prove, take_back

SAID: dict[str, Any] = {"reason": "one person, two cards", "actor": "eve@shop", "now": NOW}
PROGRAM = make_program(None)


def unite(engine: Engine, merged: MemberNumber, survivor: MemberNumber, **changes: Any) -> Merged:
    with transaction(engine) as tx:
        return merge(tx, **({"merged": merged, "survivor": survivor} | SAID | changes))


def part(engine: Engine, merged: MemberNumber, **changes: Any) -> Unmerged:
    with transaction(engine) as tx:
        return unmerge(tx, **({"merged": merged} | SAID | {"reason": "two persons"} | changes))


def tell(engine: Engine, kind: str, id_: str, member: str, payload: dict[str, Any], at: int = NOW) -> dict[str, Any]:
    """Capture an event and let the step decide on it. Returns the explanation."""
    with transaction(engine) as tx:
        event = Event("shop", id_, kind, member, at, payload)  # type: ignore[arg-type]
        assert capture(tx, [event], received_at=NOW).taken == 1
    earn_step(engine, PROGRAM, now=NOW)
    with reading(engine) as tx:
        return read_outcomes(tx, 0, 10_000)[-1].explanation


def buy(engine: Engine, id_: str, member: str, pence: int, *, pieces: int = 1, item: str = "cup") -> dict[str, Any]:
    lines = [{"line": "1", "item": item, "quantity": pieces, "amount": pence}]
    return tell(engine, "order", id_, member, {"currency": "GBP", "lines": lines}, NOW - 10)  # before it comes back


def proven(engine: Engine) -> None:
    """The ledger proves itself, and nothing stands between two members."""
    prove(engine)
    with reading(engine) as tx:
        for unit in (POINTS, "qualifying"):
            assert set(store.balances(tx, [MERGED], unit).values()) <= {0}  # type: ignore[arg-type]


def worth(engine: Engine, *members: MemberNumber) -> int:
    """What these members have together, less what they owe."""
    found = [points_of(engine, member) for member in members]
    return sum(one.available + one.pending + one.held - one.debt for one in found)


def open_lots(engine: Engine, member: MemberNumber) -> list[tuple[Any, ...]]:
    """(award, earned, expires, due, in grace, remaining) of the member's lots that hold something."""
    lots, entries = tables.lots, tables.entries
    award = func.coalesce(lots.c.award, entries.c.cause)
    columns = (award, lots.c.earned_at, lots.c.expires_at, lots.c.due_at, lots.c.in_grace, lots.c.remaining)
    with reading(engine) as tx:
        stored = select(*columns).join_from(lots, entries, entries.c.position == lots.c.position)
        rows = tx.execute(stored.where(lots.c.member == member, lots.c.remaining > 0))
        return sorted((tuple(row) for row in rows), key=repr)


def owe(engine: Engine, member: MemberNumber, points: int, cause: str) -> None:
    """Let the member spend an award of so many points, and take it back."""
    give(engine, member, points, cause)
    do(engine, redeem, id_=f"spend-{cause}", member=member, points=points)
    take_back(engine, member, points, award=cause, cause=f"{cause}-back")
