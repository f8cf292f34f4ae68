"""What a worker's database holds, in memory: batches, intents, attempts. Outlives each kill.

A change is whole or not there: ``commit`` may die before it and after it, never within.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from loyaltychain.chain.intents import IN_FLIGHT, TRANSITIONS, Attempt, Intent, IntentState
from loyaltychain.settlement.types import State
from tests.crash.harness import Fuse
from tests.simulation.chain import Settlement


@dataclass
class Books:
    """
    Args:
        due: The sealed batches, oldest first; nothing about them ever changes but their state.
    """

    due: list[Settlement]
    states: dict[int, State] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    attempts: dict[str, list[Attempt]] = field(default_factory=dict)
    foreign: int = 0  # one more than the largest nonce that is known to be somebody else's

    def __post_init__(self) -> None:
        self.states = {batch.number: "sealed" for batch in self.due}

    def batches_in(self, state: State) -> list[Settlement]:
        return [batch for batch in self.due if self.states[batch.number] == state]

    def intents_of(self, number: int) -> list[Intent]:
        return [intent for name, intent in self.intents.items() if name.split(":")[1] == str(number)]

    def next_nonce(self) -> int:
        given = [intent.nonce for intent in self.intents.values() if intent.nonce is not None]
        return max([nonce + 1 for nonce in given] + [self.foreign])

    def find_in_flight(self) -> str | None:
        return next((name for name, intent in self.intents.items() if intent.state in IN_FLIGHT), None)

    def move(self, name: str, to: IntentState, **facts: Any) -> None:
        was = self.intents[name]
        assert to in TRANSITIONS[was.state], (was.state, to)
        self.intents[name] = replace(was, state=to, **facts)

    def append(self, attempt: Attempt, *, nonce: int) -> None:
        """As the outbox does: with the nonce, or on the one that is held."""
        was = self.intents[attempt.intent_id]
        assert was.nonce in (None, nonce)
        self.attempts[was.id] = [*self.attempts[was.id], attempt]
        self.intents[was.id] = replace(was, nonce=nonce, state="signed")


def commit(fuse: Fuse, *changes: Callable[[], None]) -> None:
    """All of the changes, or none of them."""
    fuse.burn()
    for change in changes:
        change()
    fuse.burn()
