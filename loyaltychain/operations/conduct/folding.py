"""One member's facts through the engine, from a state on: what was said of each grant, and where. No database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.ledger.types import AMOUNT_MAX
from loyaltychain.operations.conduct.shared import Decisions
from loyaltychain.operations.conduct.state_store import EVERY, document_of
from loyaltychain.rules.engine.engine import Engine
from loyaltychain.rules.engine.protocol import Run
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import Fact, Grant

GrantKey = tuple[str, str, str]  # rule, cause, occurrence


@dataclass(slots=True)
class Said:
    """The last that was said of a grant, when it was first said and last, and in whose turn."""

    grant: Grant
    first_at: UnixSeconds
    last_at: UnixSeconds
    turn: int  # the position of the event; 0: time's


@dataclass(slots=True)
class Fold:
    """A member's fold under way.

    Args:
        numbers: Hers, and of those who went over into her.
        since: It goes on from a checkpoint of that instant, or from the beginning (None): all that was said later is
            void unless it is said again. Of a fold ``in_order`` everything stands that was said before.
        due_at: When time does something next that stands in no grant yet.
        owners: By the cause of each fact, whose fact it was.
        turn: The position of the event whose turn it is.
        frauds: By their causes, the facts that never were.
    """

    member: MemberNumber
    numbers: tuple[MemberNumber, ...]
    state: State
    facts: int
    tidied_to: UnixSeconds
    in_order: bool
    since: UnixSeconds | None = None
    due_at: UnixSeconds | None = None
    said: dict[GrantKey, Said] = field(default_factory=dict)
    owners: dict[str, MemberNumber] = field(default_factory=dict)
    checkpoints: list[tuple[int, int, str]] = field(default_factory=list)
    turn: int = 0
    frauds: set[str] = field(default_factory=set)
    _is_checkpoint_due: bool = False
    _runs: dict[str, Run] = field(default_factory=dict)  # by version

    def apply(self, fact: Fact, engines: Mapping[str, Engine], shared: Decisions) -> None:
        """Fold the next fact."""
        state, engine = self.state, engines[fact.version]
        if self.facts and self.facts % EVERY == 0:
            self._is_checkpoint_due = True
        if self._is_checkpoint_due and fact.at > state.last[0]:
            if self.in_order or state.last[0] != self.since:
                self.checkpoints.append((state.last[0], self.facts, document_of(state)))
            self._is_checkpoint_due = False
        shared.turn(self.member, fact.at)
        if state.due and state.due[0][0] <= fact.at:  # by the version that the fact before was folded by
            for at, grant in engines.get(state.version, engine).elapse(state, fact.at, shared):
                self._say(at, grant)
        run = self._runs.get(fact.version)
        if run is None:
            run = self._runs[fact.version] = engine.begin(shared)
        for grant in engine.step(state, fact, run):
            self._say(fact.at, grant)
        self.facts += 1
        if fact.retraction is not None and fact.retraction.is_fraud:
            self.frauds.add(fact.cause)

    def finish(self, engines: Mapping[str, Engine], newest: Engine, shared: Decisions) -> None:
        """Say what time has done up to ``tidied_to``, without keeping it in the state: later facts may be older."""
        engine = engines.get(self.state.version, newest)
        due_at = engine.next_due(self.state)
        if due_at is not None and due_at <= self.tidied_to:
            ahead = self.state.copy()
            shared.turn(self.member, self.tidied_to)
            for at, grant in engine.elapse(ahead, self.tidied_to, shared):
                self._say(at, grant)
            due_at = engine.next_due(ahead)
        self.due_at = due_at

    def _say(self, at: UnixSeconds, grant: Grant) -> None:
        if not -AMOUNT_MAX <= grant.desired <= AMOUNT_MAX:
            grant = _within(grant)
        before = self.said.get(grant.key)
        self.said[grant.key] = Said(grant, at if before is None else before.first_at, at, self.turn)


def _within(grant: Grant) -> Grant:
    """With numbers that can be kept: nobody can be given, or owe, so much."""
    parts = (grant.desired, grant.awarded, grant.qualifying)
    desired, awarded, qualifying = (max(-AMOUNT_MAX, min(each, AMOUNT_MAX)) for each in parts)
    return replace(grant, desired=desired, awarded=awarded, qualifying=qualifying)


def fold_in_turns(
    items: Iterable[tuple[int, Fold, Sequence[Fact]]], engines: Mapping[str, Engine], shared: Decisions
) -> None:
    """Fold facts in the order of turns: who told first asks first for what members share."""
    for turn, fold, facts in sorted(items, key=lambda item: (item[0], item[1].member)):
        fold.turn = turn
        for fact in facts:
            fold.apply(fact, engines, shared)
