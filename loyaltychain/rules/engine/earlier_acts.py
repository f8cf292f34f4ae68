"""When the acts were done that other behaviours come after: the first and the latest, of all and by object.

``part["@<behaviour>"] = {object or "": [first, latest, [times of acts that are taken back later]]}``. It is kept from
when some ``after`` names the behaviour, or an act of it will be taken back, by whatever version from then on; before
that, what is counted (``State.acts``) says the same. An act that is taken back is left out from that moment on.
"""

from typing import Any

from loyaltychain.program.behaviours import After, Behaviour
from loyaltychain.rules.engine.limits import PART
from loyaltychain.rules.engine.protocol import Act
from loyaltychain.rules.engine.state import State


class EarlierActs:
    """What is kept of one behaviour's acts for those that come after it.

    Args:
        is_asked: Some behaviour comes after it.
        is_by_object: Some of them ask for an act on the same object.
    """

    def __init__(self, behaviour: str, *, is_asked: bool, is_by_object: bool) -> None:
        self._behaviour = behaviour
        self._is_by_object = is_by_object
        self.is_asked = is_asked
        self.key = _key(behaviour)

    def note(self, state: State, act: Act, *, is_lasting: bool) -> None:
        """An act counts; called before it is counted. ``is_lasting``: it is not taken back later.

        Of one that lasts it need not be called while nothing is asked for and nothing is kept.
        """
        held = state.parts[PART].get(self.key)
        if held is None:
            counted = state.acts.get(self._behaviour)  # what was counted before anything came after it
            held = {} if counted is None or not counted[0] else {"": [counted[1], counted[2], []]}
            state.parts[PART][self.key] = held
        is_by_object = self._is_by_object or len(held) > 1  # an earlier version asked for objects, a later one may
        for name in ("", act.object) if is_by_object and act.object else ("",):
            times = held.setdefault(name, [None, None, []])
            if not is_lasting:
                times[2].append(act.at)
                continue
            times[0] = act.at if times[0] is None else min(times[0], act.at)
            times[1] = act.at if times[1] is None else max(times[1], act.at)


def forget(state: State, act: Act) -> None:
    """An act counts no longer, whatever the programme makes of its behaviour by now."""
    held = state.parts[PART].get(_key(act.behaviour), {})
    for name in ("", act.object) if act.object else ("",):
        if name in held and act.at in held[name][2]:
            held[name][2].remove(act.at)


def earlier_acts_of(behaviour: str, all_of_them: tuple[Behaviour, ...]) -> EarlierActs:
    """What is kept of the behaviour's acts."""
    found = [each.after for each in all_of_them if each.after is not None and each.after.behaviour == behaviour]
    is_by_object = any(each.each == "object" for each in found)
    return EarlierActs(behaviour, is_asked=bool(found), is_by_object=is_by_object)


def time_before(state: State, after: After, about: Any) -> int | None:
    """When the act was done from which ``after`` counts, for an act about an object; None: there is none."""
    held = state.parts[PART].get(_key(after.behaviour))
    if held is None:
        counted = state.acts.get(after.behaviour) if after.each is None else None
        return None if counted is None or not counted[0] else counted[1 if after.act == "first" else 2]
    if after.each is not None and (not isinstance(about, str) or not about):
        return None  # "" is no object: under it stand the acts on any
    first, latest, others = held.get("" if after.each is None else about, (None, None, ()))
    if after.act == "first":
        return min((each for each in (first, *others) if each is not None), default=None)
    return max((each for each in (latest, *others) if each is not None), default=None)


def _key(behaviour: str) -> str:
    return f"@{behaviour}"
