"""What the parts of the engine are to each other: acts, the run of one fact, and components that listen.

A component holds no state of its own: what it keeps of a member is ``state.parts[name]``, JSON with text as keys.
"""

from abc import ABC, abstractmethod
from bisect import bisect_left, insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar, Literal

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.lifetime import Lifetime
from loyaltychain.rules.engine.state import Part, State
from loyaltychain.rules.engine.types import Fact, Grant, Reason, Shared


@dataclass(slots=True)
class Act:
    """One act of a behaviour that counts for the member, or (``change`` -1) counts no longer.

    Args:
        at: When it was done. The present is ``run.at``: later than that for an act that waited at a gate.
        day: Its day in the programme's zone, as ``date.toordinal`` counts.
        payload: Of its event; of one that waited at a gate, or counts no longer, only the fields that components said
            they read (``reads``).
        object: The id in the payload's ``object``, whether it is one of a declared kind or not.
        counterpart: The other member of it, if one is known.
        actor: Who did it: the member herself, or for instance whoever acted on an object of hers. 0: nobody.
        device: The payload's ``device``.
    """

    behaviour: str
    cause: str
    at: UnixSeconds
    day: int
    payload: Mapping[str, Any]
    object: str | None
    counterpart: MemberNumber | None
    actor: MemberNumber
    device: str | None = None
    change: Literal[1, -1] = 1


@dataclass(slots=True)
class ObjectEntry:
    """What the state knows of an object of the member's when its listeners are told of a change.

    ``measures`` has those that were told of; any other is 0. ``days_after_parent`` is None without a known parent.
    """

    id: str
    kind: str
    made_at: UnixSeconds
    day: int  # of its making, in the programme's zone
    parent_is_own: bool
    days_after_parent: int | None
    rank: int
    measures: Mapping[str, int]


OnAct = Callable[[State, Act, "Run"], None]
OnFact = Callable[[State, Fact, "Run"], None]
OnObject = Callable[[State, ObjectEntry, str, "Run"], None]  # third: a measure's id, "made" or "gone"
OnTopic = Callable[[State, int, "Run"], None]


class Component:
    """A part of the engine that listens. What a method leaves out it does not listen to.

    All listening is fixed when a programme is compiled: the methods are asked once, and what they return is called.
    Listeners of the same thing are called in the order: streaks, tiers, achievements, referrals.
    """

    name: ClassVar[str]

    def new_part(self) -> Part:
        """What it keeps of a member who did nothing yet."""
        return {}

    def adopt(self, state: State) -> None:
        """Called before the first fact of another version of the programme is folded; its part is there already."""

    def on_acts(self) -> Mapping[str, OnAct]:
        """By behaviour: acts that count; those with a gate when they have passed it."""
        return {}

    def on_done(self) -> Mapping[str, OnAct]:
        """By behaviour: acts as soon as they are done, with a gate or not; -1 follows if the gate rejects them."""
        return {}

    def on_facts(self) -> Mapping[str, OnFact]:
        """By type of event: every fact of it, in any role, those that never were (``fact.never_was``) too; last."""
        return {}

    def on_objects(self) -> Mapping[str, OnObject]:
        """By kind: an object of the member's was made, is gone, or one of its measures changed.

        What was told of an object before it was made is told again by "made".
        """
        return {}

    def on_topics(self) -> Mapping[str, OnTopic]:
        """By topic (``qualifying``, ``streak:<id>``, ``tier``, ``badge:<id>``, …): what another one tells."""
        return {}

    def on_due(self, state: State, key: str, data: Any, run: "Run") -> None:
        """What it had scheduled is due: ``run.at`` is that moment. Who schedules nothing is never asked."""
        raise errors.InvariantError("A component that schedules nothing was told that something is due.", key=key)

    def reads(self) -> Mapping[str, frozenset[str]]:
        """By behaviour: the payload's fields that it looks at, of acts that passed a gate or count no longer."""
        return {}


class TierComponent(Component, ABC):
    """The component that knows members' tiers."""

    @abstractmethod
    def tier_at(self, state: State, at: UnixSeconds) -> str:
        """The id of the level in which the member is at a moment, as far as the state knows."""


class Run:
    """One fact on its way through the engine, or one moment that was due.

    Args:
        at: The present: the fact's time, or when what is due was due.
        cause: "source/id" of the fact; of something due, of the act that it is about (its component sets it).
        has_act: The fact was an act of the member's.
        out: What was granted so far.
    """

    __slots__ = ("_topics", "_versions", "at", "cause", "fact", "has_act", "out", "shared", "version")

    def __init__(
        self,
        topics: Mapping[str, tuple[OnTopic, ...]],
        versions: Mapping[str, str],
        version: str,
        at: UnixSeconds,
        shared: Shared,
    ) -> None:
        self._topics = topics
        self._versions = versions
        self.version = version
        self.at = at
        self.shared = shared
        self.cause = ""
        self.fact: Fact | None = None
        self.has_act = False
        self.out: list[Grant] = []

    def grant(
        self,
        rule: str,
        unit: Literal["points", "badge"],
        cause: str,
        occurrence: str,
        at: UnixSeconds,
        desired: int,
        awarded: int,
        state: Literal["given", "pending", "held"] = "given",
        reason: Reason | None = None,
        qualifying: int = 0,
        due_at: UnixSeconds | None = None,
        expiry: Lifetime | None = None,
        role: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        version: str = "",
    ) -> None:
        """Say what a rule decided. ``version``: None given, the one of the programme that declares the rule."""
        self.out.append(
            Grant(
                rule, unit, cause, occurrence, at, desired, awarded, state, reason, qualifying, due_at, expiry, role,
                inputs if inputs is not None else {}, version or self._versions.get(rule, self.version),
            )
        )  # fmt: skip

    def tell(self, state: State, topic: str, value: int) -> None:
        """Call those who listen to ``topic``."""
        for listener in self._topics.get(topic, ()):
            listener(state, value, self)

    def schedule(self, state: State, at: UnixSeconds, component: str, key: str, data: Any) -> None:
        """Have ``component.on_due`` called at ``at``, before any fact of that second or later.

        ``key`` names it among all that the component schedules; ``data`` is JSON.
        """
        insort(state.due, [at, component, key, data], key=_due_order)

    def cancel(self, state: State, component: str, key: str, *, near: UnixSeconds | None = None) -> Any:
        """Forget what was scheduled; gives its data, None if there is none.

        Args:
            near: When it is due, as far as the caller knows: there it is looked for first.
        """
        due = state.due
        start = 0 if near is None else bisect_left(due, near, key=_due_at)
        for index in chain(range(start, len(due)), range(start)):
            _, name, its_key, data = due[index]
            if its_key == key and name == component:
                del due[index]
                return data
        return None


def _due_at(due: list[Any]) -> UnixSeconds:
    return UnixSeconds(due[0])


def _due_order(due: list[Any]) -> tuple[int, str, str]:
    return due[0], due[1], due[2]
