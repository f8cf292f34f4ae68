"""What an evaluation gives, as values."""

from dataclasses import dataclass
from typing import Any

from loyaltychain.core.amounts import Amount, Unit
from loyaltychain.program.lifetime import Lifetime
from loyaltychain.program.types import PendingUntil


@dataclass(frozen=True, slots=True)
class Award:
    """An amount of a unit that a rule grants; always above zero.

    ``qualifying`` is how many qualifying points come with it; ``pending_days`` for how long it is pending, None for
    not at all; ``pending`` for what it waits besides. ``lifetime`` is the rule's own, None the programme's.
    """

    rule: str
    unit: Unit
    amount: Amount
    qualifying: int = 0
    pending_days: int | None = None
    pending: PendingUntil | None = None
    lifetime: Lifetime | None = None


@dataclass(frozen=True, slots=True)
class LineAward:
    """What all rules together give for one line of an order. Points; 0 is an answer."""

    line: str
    points: int
    qualifying: int


@dataclass(frozen=True, slots=True)
class BonusAward:
    """What an order earns while at least ``threshold`` minor units of it are kept; ``reached``: it does now."""

    rule: str
    threshold: int
    points: int
    qualifying: int
    reached: bool


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The awards of one event, in the order of the programme's rules, and why they are what they are.

    ``explanation`` is a JSON object: ``result`` says it in words that an app can show, ``rules`` holds for each
    rule that looked at the event its id, inputs, arithmetic, points and result.

    Of an order, ``lines`` and ``bonuses`` say how the awards are made up: those of its lines and of the bonuses that
    are reached add up to the awards. ``exchange`` is what amounts in another currency were converted by.
    """

    awards: tuple[Award, ...]
    explanation: dict[str, Any]
    lines: tuple[LineAward, ...] = ()
    bonuses: tuple[BonusAward, ...] = ()
    exchange: dict[str, Any] | None = None
