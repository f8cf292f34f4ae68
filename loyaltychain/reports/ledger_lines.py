"""The ledger as a stream of changes: each entry with what it did, by position. Memory stays flat."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from zoneinfo import ZoneInfo

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.lots import Lot
from loyaltychain.reports import rows
from loyaltychain.reports.figures import Change, Moved, changes_of
from loyaltychain.reports.months import month_of

_AT_ONCE = 2_000  # positions a query


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """A change with the entry that made it."""

    position: int
    entry_id: str
    kind: str
    cause: str
    member: int | None
    occurred_at: UnixSeconds
    recorded_at: UnixSeconds
    change: Change


def stream_lines(tx: Tx, *, after: int, upto: int, zone: ZoneInfo) -> Iterator[LedgerLine]:
    """What the entries at positions ``after + 1`` to ``upto`` did, in order. Cohorts are months of ``zone``.

    Raises InvariantError when an entry and what goes with it do not fit.
    """
    for start in range(after, upto, _AT_ONCE):
        yield from _some(tx, start, min(start + _AT_ONCE, upto), zone)


def _some(tx: Tx, after: int, upto: int, zone: ZoneInfo) -> Iterator[LedgerLine]:
    lots: dict[int, list[tuple[Lot, int]]] = {}
    for row in (*rows.move_lines(tx, after=after, upto=upto), *rows.hold_lines(tx, after=after, upto=upto)):
        lots.setdefault(row.position, []).append((as_lot(row), int(row.moved)))
    for position, lines in groupby(rows.posting_lines(tx, after=after, upto=upto), key=lambda line: line.position):
        entry, *others = lines
        postings = [Moved(each.source, each.destination, each.unit, each.amount) for each in (entry, *others)]
        for change in changes_of(postings, lots.get(position, ()), lambda at: month_of(at, zone)):
            yield LedgerLine(
                position, entry.id, entry.kind, entry.cause, entry.member, entry.occurred_at, entry.recorded_at, change
            )


def as_lot(row: rows.Found, remaining: int = 0) -> Lot:
    """The lot of a row of ``reports/rows.py``."""
    return Lot(
        row.id, row.member, row.award, row.earned_at, row.expires_at, row.due_at, bool(row.in_grace),
        amount=row.amount, remaining=remaining,
    )  # fmt: skip
