"""A programme's conduct, compiled: folds one member's facts, one after another, into her state and what she is given.

Pure: no clock, no database, no other members but through ``Shared``. What happens for one fact, in this order: what
was due before it; objects and measures; behaviours in the file's order, each its points, then streaks, tiers,
achievements, referrals; gates that it speaks to; then what components do with facts of its type.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.behaviours import Behaviour
from loyaltychain.program.conduct import Conduct
from loyaltychain.program.types import Program
from loyaltychain.rules.engine.achievements import make_achievements
from loyaltychain.rules.engine.behaviours import Parts, Rule
from loyaltychain.rules.engine.days import make_days
from loyaltychain.rules.engine.earlier_acts import earlier_acts_of, forget
from loyaltychain.rules.engine.fields import compile_conditions
from loyaltychain.rules.engine.gates import PART as GATES
from loyaltychain.rules.engine.gates import Gates, new_gates
from loyaltychain.rules.engine.later import merge
from loyaltychain.rules.engine.limits import PAIRS, Limits
from loyaltychain.rules.engine.limits import PART as BEHAVIOURS
from loyaltychain.rules.engine.objects import PART as OBJECTS
from loyaltychain.rules.engine.objects import Objects
from loyaltychain.rules.engine.pairs import new_pairs
from loyaltychain.rules.engine.points import Boosts, InSegment
from loyaltychain.rules.engine.protocol import Act, Component, OnFact, Run, TierComponent
from loyaltychain.rules.engine.reciprocity import make_notes
from loyaltychain.rules.engine.referrals import make_referrals
from loyaltychain.rules.engine.segments import make_segments
from loyaltychain.rules.engine.state import BEFORE_ALL, State
from loyaltychain.rules.engine.streaks import make_streaks
from loyaltychain.rules.engine.tiers import make_tiers
from loyaltychain.rules.engine.types import Fact, Grant, Shared
from loyaltychain.rules.engine.validity import make_checks

UNDO = "undo"  # what is scheduled by it: the end of something that counted until it was taken back
_EARLIEST, _LATEST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (1900, 2200))
_CORE: dict[str, Callable[[], dict[str, Any]]] = {
    BEHAVIOURS: dict, OBJECTS: dict, GATES: new_gates, PAIRS: new_pairs,
}  # fmt: skip


@lru_cache(maxsize=64)
def compile_engine(program: Program, *, later: tuple[Program, ...] = (), name: str | None = None) -> "Engine":
    """The engine of a version of a programme.

    Args:
        name: What facts name it by; None: by its digest.
        later: The versions after it, in their order. Achievements that one of them fills back count in the time of
            this one, too, as the first declares them: what becomes of them later takes them from nobody.
    """
    return Engine(program, later, name)


class Engine:
    """One version of a programme, ready to be applied. Holds no member's state.

    ``version`` is the digest of its programme, 0x hex; ``name`` is what facts and states name it by; ``program`` says
    what it was compiled from, with what a later version added to its time.
    """

    def __init__(self, program: Program, later: tuple[Program, ...] = (), name: str | None = None) -> None:
        self.program, self._versions = program, dict[str, str]()
        for each in later:
            merged = merge(self.program, each)
            self.program = merged.program
            self._versions |= dict.fromkeys(merged.added, f"0x{each.digest.hex()}")
        self.conduct = self.program.conduct or Conduct()
        self.version = f"0x{program.digest.hex()}"
        self.name = name or self.version
        self.tiers: TierComponent | None = make_tiers(self.program)
        found = (make_streaks(self.program), self.tiers, make_achievements(self.program), make_referrals(self.program))
        self.components: tuple[Component, ...] = tuple(each for each in found if each is not None)
        self.segments: Mapping[str, InSegment] = make_segments(self.program, self.tiers)
        self._named = {each.name: each for each in self.components}
        self._topics = _gathered([each.on_topics() for each in self.components])
        self.day_of = make_days(self.program.timezone)
        self._gates = Gates()
        self._objects = Objects(
            self.conduct, _gathered([each.on_objects() for each in self.components]), self.day_of, self._undo
        )
        self._rules = {each.id: self._compile(each) for each in self.conduct.behaviours}
        self._handlers = self._make_handlers()
        self._blank = State()
        self._adopt(self._blank)

    def new_state(self, zone: str | None = None, joined_at: UnixSeconds | None = None) -> State:
        """The state of a member without facts."""
        state = self._blank.copy()
        state.zone, state.joined_at = zone, joined_at
        return state

    def apply(self, state: State, fact: Fact, shared: Shared) -> list[Grant]:
        """Fold the fact into the state, in place, and say what that gives or changes.

        What was due before it is decided by this version, too. It is the version of the fact before (``state.version``)
        that has to: where that is another one, its engine's ``elapse`` goes first, as in ``fold``.

        Raises InvariantError for a fact that is not later than what the state has seen.
        """
        if state.due and state.due[0][0] <= fact.at:
            before = [grant for _, grant in self.elapse(state, fact.at, shared)]
            return before + self.step(state, fact, self.begin(shared))
        return self.step(state, fact, self.begin(shared))

    def begin(self, shared: Shared) -> Run:
        """A run for ``step``, which may be used for one fact after another."""
        return Run(self._topics, self._versions, self.version, UnixSeconds(0), shared)

    def step(self, state: State, fact: Fact, run: Run) -> list[Grant]:
        """The second half of ``apply``: the fact itself, when nothing is due before it.

        One that is said to lie before 1900 or after 2199 counts for nothing: calendars end somewhere.
        """
        at = fact.at
        key = (at, fact.source, fact.id)
        if key <= state.last:
            raise errors.InvariantError("A fact is not later than the state.", fact=fact.cause, last=state.last)
        is_first, state.last = state.last == BEFORE_ALL, key
        if state.version != self.name:
            self._begin(state) if is_first else self._adopt(state)
        if state.joined_at is None and "actor" in fact.roles:
            state.joined_at = at
        handlers = self._handlers.get(fact.type)
        if handlers is None or not _EARLIEST <= at < _LATEST:
            return []
        run.at, run.fact, run.cause, run.has_act = at, fact, f"{key[1]}/{key[2]}", False
        out: list[Grant] = []
        run.out = out
        for handle in handlers:
            handle(state, fact, run)
        if run.has_act:
            state.last_act = at
        return out

    def advance(self, state: State, at: UnixSeconds, shared: Shared) -> list[Grant]:
        """Let time pass up to and with ``at``. A fact that is older than the last thing that was due is late then."""
        return [grant for _, grant in self.elapse(state, at, shared)]

    def elapse(self, state: State, at: UnixSeconds, shared: Shared) -> list[tuple[UnixSeconds, Grant]]:
        """What is due up to and with ``at``, with the moment at which each was; the first half of ``apply``."""
        if state.version != self.name:
            self._adopt(state)
        found: list[tuple[UnixSeconds, Grant]] = []
        while state.due and state.due[0][0] <= at and state.due[0][0] < _LATEST:
            moment, component, key, data = state.due.pop(0)
            state.last = max(state.last, (moment, "", ""))
            run = Run(self._topics, self._versions, self.version, moment, shared)
            self._fire(state, component, key, data, run)
            found += [(moment, grant) for grant in run.out]
        return found

    def next_due(self, state: State) -> UnixSeconds | None:
        """When ``advance`` has something to do next."""
        return state.due[0][0] if state.due and state.due[0][0] < _LATEST else None

    def _begin(self, state: State) -> None:
        """Take over a state without facts, which another version made: it is as if this one had made it."""
        state.parts, state.version = self._blank.copy().parts, self.name

    def _adopt(self, state: State) -> None:
        parts = state.parts
        for name, make in _CORE.items():
            if name not in parts:
                parts[name] = make()
        for component in self.components:
            if component.name not in parts:
                parts[component.name] = component.new_part()
        is_new, state.version = state.version == "", self.name
        if not is_new:
            for component in self.components:
                component.adopt(state)

    def _fire(self, state: State, component: str, key: str, data: Any, run: Run) -> None:
        if component == GATES:
            self._gates.on_due(state, key, run)
        elif component == UNDO:
            run.cause, what, *rest = data
            if what == "act":
                self._take_back(state, rest, run)
            else:
                self._objects.take_back(state, [what, *rest], run)
        elif component in self._named:
            self._named[component].on_due(state, key, data, run)

    def _take_back(self, state: State, data: list[Any], run: Run) -> None:
        """An act that counted until now counts no longer: as it was counted then, whatever its rule is by now."""
        behaviour, cause, *_ = *named, was_gated = data
        is_done, is_counted = True, True
        if was_gated:
            is_done, is_counted = self._gates.take_back(state, behaviour, cause, run)
        act = Act(*named)
        if is_counted and behaviour in state.acts:
            state.acts[behaviour][0] -= 1
            forget(state, act)
        rule = self._rules.get(behaviour)
        if rule is not None:
            rule.take_back(state, act, run, is_done=is_done, is_counted=is_counted)

    def _undo(self, state: State, fact: Fact, run: Run, key: str, data: list[Any]) -> None:
        """Schedule the end of something that the fact did and that is taken back later."""
        assert fact.retraction is not None, fact.cause
        run.schedule(state, fact.retraction.at, UNDO, f"{run.cause}|{key}", [fact.retraction.cause, *data])

    def _compile(self, behaviour: Behaviour) -> Rule:
        conduct, name = self.conduct, behaviour.id
        kinds = {kind.id: kind.made_by for kind in conduct.objects}
        tier_at = None if self.tiers is None else self.tiers.tier_at
        waits = max((each.gate.days for each in conduct.behaviours if each.gate is not None), default=0)
        boosts = [each for each in conduct.boosts if not each.behaviours or name in each.behaviours]
        parts = Parts(
            where=compile_conditions(behaviour.where, kinds),
            checks=make_checks(behaviour, kinds, segments=self.segments, tier_at=tier_at),
            checks_alone=make_checks(behaviour, kinds, segments=self.segments, tier_at=tier_at, is_alone=True),
            boosts=Boosts(boosts, segments=self.segments, tiers=conduct.tiers, tier_at=tier_at),
            limits=Limits(behaviour, conduct.caps, waits),
            gates=self._gates,
            kinds=kinds,
            day_of=self.day_of,
            earlier=earlier_acts_of(name, conduct.behaviours),
            on_done=tuple(found[name] for each in self.components if name in (found := each.on_done())),
            on_acts=tuple(found[name] for each in self.components if name in (found := each.on_acts())),
            on_qualifying=self._topics.get("qualifying", ()),
            reads=frozenset[str]().union(*(each.reads().get(name, ()) for each in self.components)),
            undo=lambda state, fact, run, key, data: self._undo(state, fact, run, key, ["act", *data]),
            version=self.version,
        )
        rule = Rule(behaviour, parts)
        if behaviour.gate is not None:
            self._gates.add(rule)
        return rule

    def _make_handlers(self) -> dict[str, tuple[OnFact, ...]]:
        behaviours = [dict.fromkeys(rule.behaviour.events, rule.handle) for rule in self._rules.values()]
        kinds = {kind.id: kind.made_by for kind in self.conduct.objects}
        notes = [make_notes(each, kinds) for each in self.conduct.behaviours if each.pairs is not None]
        components = [component.on_facts() for component in self.components]
        return _gathered([self._objects.on_facts(), *behaviours, *notes, self._gates.on_facts(), *components])


def _gathered(maps: list[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """By name all that listen, in the order of ``maps``."""
    found: dict[str, tuple[Any, ...]] = {}
    for each in maps:
        for name, listener in each.items():
            found[name] = (*found.get(name, ()), listener)
    return found
