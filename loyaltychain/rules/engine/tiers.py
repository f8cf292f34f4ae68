"""Tiers: a component that hears of qualifying points, and says in which tier a member is.

Its part is what ``tier_points`` keeps, and beside it ``level`` and ``since``, a ``log`` of the latest changes with
their reasons, and the ``structure`` of levels by which all this is counted.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.achievements import Tiers
from loyaltychain.program.types import Program
from loyaltychain.rules.engine.days import Day
from loyaltychain.rules.engine.protocol import OnFact, OnTopic, Run, TierComponent
from loyaltychain.rules.engine.state import Part, State
from loyaltychain.rules.engine.tier_points import earn, kept_until, level_at, map_levels, new_points, take_back
from loyaltychain.rules.engine.types import Fact
from loyaltychain.rules.engine.zoned_days import ZonedDays, zoned_days

QUALIFYING_TOLD = "loyaltychain.qualifying"
_KEPT_CHANGES = 40


class TierLadder(TierComponent):
    """The tiers of a programme."""

    name: ClassVar[str] = "tiers"

    def __init__(self, tiers: Tiers, timezone: str) -> None:
        self.tiers = tiers
        self.days: ZonedDays = zoned_days(timezone)
        self._index = {level.id: index for index, level in enumerate(tiers.levels)}
        self._structure = [[level.id, level.threshold] for level in tiers.levels]

    def new_part(self) -> Part:
        first = self.tiers.levels[0].id
        return {**new_points(), "level": first, "since": None, "log": [], "structure": self._structure, "now": None}

    def adopt(self, state: State) -> None:
        part = state.parts[self.name]
        if part["structure"] == self._structure:
            return
        map_levels(self.tiers, part)
        was, known = part["level"], part["level"] in self._index
        now = level_at(self.tiers, part, self.days.day_of(state.last[0]) if part["kept"] else 1)
        part["structure"], part["now"], part["level"] = self._structure, None, self.tiers.levels[now].id
        if part["level"] != was:
            note_change(part, state.last[0], was, "what tiers ask for has changed" if known else "replaced")

    def on_facts(self) -> Mapping[str, OnFact]:
        return {QUALIFYING_TOLD: self._on_fact}

    def on_topics(self) -> Mapping[str, OnTopic]:
        return {"qualifying": self._on_points}

    def tier_at(self, state: State, at: UnixSeconds) -> str:
        """The id of the member's tier at a moment that is not before what the state has seen."""
        part = state.parts[self.name]
        day, known = self.days.day_of(at), part["now"]
        if known is not None and known[0] == day:
            tier: str = known[1]
            return tier
        tier = self.tiers.levels[level_at(self.tiers, part, day)].id
        part["now"] = [day, tier]
        return tier

    def settle(self, part: Part, day: Day) -> int:
        """Note the falls that time brought up to the day; gives the index of the level on it."""
        level = self._index[part["level"]]
        while level and kept_until(self.tiers, part, level) + self.tiers.grace_days <= day:
            fell_on = kept_until(self.tiers, part, level) + self.tiers.grace_days
            level = level_at(self.tiers, part, fell_on)
            self._move(part, self.days.start_of(fell_on), level, "not earned again in time")
        return level

    def _on_fact(self, state: State, fact: Fact, run: Run) -> None:
        amount = fact.payload.get("amount")
        if type(amount) is int and fact.retraction is None:
            self._on_points(state, amount, run)

    def _on_points(self, state: State, points: int, run: Run) -> None:
        part = state.parts[self.name]
        day = self.days.day_of(run.at)
        before = self.settle(part, day)
        if points > 0:
            after = max(before, earn(self.tiers, part, day, points))
        elif points < 0:
            take_back(self.tiers, part, day, -points)
            after = level_at(self.tiers, part, day)
        else:
            return
        if after != before:
            self._move(part, run.at, after, "earned" if after > before else "taken back")
            run.tell(state, "tier", after)
        part["now"] = [day, part["level"]]

    def _move(self, part: Part, at: UnixSeconds, to: int, why: str) -> None:
        was, part["level"] = part["level"], self.tiers.levels[to].id
        note_change(part, at, was, why)


def note_change(part: Part, at: UnixSeconds, was: str, why: str) -> None:
    """Write down that the level is another one than it was."""
    part["since"] = at
    told: dict[str, Any] = {"at": at, "from": was, "to": part["level"], "why": why}
    part["log"] = [*part["log"][1 - _KEPT_CHANGES :], told]


def make_tiers(program: Program) -> TierLadder | None:
    """The component for the programme's tiers; None if it has none."""
    if program.conduct is None or program.conduct.tiers is None:
        return None
    return TierLadder(program.conduct.tiers, program.timezone)
