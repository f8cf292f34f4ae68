"""What an order was awarded by, kept with it for ever: later returns, edits and expiries use this, never newer rules.

Pure; the text is canonical JSON.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from loyaltychain.core import canonical
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.expiry import expires_at
from loyaltychain.program.lifetime import Lifetime
from loyaltychain.program.types import (
    BonusFromAmount,
    Currencies,
    Expiry,
    Inactivity,
    PendingUntil,
    PointsPerCurrencyUnit,
    Program,
    Rule,
    expiry_document,
    rule_document,
)
from loyaltychain.rules.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Terms:
    """The part of a programme that an order's points depend on; ``rules`` are those that count orders."""

    currency: str
    timezone: str
    rules: tuple[Rule, ...]
    expiry: Expiry | None
    return_within_days: int | None
    currencies: Currencies | None = None
    exchange: Exchange | None = None  # the order's own, of an order in another currency

    @property
    def pending_days(self) -> tuple[int, int]:
        """The shortest and the longest that its rules keep points pending; 0 for not at all."""
        days = [rule.pending_days or 0 for rule in self.rules] or [0]
        return min(days), max(days)

    def expiries(self, earned_at: UnixSeconds) -> list[UnixSeconds | None]:
        """When points of ``earned_at`` expire, by each of its rules. Raises InvalidEvent as ``expires_at`` does."""
        return [expires_at(self, earned_at, own=rule.expiry) for rule in self.rules] or [expires_at(self, earned_at)]


@lru_cache(maxsize=64)
def recorded_rules(program: Program, exchange: Exchange | None = None) -> str:
    """The terms on which the programme awards orders, as text. The programme must speak of orders.

    Args:
        exchange: What an order in another currency was converted by.
    """
    assert program.orders is not None
    content: dict[str, Any] = {
        "currency": program.currency,
        "timezone": program.timezone,
        "rules": [rule_document(rule) for rule in program.rules if rule.event == program.orders.event],
        "expiry": expiry_document(program.expiry) if program.expiry is not None else None,
        "return_within_days": program.orders.return_within_days,
    }
    if program.currencies is not None:
        content["currencies"] = {"accept": program.currencies.accept, "rounding": program.currencies.rounding}
    if exchange is not None:
        content["exchange"] = exchange.document
    return canonical.encode(content).decode()


@lru_cache(maxsize=256)
def read_terms(text: str) -> Terms:
    """The terms that ``recorded_rules`` wrote down."""
    content = json.loads(text)
    return Terms(
        currency=content["currency"],
        timezone=content["timezone"],
        rules=tuple(_read_rule(rule) for rule in content["rules"]),
        expiry=_read_expiry(content["expiry"]) if content["expiry"] is not None else None,
        return_within_days=content["return_within_days"],
        currencies=Currencies(**content["currencies"]) if "currencies" in content else None,
        exchange=Exchange(**content["exchange"]) if "exchange" in content else None,
    )


def _read_expiry(content: dict[str, Any]) -> Expiry:
    if "inactivity" in content:
        content = content | {"inactivity": Inactivity(**content["inactivity"])}
    return Expiry(**content)


def _read_rule(content: dict[str, Any]) -> Rule:
    if "expiry" in content:
        content = content | {"expiry": Lifetime(**content["expiry"])}
    if "pending" in content:
        content = content | {"pending": PendingUntil(**content["pending"])}
    if content["kind"] == "bonus_from_amount":
        return BonusFromAmount(**content)
    return PointsPerCurrencyUnit(**content)
