"""Folds a member's facts in their order, with checkpoints, and remembers where each grant was said.

A refold from a checkpoint: of each grant that counts which was said last, by what came up to the checkpoint or by the
refold; one that neither says is gone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.rules.engine.engine import Engine
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import Fact, FactKey, Grant, Shared

CHECKPOINT_EVERY = 500  # facts


@dataclass(frozen=True, slots=True)
class Folded:
    """What a fold came to.

    Args:
        emitted: What was said, and where: the key of the fact, or ``(moment, "", "")`` of what was due.
        checkpoints: Copies of the state on the way, oldest first.
    """

    state: State
    emitted: list[tuple[FactKey, Grant]] = field(default_factory=list)
    checkpoints: list[State] = field(default_factory=list)

    @property
    def grants(self) -> dict[tuple[str, str, str], Grant]:
        """What was said last of each."""
        return {grant.key: grant for _, grant in self.emitted}


def fold(
    engines: Mapping[str, Engine],
    facts: Iterable[Fact],
    state: State,
    shared: Shared,
    *,
    until: UnixSeconds | None = None,
    checkpoint_every: int = CHECKPOINT_EVERY,
) -> Folded:
    """Fold ``facts``, all later than ``state`` and in ascending order, into ``state`` itself.

    Args:
        engines: By ``Fact.version``. What is due is decided by the version of the fact before it.
        until: Let time pass to this moment afterwards.
        checkpoint_every: After so many facts a copy of the state is kept.

    Raises:
        InvariantError: a fact is not later than the one before it.
        KeyError: a fact of a version of which there is no engine.
    """
    folded = Folded(state)
    emitted = folded.emitted
    version = state.version
    engine = engines.get(version)
    run = None if engine is None else engine.begin(shared)
    number = 0
    for fact in facts:
        if state.due and state.due[0][0] <= fact.at:  # by the version before: as if time had passed without this fact
            before = engines[fact.version] if engine is None else engine
            emitted += [((at, "", ""), grant) for at, grant in before.elapse(state, fact.at, shared)]
        if engine is None or run is None or fact.version != version:
            version = fact.version
            engine = engines[version]
            run = engine.begin(shared)
        for grant in engine.step(state, fact, run):
            emitted.append((state.last, grant))
        number += 1
        if number == checkpoint_every:
            folded.checkpoints.append(state.copy())
            number = 0
    if until is not None and engine is not None:
        emitted += [((at, "", ""), grant) for at, grant in engine.elapse(state, until, shared)]
    return folded
