"""A behaviour, compiled: from a fact to an act, from the act to points, and to all who count it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.behaviours import Behaviour, To
from loyaltychain.rules.engine.days import Day
from loyaltychain.rules.engine.earlier_acts import EarlierActs
from loyaltychain.rules.engine.fields import Holds, is_made
from loyaltychain.rules.engine.gates import Gates, Worth
from loyaltychain.rules.engine.limits import PART as BEHAVIOURS
from loyaltychain.rules.engine.limits import Limits
from loyaltychain.rules.engine.points import Boosts, make_worth
from loyaltychain.rules.engine.proof import beneficiary
from loyaltychain.rules.engine.protocol import Act, OnAct, OnTopic, Run
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import Fact, Grant, Reason
from loyaltychain.rules.engine.validity import Check

Undo = Callable[[State, Fact, Run, str, list[Any]], None]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a behaviour is compiled from, beside its own words.

    Args:
        kinds: By kind of object the type of event that makes one.
        checks_alone: Those of facts that are about no object and nobody else.
        earlier: What is kept of its acts for behaviours that come after it.
        on_done: Who listens to acts as soon as they are done.
        on_acts: Who listens to acts that count.
        on_qualifying: Who listens to qualifying points.
        reads: Fields of the payload that these need of an act that counts no longer.
        undo: Schedules what a fact that is taken back later takes with it.
        version: The digest of the programme.
    """

    where: Holds | None
    checks: tuple[Check, ...]
    checks_alone: tuple[Check, ...]
    boosts: Boosts
    limits: Limits
    gates: Gates
    kinds: Mapping[str, str]
    day_of: Callable[[int], Day]
    earlier: EarlierActs
    on_done: tuple[OnAct, ...]
    on_acts: tuple[OnAct, ...]
    on_qualifying: tuple[OnTopic, ...]
    reads: frozenset[str]
    undo: Undo
    version: str


