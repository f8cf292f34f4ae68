"""What an evaluation gives, as values."""

from dataclasses import dataclass
from typing import Any

from loyaltychain.core.amounts import Amount, Unit


@dataclass(frozen=True, slots=True)
class Award:
    """An amount of a unit that a rule grants; always above zero."""

    rule: str
    unit: Unit
    amount: Amount


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The awards of one event, in the order of the programme's rules, and why they are what they are.

    ``explanation`` is a JSON object: ``result`` says it in words that an app can show, ``rules`` holds for each
    rule that looked at the event its id, inputs, arithmetic, points and result.
    """

    awards: tuple[Award, ...]
    explanation: dict[str, Any]
