"""What an order was awarded by, kept with it for ever: later returns, edits and expiries use this, never newer rules.

Pure; the text is canonical JSON.
"""

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from loyaltychain.core import canonical
from loyaltychain.program.types import BonusFromAmount, Expiry, PointsPerCurrencyUnit, Program, Rule, rule_document


@dataclass(frozen=True, slots=True)
class Terms:
    """The part of a programme that an order's points depend on; ``rules`` are those that count orders."""

    currency: str
    timezone: str
    rules: tuple[Rule, ...]
    expiry: Expiry | None
    return_within_days: int | None

    @property
    def pending_days(self) -> tuple[int, int]:
        """The shortest and the longest that its rules keep points pending; 0 for not at all."""
        days = [rule.pending_days or 0 for rule in self.rules] or [0]
        return min(days), max(days)


@lru_cache(maxsize=8)
def recorded_rules(program: Program) -> str:
    """The terms on which the programme awards orders, as text. The programme must speak of orders."""
    assert program.orders is not None
    return canonical.encode(
        {
            "currency": program.currency,
            "timezone": program.timezone,
            "rules": [rule_document(rule) for rule in program.rules if rule.event == program.orders.event],
            "expiry": asdict(program.expiry) if program.expiry is not None else None,
            "return_within_days": program.orders.return_within_days,
        }
    ).decode()


@lru_cache(maxsize=256)
def read_terms(text: str) -> Terms:
    """The terms that ``recorded_rules`` wrote down."""
    content = json.loads(text)
    return Terms(
        currency=content["currency"],
        timezone=content["timezone"],
        rules=tuple(_read_rule(rule) for rule in content["rules"]),
        expiry=Expiry(**content["expiry"]) if content["expiry"] is not None else None,
        return_within_days=content["return_within_days"],
    )


def _read_rule(content: dict[str, Any]) -> Rule:
    if content["kind"] == "bonus_from_amount":
        return BonusFromAmount(**content)
    return PointsPerCurrencyUnit(**content)
