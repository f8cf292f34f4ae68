"""The roll-forward: what members had, what came and went in a period, and what they have after it.

By unit, bucket and cohort, and each of its figures can be taken apart to entries (``lines``). The closing is worked
out twice, by adding up the changes and by looking at the lots and accounts at its end; a difference is an error.
Moves nothing, and closes nothing (``periods.py``).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loyaltychain.core import canonical, errors
from loyaltychain.core.amounts import POINTS, QUALIFYING
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant, parse_zone
from loyaltychain.db.engine import Tx
from loyaltychain.reports import rows
from loyaltychain.reports.figures import BUCKETS, FIGURES, NO_COHORT
from loyaltychain.reports.ledger_lines import LedgerLine, stream_lines
from loyaltychain.reports.months import month_of

FORMAT = "loyaltychain/roll-forward/1"

Key = tuple[str, str, str]  # unit, bucket, cohort


@dataclass(frozen=True, slots=True)
class Span:
    """The ledger's positions of a report, and the instants that they were asked for by."""

    begins_at: UnixSeconds | None  # None: from the beginning
    ends_at: UnixSeconds  # exclusive
    after: int  # the position before the first
    upto: int
    ledger_head: str  # at ``upto``, 0x hex
    timezone: str  # whose months the cohorts are


@dataclass(frozen=True, slots=True)
class Row:
    """One unit, bucket and cohort: ``opening`` plus all ``figures`` is ``closing``."""

    unit: str
    bucket: str
    cohort: str  # "2026-01"; empty where there is none
    opening: int
    figures: Mapping[str, int]
    closing: int


@dataclass(frozen=True, slots=True)
class RollForward:
    """The report; rows by unit, bucket and cohort, without those that are zero all along."""

    span: Span
    rows: tuple[Row, ...]

    def totals(self, unit: str = POINTS) -> dict[str, int]:
        """Opening, each figure and closing of all rows of ``unit``."""
        its = [row for row in self.rows if row.unit == unit]
        return {
            "opening": sum(row.opening for row in its),
            **{name: sum(row.figures[name] for row in its) for name in FIGURES},
            "closing": sum(row.closing for row in its),
        }

    def document(self) -> dict[str, Any]:
        """The report as JSON has it. Amounts are whole points, signed as they change what members have."""
        span = self.span
        return {
            "format": FORMAT,
            "begins_at": None if span.begins_at is None else format_instant(span.begins_at),
            "ends_at": format_instant(span.ends_at),
            "timezone": span.timezone,
            "from_position": span.after + 1,
            "to_position": span.upto,
            "ledger_head": span.ledger_head,
            "rows": [
                {"unit": row.unit, "bucket": row.bucket, "cohort": row.cohort or None, "opening": row.opening,
                 **row.figures, "closing": row.closing}
                for row in self.rows
            ],
            "totals": {unit: self.totals(unit) for unit in (POINTS, QUALIFYING)},
        }  # fmt: skip

    def encode(self) -> bytes:
        """The report's bytes: its document as canonical JSON, and a line feed."""
        return canonical.encode(self.document()) + b"\n"


def roll_forward(tx: Tx, *, begins_at: UnixSeconds | None, ends_at: UnixSeconds, timezone: str) -> RollForward:
    """What was recorded from ``begins_at`` until before ``ends_at``. Call ``build`` for positions.

    Raises InvalidOperation when it ends before it begins, InvariantError when the ledger does not prove itself.
    """
    return build(tx, find_span(tx, begins_at=begins_at, ends_at=ends_at, timezone=timezone))


def find_span(tx: Tx, *, begins_at: UnixSeconds | None, ends_at: UnixSeconds, timezone: str) -> Span:
    """The positions of what was recorded in between."""
    if begins_at is not None and ends_at <= begins_at:
        raise errors.InvalidOperation(
            "A period ends after it begins.", begins=format_instant(begins_at), ends=format_instant(ends_at)
        )
    after = 0 if begins_at is None else rows.last_position(tx, before=begins_at)[0]
    upto, head = rows.last_position(tx, before=ends_at)
    return Span(begins_at, ends_at, after, max(after, upto), head, timezone)


def build(tx: Tx, span: Span) -> RollForward:
    """The report on these positions. Nothing that is recorded later can change it.

    Raises InvariantError when its figures do not lead from its opening to what the ledger says at its end.
    """
    opening = read_state(tx, span.after, span.timezone)
    figures: dict[Key, Counter[str]] = {}
    for line in lines(tx, span):
        change = line.change
        figures.setdefault((change.unit, change.bucket, change.cohort), Counter())[change.figure] += change.amount
    found = [
        Row(*key, opening[key], {name: sums[name] for name in FIGURES}, opening[key] + sum(sums.values()))
        for key in sorted(opening.keys() | figures.keys(), key=_order)
        for sums in (figures.get(key, Counter[str]()),)
    ]
    actual = read_state(tx, span.upto, span.timezone)
    for row in found:
        if row.closing != actual[row.unit, row.bucket, row.cohort]:
            raise errors.InvariantError(
                "The figures do not lead to what the ledger says at the end of the period: run `loyaltychain audit`.",
                unit=row.unit, bucket=row.bucket, cohort=row.cohort, figures=row.closing,
                ledger=actual[row.unit, row.bucket, row.cohort],
            )  # fmt: skip
    return RollForward(span, tuple(row for row in found if row.opening or row.closing or any(row.figures.values())))


def lines(tx: Tx, span: Span) -> Iterator[LedgerLine]:
    """All that the report is made of: its figures are the sums of these."""
    return stream_lines(tx, after=span.after, upto=span.upto, zone=parse_zone(span.timezone))


def read_state(tx: Tx, position: int, timezone: str) -> Counter[Key]:
    """What members had after ``position``, from lots, holds and accounts, without looking at what came between."""
    scope, zone = rows.Scope("position", position), parse_zone(timezone)
    state: Counter[Key] = Counter()
    for row in rows.lot_state(tx, scope):
        state[POINTS, "pending" if row.is_pending else "owned", month_of(row.earned_at, zone)] += int(row.points)
    for row in rows.held_state(tx, scope):
        state[POINTS, "owned", month_of(row.earned_at, zone)] += int(row.points)
    for bucket in ("debt", "qualifying"):
        for row in rows.bucket_state(tx, scope, f":{bucket}"):
            state[row.unit, bucket, NO_COHORT] += int(row.points)
    return state


def _order(key: Key) -> tuple[str, int, str]:
    unit, bucket, cohort = key
    return unit, [*BUCKETS].index(bucket), cohort  # type: ignore[arg-type]
