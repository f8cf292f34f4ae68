"""What makes the points of an act fewer than it is worth, in a stated order, and what it takes from each limit.

The order: the pair's weight, ``once``, ``every``, ``cooldown``; the rule's own caps in the file's order; the caps of
all behaviours together; caps that members share; the budget. The last that left less gives the reason. An act that
ends with nothing takes nothing of the member's own caps.
"""

from collections.abc import Callable
from typing import Any

from loyaltychain.program.behaviours import Behaviour, Cap, Each
from loyaltychain.rules.engine.caps import Slot, cap_words, each_of
from loyaltychain.rules.engine.days import DAY_SECONDS, period_of
from loyaltychain.rules.engine.pairs import weigh, weighted
from loyaltychain.rules.engine.protocol import Act, Run
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import Reason

PART, PAIRS = "behaviours", "pairs"
EVERYTHING = "*"  # the key under which the caps of all behaviours together stand

Inputs = dict[str, Any]
Limited = tuple[int, Reason | None, Inputs | None]
_Mine = dict[str, Any]  # what is kept of one behaviour
_Refusal = tuple[Reason, Inputs] | None
_Refuses = Callable[[_Mine, Act], _Refusal]


class Limits:
    """All that limits one behaviour's points.

    ``apply(state, act, wanted, run)`` says how many of ``wanted`` points the act is given, why not all, and the numbers
    that say so.

    Args:
        common: The caps of all behaviours together.
        waits: For how many days an act of the programme may wait at a gate: so long the windows of caps are kept.
    """

    def __init__(self, behaviour: Behaviour, common: tuple[Cap, ...], waits: int) -> None:
        self._behaviour = behaviour
        self._once: Each | None = None if behaviour.once in (None, "ever") else behaviour.once  # type: ignore[assignment]
        self._horizon = (behaviour.cooldown or 0) + waits * DAY_SECONDS
        self._refusals = self._make_refusals()
        self._slots = [(behaviour.id, Slot(cap, waits)) for cap in behaviour.caps if not cap.shared]
        self._slots += [(EVERYTHING, Slot(cap, waits, is_common=True)) for cap in common if not cap.shared]
        self._used = list({(name, slot.name): (name, slot) for name, slot in self._slots}.values())
        self._shared: list[tuple[str, Cap, Reason]] = []
        for prefix, caps, reason in (
            (f"cap:{behaviour.id}", behaviour.caps, "shared-cap"),
            (f"cap:{EVERYTHING}", common, "cap-all"),
        ):
            self._shared += [(prefix, cap, reason) for cap in caps if cap.shared]  # type: ignore[misc]
        if behaviour.budget is not None:
            self._shared.append((f"budget:{behaviour.id}", behaviour.budget, "budget"))
        self._keeps = behaviour.once is not None or behaviour.cooldown is not None
        self._only = self._slots[0] if len(self._slots) == 1 else None
        has_only_slots = not (self._refusals or self._shared or behaviour.pairs)
        self.is_empty = has_only_slots and not self._slots
        self.apply = self._apply_slots if has_only_slots else self._apply_all

    def _apply_slots(self, state: State, act: Act, wanted: int, run: Run) -> Limited:
        """The same as ``_apply_all``, where there are only caps of the member's own: the way of most acts."""
        if wanted <= 0:
            return wanted, None, None
        held = state.parts[PART]
        if self._only is not None:
            name, slot = self._only
            stored = held.get(name)
            if stored is None:
                stored = held[name] = {}
            given, used = slot.take(stored, act, wanted)
            return (given, None, None) if given == wanted else (given, slot.reason, {"cap": slot.words(act, used)})
        amount, reason, inputs = wanted, None, None
        for name, slot in self._slots:
            left, used = slot.left(held.get(name), act)
            if left < amount:
                amount, reason, inputs = left, slot.reason, {"cap": slot.words(act, used)}
        if amount:
            for name, slot in self._used:
                stored = held.get(name)
                if stored is None:
                    stored = held[name] = {}
                slot.use(stored, act, amount)
        return amount, reason, inputs

    def _apply_all(self, state: State, act: Act, wanted: int, run: Run) -> Limited:
        held = state.parts[PART]
        amount = wanted
        reason: Reason | None = None
        inputs: Inputs = {}
        if self._behaviour.pairs is not None and act.counterpart is not None and wanted > 0:
            amount, reason, inputs = self._weigh(state, act, wanted)
        for refuses in self._refusals:
            refused = refuses(held.setdefault(self._behaviour.id, {}), act)
            if refused is not None:
                return 0, refused[0], {**inputs, **refused[1]}
        if amount > 0:
            for name, slot in self._slots:
                left, used = slot.left(held.get(name), act)
                if left < amount:
                    amount, reason, inputs = left, slot.reason, {**inputs, "cap": slot.words(act, used)}
            if self._shared and amount:
                amount, reason, inputs = self._take(act, amount, reason, inputs, run)
        if amount:
            self._use(held, act, amount)
        return amount, reason, inputs

    def _weigh(self, state: State, act: Act, wanted: int) -> tuple[int, Reason | None, Inputs]:
        behaviour = self._behaviour
        assert behaviour.pairs is not None and act.counterpart is not None
        period = period_of(act.day, behaviour.pairs.per)
        percent, nth, reason = weigh(state.parts[PAIRS], behaviour, act.counterpart, act.at, period)
        return weighted(wanted, percent), reason, {"weight": percent, "nth": nth}

    def _take(
        self, act: Act, amount: int, reason: Reason | None, inputs: Inputs, run: Run
    ) -> tuple[int, Reason | None, Inputs]:
        """Ask for what members share; a decision that whoever keeps ``run.shared`` records.

        One is asked after another for what the one before left; what a later one refuses is given back to the earlier.
        """
        key, had = f"behaviour:{self._behaviour.id}|{act.cause}|", list[tuple[str, Cap, int]]()
        for prefix, cap, why in self._shared:
            resource = f"{prefix}:{cap.unit}:{cap.per}:{period_of(act.day, cap.per)}"
            if cap.each is not None:
                resource += f":{cap.each}:{each_of(cap.each, act)}"
            wanted = amount if cap.unit == "points" else 1
            got = run.shared.take(resource, key, wanted, most=cap.most, at=act.at)
            had.append((resource, cap, got))
            if got < wanted:
                amount, reason = (got if cap.unit == "points" else 0), why
                inputs = {**inputs, "cap": cap_words(cap, act) | {"shared": True}}
                if not amount:
                    break
        for resource, cap, got in had:
            needed = amount if cap.unit == "points" else min(amount, 1)
            if needed < got:
                run.shared.take(resource, key, needed, most=cap.most, at=act.at)
        return amount, reason, inputs

    def _use(self, held: dict[str, Any], act: Act, amount: int) -> None:
        if self._keeps:
            mine = held[self._behaviour.id]
            if self._behaviour.once is not None:
                mine.setdefault("once", {})[each_of(self._once, act)] = act.cause
            if self._behaviour.cooldown is not None:
                after = act.at - self._horizon
                mine["given"] = [each for each in mine.get("given", ()) if each[0] > after] + [[act.at, act.cause]]
        if amount > 0:
            for name, slot in self._used:
                slot.use(held.setdefault(name, {}), act, amount)

    def _make_refusals(self) -> tuple[_Refuses, ...]:
        behaviour, found = self._behaviour, list[_Refuses]()
        if behaviour.once is not None:
            found.append(self._refuses_again)
        if behaviour.every > 1:
            found.append(self._refuses_between)
        if behaviour.cooldown is not None:
            found.append(self._refuses_soon)
        return tuple(found)

    def _refuses_again(self, mine: _Mine, act: Act) -> _Refusal:
        first = mine.get("once", {}).get(each_of(self._once, act))
        return None if first is None else ("once", {"first": first})

    def _refuses_between(self, mine: _Mine, act: Act) -> _Refusal:
        every = self._behaviour.every
        count = mine["n"] = mine.get("n", 0) + 1
        return ("not-the-nth", {"count": count % every, "every": every}) if count % every else None

    def _refuses_soon(self, mine: _Mine, act: Act) -> _Refusal:
        seconds = self._behaviour.cooldown or 0
        for at, cause in reversed(mine.get("given", ())):
            if abs(act.at - at) < seconds:
                return "cooldown", {"last": cause, "until": at + seconds}
        return None
