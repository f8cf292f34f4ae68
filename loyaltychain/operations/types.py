"""What becomes of events, as values."""

from dataclasses import dataclass
from typing import Any, Literal

from loyaltychain.core.amounts import LANE_MAX
from loyaltychain.ledger.types import EntryId

Outcome = Literal["posted", "nothing", "refused"]
OutcomeRow = tuple[int, Outcome, str | None, str]  # position, outcome, first entry, explanation as canonical JSON


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most points that one entry may give or take: what the contract's caps let one batch settle.

    An entry beyond them could never be settled, and everything behind it would wait.

    Args:
        approve_above: An adjustment of more points, up or down, waits for a second person; None: none does.
        approve_a_day: What one person, or one key, adjusts in 86,400 seconds beyond so many points, up and down added
            up, waits too; None: without a limit.
        approve_seconds: How long it waits.
        cooldown: Seconds in which nothing can be spent after a member's ids or wallet changed; 0: none.
    """

    award: int = LANE_MAX
    redemption: int = LANE_MAX
    approve_above: int | None = None
    approve_a_day: int | None = None
    approve_seconds: int = 7 * 86_400
    cooldown: int = 0


NO_BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of the event at ``position``.

    Args:
        entries: The ids of what it moved; empty unless the outcome is ``posted``.
        explanation: JSON object whose ``result`` an app can show. When refused, ``reason`` is one of
            ``operations/decide.py``'s codes; when something of it waits, it is ``parked``.
        parked: Whether something of it waits for an order.
    """

    position: int
    outcome: Outcome
    entries: tuple[EntryId, ...]
    explanation: dict[str, Any]
    parked: bool = False


@dataclass(frozen=True, slots=True)
class StepReport:
    """One run of a step: ``events == posted + nothing + refused``; 0 events means that it is up to date.

    ``position`` is the event position up to which the step is done. All others but ``entries`` are whole points:
    ``issued`` by awards, ``redeemed``, ``reversed`` because goods came back, ``reinstated`` because it turned out that
    other goods did, ``refunded`` of redemptions, and what of ``reversed`` is ``owed`` because it had been spent.
    ``parked`` counts the events of this run of which something waits for an order.
    """

    position: int
    events: int = 0
    posted: int = 0
    nothing: int = 0
    refused: int = 0
    entries: int = 0
    issued: int = 0
    redeemed: int = 0
    reversed: int = 0
    reinstated: int = 0
    refunded: int = 0
    owed: int = 0
    parked: int = 0
