"""A programme as a value: what its file said, checked and complete. Evaluates nothing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from loyaltychain.core import canonical
from loyaltychain.core.money import Rounding
from loyaltychain.program.conduct import Conduct
from loyaltychain.program.conduct_document import conduct_document
from loyaltychain.program.lifetime import EndOf, Lifetime, Otherwise

GRACE_DAYS = 30
Match = Literal["member+item, latest first", "none"]


@dataclass(frozen=True, slots=True)
class PendingUntil:
    """Points that wait for an event of the type ``until`` which names theirs; one of the type ``reject`` takes them.

    After ``days`` without either they are given or cancelled, as ``otherwise`` says.
    """

    until: str
    reject: str | None
    days: int
    otherwise: Otherwise


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
    pending: PendingUntil | None = None
    expiry: Lifetime | None = None  # instead of the programme's


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
    pending: PendingUntil | None = None
    expiry: Lifetime | None = None


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
class Inactivity:
    """Points without an expiry of their own run out when their member neither earned nor redeemed for so long.

    Exactly one of ``months`` and ``days``; and never sooner than ``notice_days`` after a notice was sent to her.
    """

    months: int | None
    days: int | None
    notice_days: int


@dataclass(frozen=True, slots=True)
class Expiry:
    """When points expire: by their age (``lifetime``), and by their member's inactivity."""

    months: int | None
    days: int | None
    end_of: EndOf | None  # in the programme's zone; None: to the second
    grace_days: int  # for points that come back after they expired
    on: str | None = None
    notice_days: int | None = None  # before points expire by their age, a notice is due; None: none is
    inactivity: Inactivity | None = None

    @property
    def lifetime(self) -> Lifetime:
        """How long points are good for whose rule says nothing else."""
        return Lifetime(self.months, self.days, self.end_of, self.on)


@dataclass(frozen=True, slots=True)
class Currencies:
    """What becomes of purchases in other currencies: their own exchange rate, if they bring one, is taken."""

    accept: Literal["exchange"]
    rounding: Rounding  # to minor units of the programme's currency


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
    currencies: Currencies | None = None
    conduct: Conduct | None = None

    @property
    def signals(self) -> frozenset[str]:
        """The types of events that decide about pending points."""
        waits = [rule.pending for rule in self.rules if rule.pending is not None]
        return frozenset(type_ for each in waits for type_ in (each.until, each.reject) if type_ is not None)

    @property
    def document(self) -> dict[str, Any]:
        """The programme with all its defaults: what is hashed and published. Money is in minor units.

        What later versions of the format added stands in it only where a programme uses it, so that the digest of
        an older file stays what it was.
        """
        document = {name: value for name, value in asdict(replace(self, conduct=None)).items() if name != "conduct"}
        document["rules"] = [rule_document(rule) for rule in self.rules]
        if self.expiry is not None:
            document["expiry"] = expiry_document(self.expiry)
        for section in ("orders", "expiry", "currencies"):
            if document[section] is None:
                del document[section]
        if self.conduct is not None:
            document["conduct"] = conduct_document(self.conduct)
        return document

    @property
    def digest(self) -> bytes:
        """SHA-256 of the document as canonical JSON.

        Source: docs/PROTOCOL.md, section 7.
        """
        return canonical.digest(self.document)


def rule_document(rule: Rule) -> dict[str, Any]:
    """A rule as it is hashed: without its later fields where they are at their defaults."""
    return _without(asdict(rule), {"pending_days": None, "qualifying": False, "pending": None, "expiry": None})


def expiry_document(expiry: Expiry) -> dict[str, Any]:
    """The same of a programme's expiry."""
    return _without(asdict(expiry), {"on": None, "notice_days": None, "inactivity": None})


def _without(document: dict[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in defaults or value is not defaults[name]}