class Rule:
    """One behaviour of a programme. ``handle`` is called with every fact of its types."""

    def __init__(self, behaviour: Behaviour, parts: Parts) -> None:
        self.behaviour = behaviour
        self.name = f"behaviour:{behaviour.id}"
        self._parts = parts
        self._id = behaviour.id
        self._to: To = behaviour.to
        self._is_actors = behaviour.to == "actor"
        self._where, self._day_of, self._earlier = parts.where, parts.day_of, parts.earlier
        self._checks, self._checks_alone = parts.checks, parts.checks_alone
        self._worth = None if behaviour.points is None else make_worth(behaviour.points)
        self._boosts = None if parts.boosts.is_empty else parts.boosts
        self._limit = None if parts.limits.is_empty else parts.limits.apply
        self._fixed = self._worth({}) if self._worth is not None and _is_fixed(behaviour, parts) else None
        self._listeners = parts.on_done + parts.on_acts
        self._is_gated = behaviour.gate is not None
        self._is_asked = parts.earlier.is_asked
        self._version = parts.version
        self._expiry = behaviour.expiry
        self._is_qualifying = behaviour.qualifying

    def handle(self, state: State, fact: Fact, run: Run) -> None:
        """Whatever the fact means to this behaviour."""
        if self._to not in fact.roles or (self._where is not None and not self._where(state, fact)):
            return
        is_alone = fact.object is None and fact.recipient is None
        for check in self._checks_alone if is_alone else self._checks:
            fault = check(state, fact)
            if fault is not None:
                self._say_nothing(state, fact, run, *fault)
                return
        payload, at = fact.payload, fact.at
        about, device = payload.get("object"), payload.get("device")
        act = Act(
            self._id,
            run.cause,
            at,
            self._day_of(at),
            payload,
            about if type(about) is str else None,
            None if is_alone and self._is_actors else self._counterpart(fact),
            fact.actor,
            device if type(device) is str else None,
        )
        if fact.retraction is not None:
            self._handle_taken_back(state, fact, act, run)
            return
        run.has_act = True
        if self._is_gated:
            points, inputs = self._points(state, act.payload, act.at)
            self._hold(state, fact, act, Worth(points, inputs, self._version), run)
            return
        if self._worth is not None:
            points, inputs = self._fixed or self._points(state, act.payload, act.at)
            self._give(state, act, points, inputs, self._version, run)
        if self._is_asked or self._earlier.key in state.parts[BEHAVIOURS]:
            self._earlier.note(state, act, is_lasting=True)
        _count(state, act)
        for listener in self._listeners:
            listener(state, act, run)

    def passes(self, state: State, act: Act, worth: Worth, run: Run) -> None:
        """An act that waited is good: it is given its points, and counts."""
        if self._worth is not None and not worth.is_taken_back:
            self._give(state, act, worth.points, worth.inputs, worth.version, run)
        self._count(state, act, is_lasting=not worth.is_taken_back)
        for listener in self._parts.on_acts:
            listener(state, act, run)

    def fails(self, state: State, act: Act, worth: Worth, reason: Reason, run: Run) -> None:
        """An act that waited was not good, or nobody said so in time."""
        if self._worth is not None and not worth.is_taken_back:
            run.grant(
                self.name, "points", act.cause, "", act.at, worth.points, 0, reason=reason,
                inputs=worth.inputs, version=worth.version,
            )  # fmt: skip
        self._tell_gone(state, act, self._parts.on_done, run)

    def take_back(self, state: State, act: Act, run: Run, *, is_done: bool, is_counted: bool) -> None:
        """Tell whoever heard of an act that it is gone: as done, and as passed."""
        if is_counted:
            self._tell_gone(state, act, self._parts.on_acts, run)
        if is_done:
            self._tell_gone(state, act, self._parts.on_done, run)

    def _handle_taken_back(self, state: State, fact: Fact, act: Act, run: Run) -> None:
        """Points it gives none, from the beginning; it counts until it is taken back, if it ever did."""
        retraction = fact.retraction
        assert retraction is not None
        reason: Reason = "fraud" if retraction.is_fraud else "retracted"
        self._say_nothing(state, fact, run, reason, {"by": retraction.cause, "at": retraction.at})
        if fact.never_was:
            return
        run.has_act = True
        data = [
            act.behaviour, act.cause, act.at, act.day, self._kept(act), act.object, act.counterpart, act.actor,
            act.device, self._is_gated,
        ]  # fmt: skip
        self._parts.undo(state, fact, run, f"act {self._id}", data)
        if self._is_gated:
            self._hold(state, fact, act, Worth(0, {}, self._version, is_taken_back=True), run)
            return
        self._count(state, act, is_lasting=False)
        for listener in self._listeners:
            listener(state, act, run)

    def _hold(self, state: State, fact: Fact, act: Act, worth: Worth, run: Run) -> None:
        self._parts.gates.hold(state, act, self._kept(act), worth, beneficiary(self.behaviour, fact), run)
        for listener in self._parts.on_done:
            listener(state, act, run)

    def _points(self, state: State, payload: Mapping[str, Any], at: UnixSeconds) -> tuple[int, Mapping[str, Any]]:
        if self._worth is None:
            return 0, {}
        points, inputs = self._worth(payload)
        if points > 0 and self._boosts is not None:
            return self._boosts.apply(state, at, points, inputs)
        return points, inputs

    def _give(self, state: State, act: Act, points: int, inputs: Mapping[str, Any], version: str, run: Run) -> None:
        awarded, reason = points, None
        if points and self._limit is not None:
            awarded, reason, said = self._limit(state, act, points, run)
            if said:
                inputs = {**inputs, **said}
        qualifying = awarded if self._is_qualifying else 0
        run.out.append(
            Grant(
                self.name, "points", act.cause, "", act.at, points, awarded, "given", reason, qualifying, None,
                self._expiry, None, inputs, version,
            )
        )  # fmt: skip
        if qualifying:
            for listener in self._parts.on_qualifying:
                listener(state, qualifying, run)

    def _say_nothing(self, state: State, fact: Fact, run: Run, reason: Reason, said: Mapping[str, Any]) -> None:
        if self._worth is None:
            return
        points, inputs = self._points(state, fact.payload, fact.at)
        run.grant(self.name, "points", run.cause, "", fact.at, points, 0, reason=reason, inputs={**inputs, **said})

    def _count(self, state: State, act: Act, *, is_lasting: bool) -> None:
        if self._is_asked or not is_lasting or self._earlier.key in state.parts[BEHAVIOURS]:
            self._earlier.note(state, act, is_lasting=is_lasting)
        _count(state, act)

    def _counterpart(self, fact: Fact) -> MemberNumber | None:
        actor = fact.actor
        if self._to != "actor":
            return actor or None
        other = fact.recipient
        if other is None:
            about = fact.object
            if about is None:
                return None
            other = about.parent_owner if is_made(fact, self._parts.kinds) else about.owner
        return other if other and other != actor else None

    def _kept(self, act: Act) -> dict[str, Any]:
        """What is kept of the act's payload for whoever counts it later, or counts it no longer."""
        return {name: act.payload[name] for name in self._parts.reads if name in act.payload}

    def _tell_gone(self, state: State, act: Act, listeners: tuple[OnAct, ...], run: Run) -> None:
        act.change = -1
        for listener in listeners:
            listener(state, act, run)


def _is_fixed(behaviour: Behaviour, parts: Parts) -> bool:
    """Whether each act is worth the same."""
    points = behaviour.points
    return points is not None and points.per is None and points.each is None and parts.boosts.is_empty


def _count(state: State, act: Act) -> None:
    at, counted = act.at, state.acts.get(act.behaviour)
    if counted is None:
        state.acts[act.behaviour] = [1, at, at]
        return
    counted[0] += 1
    if at >= counted[2]:
        counted[2] = at
    elif at < counted[1]:  # it waited at a gate
        counted[1] = at
