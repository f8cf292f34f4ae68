"""Events of one member as they arrive: in any order, twice, taken back; with checkpoints and refolds from them.

What a step over a database does, in memory and in the plainest way: the reference that it is held against, too.
"""

from dataclasses import replace

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.rules.engine.engine import Engine
from loyaltychain.rules.engine.fold import fold
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import Fact, FactKey, Grant, Retraction, Shared

RETRACTED = "loyaltychain.act.retracted"


class Arrivals:
    """A member whose events come in. ``grants`` is what stands at any moment."""

    def __init__(self, engines: dict[str, Engine], first: Engine, shared: Shared, checkpoint_every: int = 3) -> None:
        self._engines = engines
        self._shared = shared
        self._every = checkpoint_every
        self._first = first.new_state()
        self._facts: dict[FactKey, Fact] = {}
        self._retractions: dict[str, Retraction] = {}
        self._checkpoints: list[State] = []
        self._emitted: list[tuple[FactKey, Grant]] = []
        self.state = self._first.copy()
        self.refolds = 0

    @property
    def grants(self) -> dict[tuple[str, str, str], Grant]:
        """What was said last of each, and still stands."""
        return {grant.key: grant for _, grant in self._emitted}

    @property
    def facts(self) -> list[Fact]:
        """All that is there, in order, each with its retraction."""
        return [self._facts[key] for key in sorted(self._facts)]

    def arrive(self, fact: Fact) -> None:
        """Take an event in. One that is there already changes nothing."""
        if fact.key in self._facts:
            return
        touched = [fact.key]
        if fact.type == RETRACTED:
            touched += self._take_back(fact)
        self._facts[fact.key] = replace(fact, retraction=self._retractions.get(fact.cause))
        if len(touched) == 1 and fact.key > self.state.last:
            self._fold([self._facts[fact.key]])
            if not len(self._facts) % self._every:
                self._checkpoints.append(self.state.copy())
        else:
            self._refold(min(touched))

    def pass_time(self, until: UnixSeconds) -> None:
        """Let what is due up to a moment happen."""
        folded = fold(self._engines, [], self.state, self._shared, until=until)
        self._emitted += folded.emitted

    def _take_back(self, fact: Fact) -> list[FactKey]:
        """Mark what the event takes back, here or when it comes; the earliest retraction counts, fraud before all."""
        cause = str(fact.payload["event"])
        found = Retraction(fact.cause, fact.at, bool(fact.payload.get("fraud")))
        before = self._retractions.get(cause)
        if before is not None and _order(before) <= _order(found):
            return []
        self._retractions[cause] = found
        named = [key for key, each in self._facts.items() if each.cause == cause]
        for key in named:
            self._facts[key] = replace(self._facts[key], retraction=found)
        return named

    def _refold(self, earliest: FactKey) -> None:
        self.refolds += 1
        self._checkpoints = [each for each in self._checkpoints if each.last < earliest]
        self.state = (self._checkpoints[-1] if self._checkpoints else self._first).copy()
        since = self.state.last
        self._emitted = [each for each in self._emitted if each[0] <= since]
        self._fold(sorted((each for key, each in self._facts.items() if key > since), key=lambda each: each.key))

    def _fold(self, facts: list[Fact]) -> None:
        folded = fold(self._engines, facts, self.state, self._shared, checkpoint_every=self._every)
        self._checkpoints += folded.checkpoints
        self._emitted += folded.emitted


def _order(retraction: Retraction) -> tuple[bool, int, str]:
    return not retraction.is_fraud, retraction.at, retraction.cause
