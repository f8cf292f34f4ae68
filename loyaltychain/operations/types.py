"""What became of events, as values."""

from dataclasses import dataclass
from typing import Any, Literal

from loyaltychain.core.amounts import LANE_MAX
from loyaltychain.ledger.types import Entry

Outcome = Literal["posted", "nothing", "refused"]


@dataclass(frozen=True, slots=True)
class Holding:
    """A member's points: what can be redeemed and what is reserved. Both stand in her lane on chain."""

    available: int
    held: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most points that one entry may give or take: what the contract's caps let one batch settle.

    An entry beyond them could never be settled, and everything behind it would wait.
    """

    award: int = LANE_MAX
    redemption: int = LANE_MAX


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of the event at ``position``.

    Args:
        entries: What moves; empty unless the outcome is ``posted``.
        explanation: JSON object whose ``result`` an app can show. When refused, ``reason`` is
            ``invalid-event``, ``balance-too-large``, ``insufficient-balance`` or ``over-cap``.
        change: What the entries add to the member's available points.
    """

    position: int
    outcome: Outcome
    entries: tuple[Entry, ...]
    explanation: dict[str, Any]
    change: int


@dataclass(frozen=True, slots=True)
class StepReport:
    """One run of a step: ``events == posted + nothing + refused``; 0 events means that it is up to date.

    ``position`` is the event position up to which the step is done; issued and redeemed are whole points.
    """

    position: int
    events: int = 0
    posted: int = 0
    nothing: int = 0
    refused: int = 0
    entries: int = 0
    issued: int = 0
    redeemed: int = 0
