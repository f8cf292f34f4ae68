"""How long points are good for, as a value."""

from dataclasses import dataclass
from typing import Literal

EndOf = Literal["day", "month", "quarter", "half_year", "year"]
Otherwise = Literal["give", "cancel"]


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long points are good for, counted from when they were earned. With nothing said: for ever.

    At most one of ``months`` and ``days``, and of ``end_of`` and ``on``.
    """

    months: int | None = None
    days: int | None = None
    end_of: EndOf | None = None  # the end of such a period, in the programme's zone
    on: str | None = None  # the end of that day of the year, "12-31"

    @property
    def is_endless(self) -> bool:
        """Whether points of it never expire by themselves."""
        return self == _ENDLESS


_ENDLESS = Lifetime()
