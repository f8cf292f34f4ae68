"""Closed periods: a report that is never again another one.

A period is a range of ledger positions, closed once and in order. What is recorded later has a later position, however
long ago it happened, and falls into the open period. The SHA-256 of the report's bytes is kept, and held against them
each time that they are made again.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from loyaltychain.actions.log import record
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.reports import rows
from loyaltychain.reports.roll_forward import RollForward, Span, build
from loyaltychain.reports.tables import periods


@dataclass(frozen=True, slots=True)
class Period:
    """A closed period; ``sha256`` (0x hex) is that of its report's bytes."""

    number: int
    begins_at: UnixSeconds | None  # None: the first one, from the beginning
    ends_at: UnixSeconds  # exclusive
    from_position: int
    to_position: int  # from_position - 1: nothing was recorded in it
    ledger_head: str
    timezone: str
    sha256: str
    closed_at: UnixSeconds

    @property
    def span(self) -> Span:
        """The positions that its report is about."""
        return Span(
            self.begins_at, self.ends_at, self.from_position - 1, self.to_position, self.ledger_head, self.timezone
        )


def close_period(
    tx: Tx, *, ends_at: UnixSeconds, timezone: str, actor: str, reason: str, now: UnixSeconds
) -> tuple[Period, RollForward]:
    """Close what was recorded since the period before until ``ends_at`` (exclusive), for ever.

    Args:
        timezone: Whose months the cohorts are; kept, so that a later change of the programme changes nothing.

    Raises:
        PeriodRefused: it was closed already, lies before one that was, has not ended, or has entries that wait for
            their position.
        InvariantError: the ledger does not prove itself; nothing is closed.
    """
    lock(tx, "reports.periods")
    last = last_period(tx)
    _check(tx, last, ends_at, now)
    upto, head = rows.last_position(tx, before=ends_at)
    after = last.to_position if last else 0
    if upto <= after:  # nothing was recorded in it
        upto, head = after, last.ledger_head if last else head
    begins_at = last.ends_at if last else None
    report = build(tx, Span(begins_at, ends_at, after, upto, head, timezone))
    sha256 = digest_of(report)
    closed = Period(
        (last.number if last else 0) + 1, begins_at, ends_at, after + 1, upto, head, timezone, sha256, closed_at=now
    )
    tx.execute(periods.insert(), [{column.name: getattr(closed, column.name) for column in periods.columns}])
    record(
        tx, actor=actor, action="period.close", subject=f"period:{closed.number}", reason=reason, at=now,
        details={"ends_at": ends_at, "to_position": upto, "sha256": sha256},
    )  # fmt: skip
    return closed, report


def list_periods(tx: Tx) -> list[Period]:
    """All closed periods, oldest first."""
    return [_period(row) for row in tx.execute(select(periods).order_by(periods.c.number))]


def last_period(tx: Tx) -> Period | None:
    """The one that was closed last."""
    row = tx.execute(select(periods).order_by(periods.c.number.desc()).limit(1)).one_or_none()
    return _period(row) if row else None


def read_period(tx: Tx, number: int) -> Period:
    """A closed period. Raises UnknownPeriod."""
    row = tx.execute(select(periods).where(periods.c.number == number)).one_or_none()
    if row is None:
        raise errors.UnknownPeriod(
            "No period of this number was closed: `loyaltychain report periods` lists those that were.", number=number
        )
    return _period(row)


def read_closed_report(tx: Tx, number: int) -> RollForward:
    """The report of a closed period, made again from the ledger: the same bytes as when it was closed.

    Raises:
        UnknownPeriod: there is none of this number.
        ReportChanged: they are not the same; somebody has changed the ledger behind it.
    """
    period = read_period(tx, number)
    report = build(tx, period.span)
    if digest_of(report) != period.sha256:
        raise errors.ReportChanged(
            "The report of this period is not what was closed: the ledger was changed, or made by another release. "
            "Run `loyaltychain audit`.",
            number=number, closed=period.sha256, now=digest_of(report),
        )  # fmt: skip
    return report


def digest_of(report: RollForward) -> str:
    """SHA-256 of the report's bytes, 0x hex."""
    return to_hex(hashlib.sha256(report.encode()).digest())


def _check(tx: Tx, last: Period | None, ends_at: UnixSeconds, now: UnixSeconds) -> None:
    if ends_at > now:
        raise errors.PeriodRefused(
            "This period has not ended yet: close it after its last day is over.", ends=format_instant(ends_at)
        )
    if last is not None and ends_at == last.ends_at:
        raise errors.PeriodRefused(
            f"This period is closed already, as number {last.number}: show it with "
            f"`loyaltychain report roll-forward --period {last.number}`.",
            sha256=last.sha256,
        )
    if last is not None and ends_at < last.ends_at:
        raise errors.PeriodRefused(
            "Everything up to a later day is closed already, and periods are closed in order: choose a day after it.",
            closed_until=format_instant(last.ends_at),
        )


def _period(row: Row[*tuple[Any, ...]]) -> Period:
    return Period(**row._asdict())
