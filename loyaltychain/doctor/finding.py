"""One line of the doctor's report: what was looked at, what was found, and what to do about it."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from loyaltychain.core import errors

Level = Literal["ok", "warn", "fail"]
Area = Literal["nodes", "clock", "deployment", "keys", "money", "database"]
AREAS: Final = get_args(Area)  # in the order of the report


@dataclass(frozen=True, slots=True)
class Finding:
    """``warn`` is something to know, or to mend in time; with ``fail`` a worker would not settle, or should not."""

    area: Area
    name: str
    level: Level
    found: str
    mend: str | None = None  # what to do; None exactly where nothing is to be done

    def __post_init__(self) -> None:
        assert (self.level == "ok") == (self.mend is None), "what is not well says what to do"


def of_error(area: Area, name: str, error: errors.LoyaltyError, *, mend: str) -> Finding:
    """What could not be looked at."""
    reason = error.context.get("reason")
    return Finding(area, name, "fail", error.message if reason is None else f"{error.message} ({reason})", mend)
