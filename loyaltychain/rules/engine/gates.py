"""Acts whose points wait for a quality signal: what waits, what the signals say, and what the time says without them.

A signal names the act (payload ``event``) or its object, and comes after it. What was taken back never spoke. Nobody
speaks for what is her own: who did the act, or gains by it, is neither a peer nor a role holder.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.behaviours import Behaviour, Gate, Signal
from loyaltychain.rules.engine.days import DAY_SECONDS
from loyaltychain.rules.engine.protocol import Act, OnFact, Run
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import Fact, Reason

PART = "gates"


class Waiting(Protocol):
    """A compiled behaviour, as what waits for its gate needs it."""

    behaviour: Behaviour

    def passes(self, state: State, act: Act, worth: "Worth", run: Run) -> None:
        """Give what the act is worth now, and count it."""

    def fails(self, state: State, act: Act, worth: "Worth", reason: Reason, run: Run) -> None:
        """Say that the act is given nothing, and why."""


class Worth:
    """What an act was worth when it was done: points before limits, their inputs, and by which version."""

    __slots__ = ("inputs", "is_taken_back", "points", "version")

    def __init__(self, points: int, inputs: Mapping[str, Any], version: str, *, is_taken_back: bool = False) -> None:
        self.points = points
        self.inputs = inputs
        self.version = version
        self.is_taken_back = is_taken_back  # later; then passing only counts


def new_gates() -> dict[str, Any]:
    """Of a member for whom nothing waits: what waits by key, keys by what signals name, and retracted acts that
    passed."""
    return {"pending": {}, "named": {}, "passed": {}}


class Gates:
    """What waits, of all behaviours of a programme that have a gate."""

    def __init__(self) -> None:
        self._rules: dict[str, Waiting] = {}

    def add(self, rule: Waiting) -> None:
        """Another behaviour with a gate."""
        self._rules[rule.behaviour.id] = rule

    def on_facts(self) -> dict[str, OnFact]:
        """By type of event what is to be called."""
        types: dict[str, OnFact] = {}
        for rule in self._rules.values():
            gate = _gate(rule.behaviour)
            types |= dict.fromkeys([*(each.event for each in gate.until), *gate.reject], self._on_fact)
        return types

    def hold(
        self,
        state: State,
        act: Act,
        kept: dict[str, Any],
        worth: Worth,
        beneficiary: MemberNumber | None,
        run: Run,
    ) -> None:
        """Let the act wait, with what is ``kept`` of its payload; its pending grant is said."""
        gate = _gate(self._rules[act.behaviour].behaviour)
        held = state.parts[PART]
        due_at = UnixSeconds(act.at + gate.days * DAY_SECONDS)
        key = _key(act.behaviour, act.cause)
        for name in {act.cause, act.object} - {None}:
            held["named"].setdefault(name, []).append(key)
        record = {
            "act": [act.behaviour, act.cause, act.at, act.day, kept, act.object, act.counterpart],
            "by": [act.actor, act.device],
            "worth": [worth.points, dict(worth.inputs), worth.version, worth.is_taken_back],
            "own": [each for each in (act.actor, beneficiary) if each],
            "seen": [[] for _ in gate.until],
            "due": due_at,
            "otherwise": gate.otherwise,
        }
        held["pending"][key] = record
        run.schedule(state, due_at, PART, key, None)
        self._say_pending(record, run)

    def take_back(self, state: State, behaviour: str, cause: str, run: Run) -> tuple[bool, bool]:
        """The act is gone now: whether it still counted as done, and as passed."""
        held, key = state.parts[PART], _key(behaviour, cause)
        if key in held["pending"]:
            self._close(state, key, run)
            return True, False
        is_counted = held["passed"].pop(key, None)
        return is_counted is not None, bool(is_counted)

    def on_due(self, state: State, key: str, run: Run) -> None:
        """Nothing came in time."""
        record = self._close(state, key, None)
        run.cause = record["act"][1]
        if record["otherwise"] == "give":
            self._pass(state, key, record, None, run)
        else:
            self._fail(state, record, "timed-out", {}, run)

    def _on_fact(self, state: State, fact: Fact, run: Run) -> None:
        held = state.parts[PART]
        if not held["pending"] or fact.retraction is not None:
            return
        names = fact.payload.get("event"), fact.payload.get("object")
        for name in names:
            keys = held["named"].get(name) if isinstance(name, str) else None
            if keys:
                for key in tuple(keys):
                    self._hear(state, key, fact, run)
                return

    def _hear(self, state: State, key: str, fact: Fact, run: Run) -> None:
        record = state.parts[PART]["pending"][key]
        rule = self._rules.get(record["act"][0])
        if rule is None or record["act"][1] == run.cause:
            return
        gate = _gate(rule.behaviour)
        if fact.type in gate.reject:
            self._close(state, key, run)
            self._fail(state, record, "rejected", {"by": run.cause, "at": fact.at}, run)
            return
        has_news = False
        for signal, seen in zip(gate.until, record["seen"], strict=False):
            if signal.event != fact.type or not _speaks(signal, seen, record["own"], fact):
                continue
            seen.append(fact.actor)
            if len(seen) >= signal.times:
                self._close(state, key, run)
                self._pass(state, key, record, run.cause, run)
                return
            has_news = True
        if has_news:
            self._say_pending(record, run)

    def _pass(self, state: State, key: str, record: dict[str, Any], by: str | None, run: Run) -> None:
        act, worth = _act(record), _worth(record)
        worth.inputs = {**worth.inputs, "needs": self._needs(record), "decided_by": by}
        rule = self._rules.get(act.behaviour)
        if worth.is_taken_back:
            state.parts[PART]["passed"][key] = rule is not None
        if rule is not None:
            rule.passes(state, act, worth, run)
        elif not worth.is_taken_back:  # the programme does not know it any more, and limits nothing of it
            self._say(record, worth.points, run)

    def _fail(self, state: State, record: dict[str, Any], reason: Reason, said: dict[str, Any], run: Run) -> None:
        act, worth = _act(record), _worth(record)
        if worth.is_taken_back:
            reason, said = "retracted", {}
        worth.inputs = {**worth.inputs, "needs": self._needs(record), **said}
        rule = self._rules.get(act.behaviour)
        if rule is not None:
            rule.fails(state, act, worth, reason, run)
        elif not worth.is_taken_back:
            self._say(record, 0, run, reason)

    def _close(self, state: State, key: str, run: Run | None) -> dict[str, Any]:
        """Let it wait no longer. ``run``: whose time-out is to be forgotten, too."""
        held = state.parts[PART]
        record: dict[str, Any] = held["pending"].pop(key)
        for name in {record["act"][1], record["act"][5]} - {None}:
            keys = held["named"][name]
            keys.remove(key)
            if not keys:
                del held["named"][name]
        if run is not None:
            run.cancel(state, PART, key)
        return record

    def _say_pending(self, record: dict[str, Any], run: Run) -> None:
        behaviour, cause, at = record["act"][:3]
        points, inputs, version, is_taken_back = record["worth"]
        rule = self._rules.get(behaviour)
        if is_taken_back or rule is None or rule.behaviour.points is None:
            return
        run.grant(
            f"behaviour:{behaviour}", "points", cause, "", at, points, points, "pending",
            due_at=record["due"], expiry=rule.behaviour.expiry, version=version,
            inputs={**inputs, "needs": self._needs(record)},
        )  # fmt: skip

    def _say(self, record: dict[str, Any], awarded: int, run: Run, reason: Reason | None = None) -> None:
        behaviour, cause, at = record["act"][:3]
        points, inputs, version, _ = record["worth"]
        run.grant(
            f"behaviour:{behaviour}", "points", cause, "", at, points, awarded, reason=reason,
            version=version, inputs=inputs,
        )  # fmt: skip

    def _needs(self, record: dict[str, Any]) -> list[dict[str, Any]]:
        rule = self._rules.get(record["act"][0])
        if rule is None:
            return []
        pairs = zip(_gate(rule.behaviour).until, record["seen"], strict=False)
        return [
            {"event": each.event, "times": each.times, "seen": len(seen), "by": each.role or each.by}
            for each, seen in pairs
        ]


def _gate(behaviour: Behaviour) -> Gate:
    assert behaviour.gate is not None, behaviour.id
    return behaviour.gate


def _speaks(signal: Signal, seen: list[int], own: list[int], fact: Fact) -> bool:
    """Whether the doer counts for the signal, and has not spoken yet. Nobody (0) is somebody else each time."""
    doer = fact.actor
    if doer and doer in seen:
        return False
    if signal.by == "anyone":
        return True
    if not doer or doer in own:
        return False
    return signal.by == "peer" or signal.role in fact.actor_roles


def _key(behaviour: str, cause: str) -> str:
    return f"{behaviour}|{cause}"


def _act(record: dict[str, Any]) -> Act:
    return Act(*record["act"], *record["by"])


def _worth(record: dict[str, Any]) -> Worth:
    points, inputs, version, is_taken_back = record["worth"]
    return Worth(points, inputs, version, is_taken_back=is_taken_back)
