"""When the acts were done that other behaviours come after: the first and the latest, of all and by object.

Kept only of behaviours that some ``after`` names: ``part["@<behaviour>"] = {object or "": [first, latest, [times of
acts that are taken back later]]}``. An act that is taken back is left out from that moment on.
"""

from typing import Any

from loyaltychain.program.behaviours import After, Behaviour
from loyaltychain.rules.engine.limits import PART
from loyaltychain.rules.engine.protocol import Act
from loyaltychain.rules.engine.state import State


class EarlierActs:
    """What is kept of one behaviour's acts for those that come after it.

    Args:
        is_by_object: Some of them ask for an act on the same object.
    """

    def __init__(self, behaviour: str, *, is_by_object: bool) -> None:
        self._behaviour = behaviour
        self._is_by_object = is_by_object

    def note(self, state: State, act: Act, *, is_lasting: bool) -> None:
        """An act counts; called before it is counted. ``is_lasting``: it is not taken back later."""
        held = state.parts[PART].get(_key(self._behaviour))
        if held is None:
            counted = state.acts.get(self._behaviour)  # what was counted before anything came after it
            held = {} if counted is None or not counted[0] else {"": [counted[1], counted[2], []]}
            state.parts[PART][_key(self._behaviour)] = held
        for name in self._names(act):
            times = held.setdefault(name, [None, None, []])
            if not is_lasting:
                times[2].append(act.at)
                continue
            times[0] = act.at if times[0] is None else min(times[0], act.at)
            times[1] = act.at if times[1] is None else max(times[1], act.at)

    def forget(self, state: State, act: Act) -> None:
        """An act counts no longer."""
        held = state.parts[PART].get(_key(self._behaviour), {})
        for name in self._names(act):
            if name in held and act.at in held[name][2]:
                held[name][2].remove(act.at)

    def _names(self, act: Act) -> tuple[str, ...]:
        return ("", act.object) if self._is_by_object and act.object else ("",)


def earlier_acts_of(behaviour: str, all_of_them: tuple[Behaviour, ...]) -> EarlierActs | None:
    """What is kept of the behaviour's acts; None where nothing comes after it."""
    found = [each.after for each in all_of_them if each.after is not None and each.after.behaviour == behaviour]
    return EarlierActs(behaviour, is_by_object=any(each.each == "object" for each in found)) if found else None


def time_before(state: State, after: After, about: Any) -> int | None:
    """When the act was done from which ``after`` counts, for an act about an object; None: there is none."""
    held = state.parts[PART].get(_key(after.behaviour))
    if held is None:
        counted = state.acts.get(after.behaviour) if after.each is None else None
        return None if counted is None or not counted[0] else counted[1 if after.act == "first" else 2]
    name = "" if after.each is None else about
    first, latest, others = held.get(name, (None, None, ())) if isinstance(name, str) else (None, None, ())
    if after.act == "first":
        return min((each for each in (first, *others) if each is not None), default=None)
    return max((each for each in (latest, *others) if each is not None), default=None)


def _key(behaviour: str) -> str:
    return f"@{behaviour}"
