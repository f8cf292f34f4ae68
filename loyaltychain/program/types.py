"""A programme as a value: what its file said, checked and complete. Evaluates nothing."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from loyaltychain.core import canonical
from loyaltychain.core.money import Rounding

GRACE_DAYS = 30
Match = Literal["member+item, latest first", "none"]
EndOf = Literal["day", "month", "quarter", "year"]


@dataclass(frozen=True, slots=True)
class PointsPerCurrencyUnit:
    """``points`` for every ``per`` of what an event of this type is worth; of an order, of each of its lines."""

    id: str
    kind: Literal["points_per_currency_unit"]
    event: str
    points: int
    per: int  # minor units of the programme's currency
    rounding: Rounding
    max_points: int | None  # the most that one event can earn
    pending_days: int | None = None  # pending for so long; None: available at once
    qualifying: bool = False  # the same number also counts as qualifying points


@dataclass(frozen=True, slots=True)
class BonusFromAmount:
    """``points`` once for an event that is worth at least ``threshold``, its ``from`` in the file."""

    id: str
    kind: Literal["bonus_from_amount"]
    event: str
    points: int
    threshold: int  # minor units of the programme's currency
    pending_days: int | None = None
    qualifying: bool = False


Rule = PointsPerCurrencyUnit | BonusFromAmount


@dataclass(frozen=True, slots=True)
class Redemption:
    """Which events take points: their amount is a number of points."""

    event: str


@dataclass(frozen=True, slots=True)
class Orders:
    """Which events are orders with lines, and which undo them; how a return that names no order finds its lines."""

    event: str
    returns: str
    cancellations: str
    edits: str
    match: Match
    return_within_days: int | None  # None: for ever


@dataclass(frozen=True, slots=True)
class Expiry:
    """Points expire so long after they were earned (exactly one of months and days), at the end of that period."""

    months: int | None
    days: int | None
    end_of: EndOf | None  # in the programme's zone; None: to the second
    grace_days: int  # for points that come back after they expired


@dataclass(frozen=True, slots=True)
class Program:
    """One version of a programme's rules."""

    name: str
    version: int
    timezone: str  # IANA
    currency: str  # ISO 4217
    rules: tuple[Rule, ...]
    redemption: Redemption | None
    orders: Orders | None = None
    expiry: Expiry | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The programme with all its defaults: what is hashed and published. Money is in minor units.

        What later versions of the format added stands in it only where a programme uses it, so that the digest of
        an older file stays what it was.
        """
        document = {**asdict(self), "rules": [rule_document(rule) for rule in self.rules]}
        for section in ("orders", "expiry"):
            if document[section] is None:
                del document[section]
        return document

    @property
    def digest(self) -> bytes:
        """SHA-256 of the document as canonical JSON.

        Source: docs/PROTOCOL.md, section 7.
        """
        return canonical.digest(self.document)


def rule_document(rule: Rule) -> dict[str, Any]:
    """A rule as it is hashed: without its later fields where they are at their defaults."""
    document = asdict(rule)
    for field, default in (("pending_days", None), ("qualifying", False)):
        if document[field] is default:
            del document[field]
    return document
