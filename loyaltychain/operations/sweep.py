"""What time alone does to points: pending ones become spendable or are cancelled, holds time out, lots expire.

What a member can spend is right without it (an expired point is not spendable, swept or not); it brings the ledger
up to what is so already, so that it can be settled.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import transaction
from loyaltychain.ledger import book, term_store
from loyaltychain.ledger.lots import Movement
from loyaltychain.operations.keep import keep
from loyaltychain.operations.types import NO_BOUNDS, Bounds


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What became due, of how many members; the rest in points."""

    members: int = 0
    activated: int = 0
    released: int = 0
    expired: int = 0
    cancelled: int = 0


def sweep_step(engine: Engine, *, now: UnixSeconds, limit: int = 500, bounds: Bounds = NO_BOUNDS) -> SweepReport:
    """Record everything that is due at ``now``, until nothing is. Killed anywhere, it goes on when called again.

    Args:
        limit: Members a transaction; it changes nothing but the speed.
        bounds: What one entry may take at most; larger expiries become several entries.

    Raises:
        DatabaseBusy: another worker is at these members; run it again.
    """
    assert limit >= 1, limit
    report = SweepReport()
    before: list[MemberNumber] = []
    while True:
        due, movements = _sweep_some(engine, now, limit, bounds)
        if not due:
            return report
        if not movements and due == before:
            raise errors.InvariantError("These members have something due, and nothing becomes of it.", members=due)
        before = due
        report = SweepReport(
            report.members + len({movement.entry.member for movement in movements}),
            report.activated + _points(movements, "activate"),
            report.released + _points(movements, "release"),
            report.expired + _points(movements, "expire"),
            report.cancelled + _points(movements, "reverse"),
        )


def _sweep_some(
    engine: Engine, now: UnixSeconds, limit: int, bounds: Bounds
) -> tuple[list[MemberNumber], list[Movement]]:
    """One transaction: the members that had something due, and what became of it."""
    with transaction(engine) as tx:
        due = book.members_due(tx, now, limit)
        purses = book.load_purses(tx, due)
        movements = [movement for member in due for movement in purses[member].advance(now, recorded_at=now)]
        keep(tx, movements, bounds=bounds)
        if not due:
            term_store.close_lapses(tx, now)
    return due, movements


def _points(movements: Iterable[Movement], kind: str) -> int:
    return sum(
        posting.amount
        for movement in movements
        if movement.entry.kind == kind
        for posting in movement.entry.postings
        if posting.unit == POINTS
    )
