"""Small parts of a programme file become values: days, conditions, lifetimes."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import parse_instant
from loyaltychain.program.behaviours import Condition
from loyaltychain.program.lifetime import Lifetime
from loyaltychain.program.schema_parts import LifetimePart
from loyaltychain.program.schema_words import ConditionPart


def begin_of(day: date, zone: ZoneInfo) -> UnixSeconds:
    """The first instant of a day."""
    return parse_instant(f"{day.isoformat()}T00:00:00", pattern="iso", zone=zone)


def end_of(day: date, zone: ZoneInfo) -> UnixSeconds:
    """The first instant after a day."""
    return begin_of(day + timedelta(days=1), zone)


def make_conditions(where: Mapping[str, ConditionPart] | None) -> tuple[Condition, ...]:
    """All conditions of a section, in its order."""
    return tuple(each for field, part in (where or {}).items() for each in part.conditions(field))


def words(said: Sequence[str] | None) -> tuple[str, ...]:
    """A list that may have been left out."""
    return tuple(said or ())


def make_lifetime(part: LifetimePart) -> Lifetime:
    """How long points are good for."""
    months, days = (None, None) if part.after is None else (part.after.months, part.after.days)
    return Lifetime(months, days, part.end_of, part.on)
