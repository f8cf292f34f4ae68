"""What a newer version of a programme reads out of the time of an older one: achievements that are filled back.

They, and what they count, are added to the older version, as are tiers where that has none; what is added gives no
points, but for the achievements themselves.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from loyaltychain.program.achievements import (
    Achievement,
    CombinedGoal,
    CountGoal,
    LatestGoal,
    Streak,
    StreakGoal,
    SumGoal,
    Tiers,
)
from loyaltychain.program.behaviours import Behaviour, Measure, ObjectKind
from loyaltychain.program.conduct import Conduct
from loyaltychain.program.types import Program

Declared = TypeVar("Declared", Behaviour, ObjectKind, Measure, Streak, Achievement)


@dataclass(frozen=True, slots=True)
class Merged:
    """A programme with what a later one adds to its time; ``added``: rules that the later one declares."""

    program: Program
    added: frozenset[str]


def merge(program: Program, later: Program) -> Merged:
    """``program`` with the back-filled achievements of ``later`` that it does not have; itself if there are none."""
    if later.conduct is None or later == program:
        return Merged(program, frozenset())
    own, new = program.conduct or Conduct(), later.conduct
    known = {each.id for each in own.achievements}
    fresh = [each for each in new.achievements if each.id not in known and _reaches_back(each)]
    filled = [each for each in _with_parts(fresh, new) if each.id not in known]
    seats = own.tiers is None and new.tiers is not None
    if not filled and not seats:
        return Merged(program, frozenset())
    streaks = _named({each.goal.streak for each in filled if isinstance(each.goal, StreakGoal)}, new.streaks)
    behaviours = {name for each in filled for name in _behaviours(each)}
    behaviours |= {name for each in streaks for name in each.of}
    conduct = replace(
        own,
        behaviours=own.behaviours + _missing(own.behaviours, _counting(behaviours, new)),
        objects=own.objects + _missing(own.objects, new.objects),
        measures=own.measures + _missing(own.measures, new.measures),
        streaks=own.streaks + _missing(own.streaks, [replace(each, rewards=()) for each in streaks]),
        tiers=own.tiers or _without_boosts(new.tiers),
        seasons=own.seasons + tuple(each for each in new.seasons if each not in own.seasons),
        achievements=own.achievements + tuple(filled),
    )
    return Merged(replace(program, conduct=conduct), frozenset(f"achievement:{each.id}" for each in filled))


def _reaches_back(achievement: Achievement) -> bool:
    """Whether it asks for acts from before its version: all, or those since a day, which may have come in before."""
    return achievement.history == "backfill" or achievement.since is not None


def _with_parts(achievements: list[Achievement], conduct: Conduct) -> list[Achievement]:
    """In the file's order, with all that combined ones are made of."""
    wanted: set[str] = set()
    waiting = [each.id for each in achievements]
    goals = {each.id: each.goal for each in conduct.achievements}
    while waiting:
        name = waiting.pop()
        if name in wanted:
            continue
        wanted.add(name)
        goal = goals[name]
        waiting += goal.of if isinstance(goal, CombinedGoal) else ()
    return list(_named(wanted, conduct.achievements))


def _behaviours(achievement: Achievement) -> tuple[str, ...]:
    goal = achievement.goal
    return goal.of if isinstance(goal, CountGoal | SumGoal | LatestGoal) else ()


def _counting(ids: Collection[str], conduct: Conduct) -> list[Behaviour]:
    """These behaviours and those that they come after, as ones that only count."""
    wanted = set(ids)
    after = {each.id: each.after.behaviour for each in conduct.behaviours if each.after is not None}
    waiting = list(ids)
    while waiting:
        earlier = after.get(waiting.pop())
        if earlier is not None and earlier not in wanted:
            wanted.add(earlier)
            waiting.append(earlier)
    return [replace(each, points=None, qualifying=False) for each in conduct.behaviours if each.id in wanted]


def _without_boosts(tiers: Tiers | None) -> Tiers | None:
    return None if tiers is None else replace(tiers, levels=tuple(replace(each, boost=None) for each in tiers.levels))


def _named(ids: Collection[str], declared: Iterable[Declared]) -> tuple[Declared, ...]:
    return tuple(each for each in declared if each.id in ids)


def _missing(own: Iterable[Declared], new: Iterable[Declared]) -> tuple[Declared, ...]:
    known = {each.id for each in own}
    return tuple(each for each in new if each.id not in known)
