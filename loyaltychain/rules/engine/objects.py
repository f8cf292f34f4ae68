"""The member's objects and their measures, as her facts tell of them.

What is told of an object before it was made (votes that know only their day) is kept, and counts from its making on.
"""

from collections.abc import Callable, Mapping
from typing import Any

from loyaltychain.program.behaviours import Measure
from loyaltychain.program.conduct import Conduct
from loyaltychain.rules.engine.days import DAY_SECONDS, Day
from loyaltychain.rules.engine.protocol import ObjectEntry, OnFact, OnObject, Run
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import Fact, ObjectFacts

PART = "objects"
_NONE: Mapping[str, int] = {}
# A stored object: [kind, made_at, day, parent_is_own, days_after_parent, rank, measures]; kind None: not made (yet).
_UNMADE = [None, 0, 0, False, None, 0]


def measures_of(state: State, object_id: str) -> Mapping[str, int]:
    """The measures of one of the member's objects, made or not."""
    stored = state.parts[PART].get(object_id)
    return _NONE if stored is None else stored[6]


def entries_of(state: State) -> list[ObjectEntry]:
    """All objects of the member that are made and not gone, in the order of their making."""
    found = [_entry(name, stored) for name, stored in state.parts[PART].items() if stored[0] is not None]
    return sorted(found, key=lambda entry: (entry.made_at, entry.id))


class Objects:
    """Keeps objects and measures, and tells ``listeners`` (by kind) of every change.

    Args:
        undo: Schedules what a fact that is taken back later takes with it.
    """

    def __init__(
        self,
        conduct: Conduct,
        listeners: Mapping[str, tuple[OnObject, ...]],
        day_of: Callable[[int], Day],
        undo: Callable[[State, Fact, Run, str, list[Any]], None],
    ) -> None:
        self._listeners = listeners
        self._day_of = day_of
        self._undo = undo
        self._kinds = {kind.id: kind.made_by for kind in conduct.objects}
        self._measures: dict[str, list[Measure]] = {}
        for measure in conduct.measures:
            for type_ in dict.fromkeys(measure.events):
                self._measures.setdefault(type_, []).append(measure)

    def on_facts(self) -> dict[str, OnFact]:
        """By type of event what is to be called."""
        return dict.fromkeys([*self._kinds.values(), *self._measures], self._on_fact)

    def take_back(self, state: State, data: list[Any], run: Run) -> None:
        """Undo what ``undo`` was told of: an object's making, or a measure's change."""
        what, name, measure, amount = data
        stored = state.parts[PART].get(name)
        if stored is None:
            return
        if what == "made":
            entry = _entry(name, stored)
            stored[:6] = _UNMADE
            self._tell(state, entry, "gone", run)
            return
        stored[6][measure] -= amount
        if stored[0] is not None:
            self._tell(state, _entry(name, stored), measure, run)

    def _on_fact(self, state: State, fact: Fact, run: Run) -> None:
        about = fact.object
        if about is None or fact.never_was:
            return
        if self._kinds.get(about.kind) == fact.type and "actor" in fact.roles and _is_making(fact, about):
            self._make(state, fact, about, run)
        if "owner" in fact.roles:
            for measure in self._measures.get(fact.type, ()):
                self._measure(state, fact, about.id, measure, run)

    def _make(self, state: State, fact: Fact, about: ObjectFacts, run: Run) -> None:
        objects = state.parts[PART]
        stored = objects.get(about.id)
        if stored is None:
            stored = objects[about.id] = [*_UNMADE, {}]
        gap = None if about.parent_made_at is None else (about.made_at - about.parent_made_at) // DAY_SECONDS
        is_own = about.parent_owner is not None and about.parent_owner == about.owner
        stored[:6] = [about.kind, about.made_at, self._day_of(about.made_at), is_own, gap, about.rank]
        if fact.retraction is not None:
            self._undo(state, fact, run, f"made {about.id}", ["made", about.id, "", 0])
        self._tell(state, _entry(about.id, stored), "made", run)

    def _measure(self, state: State, fact: Fact, name: str, measure: Measure, run: Run) -> None:
        amount = 1 if measure.field is None else fact.payload.get(measure.field)
        if type(amount) is not int:
            return
        objects = state.parts[PART]
        stored = objects.get(name)
        if stored is None:
            stored = objects[name] = [*_UNMADE, {}]
        measures = stored[6]
        measures[measure.id] = amount if measure.kind == "latest" else measures.get(measure.id, 0) + amount
        if fact.retraction is not None and measure.kind != "latest":
            self._undo(state, fact, run, f"measure {measure.id}", ["measure", name, measure.id, amount])
        if stored[0] is not None:
            self._tell(state, _entry(name, stored), measure.id, run)

    def _tell(self, state: State, entry: ObjectEntry, what: str, run: Run) -> None:
        for listener in self._listeners.get(entry.kind, ()):
            listener(state, entry, what, run)


def _entry(name: str, stored: list[Any]) -> ObjectEntry:
    kind, made_at, day, parent_is_own, gap, rank, measures = stored
    return ObjectEntry(name, kind, made_at, day, parent_is_own, gap, rank, measures)


def _is_making(fact: Fact, about: ObjectFacts) -> bool:
    """Whether it is the fact by which the object came to be: who names it so later makes nothing."""
    return fact.actor == about.owner and fact.at == about.made_at
