"""The badges that somebody else's site awarded, from its file. Reads CSV, plain or packed."""

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from loyaltychain.core import errors
from loyaltychain.core.times import parse_instant, parse_zone
from loyaltychain.events.files import open_text
from loyaltychain.events.rows import BrokenRow, Row, read_header
from loyaltychain.reports.comparison.plan import BadgesPart
from loyaltychain.reports.comparison.rejected import naming, readable
from loyaltychain.reports.comparison.table import Award
from loyaltychain.rules.engine.days import Day


def read_awarded(file: Path, part: BadgesPart, *, day_of: Callable[[int], Day]) -> list[Award]:
    """The badges in the file. ``day_of`` says which day an instant is.

    Raises InvalidMap when a column is not there, InvalidEvent naming the line of a row that is no badge, both with the
    file's name: a comparison with half of the truth would be none.
    """
    written_in = None if part.time.zone is None else parse_zone(part.time.zone)
    with naming(file), readable(file), open_text(file, newline="") as stream:
        header, rows = read_header(stream)
        for field, column in (("member", part.member), ("badge", part.badge), ("time.column", part.time.column)):
            if header.count(column) != 1:
                raise errors.InvalidMap(f"badges.{field}: the file has no single column {column!r}.", header=header)
        return [_award(row, part, written_in, day_of) for row in rows]


def _award(row: Row | BrokenRow, part: BadgesPart, written_in: ZoneInfo | None, day_of: Callable[[int], Day]) -> Award:
    if isinstance(row, BrokenRow):
        raise errors.InvalidEvent("A row of the badges cannot be read.", line=row.line, reason=row.reason)
    member, badge, time = (
        (row.cells.get(column) or "").strip() for column in (part.member, part.badge, part.time.column)
    )
    if not member or not badge:
        raise errors.InvalidEvent("A badge has no member or no name.", line=row.line)
    try:
        at = parse_instant(time, pattern=part.time.format, zone=written_in)
    except errors.InvalidEvent as problem:
        raise errors.InvalidEvent(problem.message, line=row.line, **problem.context) from problem
    return Award(member, badge, day_of(at))
