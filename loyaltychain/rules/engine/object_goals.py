"""Counting a member's objects that meet conditions. Decides nothing about badges.

What counts is what meets the conditions now: an object whose score falls counts no longer, though a badge that was
reached by it stays. The cell: ``met`` {object: day of its making}, ``all`` and ``share`` how many objects there are,
and which of them meet the share's conditions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loyaltychain.program.achievements import Achievement, ObjectGoal, Season
from loyaltychain.rules.engine.fields import compile_object_conditions
from loyaltychain.rules.engine.goals import Cells, cell_key, seasons_at
from loyaltychain.rules.engine.protocol import ObjectEntry

Test = Callable[[ObjectEntry], bool]


@dataclass(frozen=True, slots=True)
class ObjectCounter:
    """How one achievement counts objects.

    ``is_plain``: a single object is enough, so nothing has to be kept of any.
    """

    place: int
    achievement: Achievement
    goal: ObjectGoal
    meets: Test
    in_share: Test | None
    is_plain: bool
    seasons: tuple[Season, ...]

    def count(self, cells: Cells, entry: ObjectEntry, what: str) -> list[tuple[str, int]]:
        """Count what became of the object: the scopes where the goal may be reached now, and the numbers there."""
        achievement = self.achievement
        if achievement.history == "from_now" and achievement.since is not None and entry.made_at < achievement.since:
            return []
        meets = what != "gone" and self.meets(entry)
        if self.is_plain:
            scopes = [entry.id] if achievement.repeat == "object" else self._scopes(entry)
            return [(scope, 1) for scope in scopes] if meets else []
        return [
            (scope, number)
            for scope in self._scopes(entry)
            if (number := self._tally(cells, cell_key(object_key(achievement), scope), entry, what, meets=meets))
        ]

    def _scopes(self, entry: ObjectEntry) -> list[str]:
        return seasons_at(self.seasons, entry.made_at) if self.achievement.repeat == "season" else [""]

    def _tally(self, cells: Cells, key: str, entry: ObjectEntry, what: str, *, meets: bool) -> int:
        """The number of objects, or of their days, if enough of all meet the share's conditions; else 0."""
        cell = cells.setdefault(key, {"met": {}, "all": 0, "share": {}})
        cell["all"] += {"made": 1, "gone": -1}.get(what, 0)
        _enter(cell["met"], entry.id, entry.day, is_in=meets)
        if self.in_share is not None:
            _enter(cell["share"], entry.id, 1, is_in=what != "gone" and self.in_share(entry))
        share = self.goal.share
        if share is not None and 100 * len(cell["share"]) < share.percent * cell["all"]:
            return 0
        return count_met(self.goal, cell)


def make_object_counters(
    achievements: list[tuple[int, Achievement]], seasons: tuple[Season, ...]
) -> dict[str, list[ObjectCounter]]:
    """By kind of object the achievements that count them, in the file's order."""
    found: dict[str, list[ObjectCounter]] = {}
    for place, achievement in achievements:
        goal = achievement.goal
        if not isinstance(goal, ObjectGoal):
            continue
        counter = ObjectCounter(
            place,
            achievement,
            goal,
            meets=compile_object_conditions(goal.where),
            in_share=None if goal.share is None else compile_object_conditions(goal.share.where),
            is_plain=goal.share is None and (achievement.repeat == "object" or _is_single(achievement, goal)),
            seasons=seasons,
        )
        for kind in goal.kinds:
            found.setdefault(kind, []).append(counter)
    return found


def object_key(achievement: Achievement) -> str:
    """Where the cell of the achievement stands. It is its own: conditions make it what it is."""
    return f"object|{achievement.id}"


def count_met(goal: ObjectGoal, cell: dict[str, Any]) -> int:
    """How many objects meet the goal's conditions, or on how many days those were made."""
    met = cell["met"]
    return len(met) if goal.distinct is None else len(set(met.values()))


def _is_single(achievement: Achievement, goal: ObjectGoal) -> bool:
    return goal.times == 1 and achievement.repeat in ("never", "season")


def _enter(table: dict[str, int], name: str, value: int, *, is_in: bool) -> None:
    if is_in:
        table[name] = value
    else:
        table.pop(name, None)
