"""What came back and what of it waits for its order: counts, and the lines that wait. Reads only."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, select, tuple_

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events.tables import members
from loyaltychain.operations.order_state import WHOLE
from loyaltychain.operations.tables import return_lines


@dataclass(frozen=True, slots=True)
class ReturnCounts:
    """Lines that came back without naming an order, by how much of them was matched; and those that name one.

    ``lines == in_full + in_part + not_at_all``. ``pieces_parked`` are the pieces of them that wait.
    Cancellations, of all that is left of an order, count for themselves.
    """

    lines: int
    in_full: int
    in_part: int
    not_at_all: int
    pieces_parked: int
    named_lines: int
    named_parked: int
    cancellations: int
    cancellations_parked: int


@dataclass(frozen=True, slots=True)
class ParkedLine:
    """A line that came back, of which ``quantity - matched`` pieces wait: for ``order_id``, if it names an order."""

    source: str
    event_id: str
    line: str
    member: MemberNumber
    member_id: str
    item: str | None
    order_id: str | None
    quantity: int
    matched: int
    occurred_at: UnixSeconds

    @property
    def key(self) -> tuple[str, str, str]:
        """Its place in the list."""
        return self.source, self.event_id, self.line

    @property
    def is_cancellation(self) -> bool:
        """Whether it is of all that is left of its order, and not of so many pieces."""
        return self.line == WHOLE


def count_returns(tx: Tx) -> ReturnCounts:
    """The counts at this moment."""
    quantity, matched = return_lines.c.quantity, return_lines.c.matched
    by_items = return_lines.c.order_id.is_(None)
    named = return_lines.c.order_id.is_not(None) & (return_lines.c.line != WHOLE)
    whole = return_lines.c.line == WHOLE
    counted = tx.execute(
        select(
            _count(by_items),
            _count(by_items & (matched == quantity)),
            _count(by_items & (matched > 0) & (matched < quantity)),
            _count(by_items & (matched == 0)),
            func.coalesce(func.sum(case((by_items, quantity - matched), else_=0)), 0),
            _count(named),
            _count(named & (matched < quantity)),
            _count(whole),
            _count(whole & (matched < quantity)),
        )
    ).one()
    return ReturnCounts(*(int(number) for number in counted))


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def list_parked(tx: Tx, *, after: tuple[str, str, str] | None = None, limit: int = 100) -> list[ParkedLine]:
    """At most ``limit`` lines that wait, in part or as a whole, by source, event and line; those beyond ``after``."""
    key = (return_lines.c.source, return_lines.c.event_id, return_lines.c.line)
    query = (
        select(return_lines, members.c.member_id)
        .join(members, members.c.number == return_lines.c.member)
        .where(return_lines.c.matched < return_lines.c.quantity)
        .order_by(*key)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    return [ParkedLine(**row._mapping) for row in tx.execute(query)]
