"""A programme as a value: what its file said, checked and complete. Evaluates nothing."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from loyaltychain.core import canonical
from loyaltychain.core.money import Rounding


@dataclass(frozen=True, slots=True)
class PointsPerCurrencyUnit:
    """``points`` for every ``per`` of what an event of this type is worth."""

    id: str
    kind: Literal["points_per_currency_unit"]
    event: str
    points: int
    per: int  # minor units of the programme's currency
    rounding: Rounding
    max_points: int | None  # the most that one event can earn


@dataclass(frozen=True, slots=True)
class Redemption:
    """Which events take points: their amount is a number of points."""

    event: str


@dataclass(frozen=True, slots=True)
class Program:
    """One version of a programme's rules."""

    name: str
    version: int
    timezone: str  # IANA
    currency: str  # ISO 4217
    rules: tuple[PointsPerCurrencyUnit, ...]
    redemption: Redemption | None

    @property
    def document(self) -> dict[str, Any]:
        """The programme with all its defaults: what is hashed and published. Money is in minor units."""
        return {**asdict(self), "rules": [asdict(rule) for rule in self.rules]}

    @property
    def digest(self) -> bytes:
        """SHA-256 of the document as canonical JSON.

        Source: docs/PROTOCOL.md, section 7.
        """
        return canonical.digest(self.document)
