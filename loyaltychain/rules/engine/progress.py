"""How far a member has come towards an achievement, as numbers and in words. Changes nothing."""

from dataclasses import dataclass
from typing import Any

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.achievements import (
    Achievement,
    CombinedGoal,
    CountGoal,
    ObjectGoal,
    StreakGoal,
    TierGoal,
)
from loyaltychain.program.conduct import Conduct
from loyaltychain.rules.engine.badges import PART, holds_badge
from loyaltychain.rules.engine.days import Day
from loyaltychain.rules.engine.goals import ActGoal, cell_key, cell_number, need_of, seasons_at
from loyaltychain.rules.engine.object_goals import count_met, object_key
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.streak_standing import StreakStanding
from loyaltychain.rules.engine.tier_standing import TierStanding

_COUNTED = {
    None: ("time", "times"),
    "day": ("day", "days"),
    "object": ("object", "objects"),
    "counterpart": ("member", "members"),
    "behaviour": ("kind of act", "kinds of acts"),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """``have`` of ``need``; ``words`` says of what."""

    have: int
    need: int
    words: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What progress is read from: a member's state at a moment, and how she stands otherwise."""

    conduct: Conduct
    state: State
    now: UnixSeconds
    today: Day
    streaks: tuple[StreakStanding, ...]
    tier: TierStanding | None


def progress_of(achievement: Achievement, seen: Seen) -> Progress:
    """Towards the achievement's next time; of one that is to be had once in each season, in the present one.

    In the programme's own words for what is counted, where it has some.
    """
    found, noun = _progress_of(achievement, seen), achievement.counts
    if noun is None or not found.words.startswith(_numbers(found.have, found.need)):
        return found
    _, semicolon, more = found.words.partition(";")
    return _counted(found.have, found.need, (noun.one, noun.other), more=semicolon + more)


def _progress_of(achievement: Achievement, seen: Seen) -> Progress:
    goal = achievement.goal
    if achievement.repeat == "object":
        return Progress(0, need_of(goal) if isinstance(goal, ActGoal) else 1, "once for each object")
    scope = _scope(achievement, seen)
    if scope is None:
        return Progress(0, 1, "no season is now")
    if isinstance(goal, ObjectGoal):
        return _of_objects(achievement, goal, scope, seen)
    if isinstance(goal, StreakGoal):
        return _of_streak(goal, seen)
    if isinstance(goal, TierGoal):
        return _of_tier(goal, seen)
    if isinstance(goal, CombinedGoal):
        have = sum(holds_badge(seen.state, each) for each in goal.of)
        return _counted(have, goal.times, ("achievement", "achievements"))
    need, number = need_of(goal), cell_number(achievement, _part(seen)["cells"], scope, seen.today)
    have = max(0, number - _times_given(achievement, seen) * need if _goes_on(achievement) else number)
    if isinstance(goal, CountGoal):
        return _counted(have, need, _COUNTED[goal.distinct])
    return Progress(min(have, need), need, f"{min(have, need):,} of {need:,} ({goal.field})")


def _of_objects(achievement: Achievement, goal: ObjectGoal, scope: str, seen: Seen) -> Progress:
    cell = _part(seen)["cells"].get(cell_key(object_key(achievement), scope))
    number = 0 if cell is None else count_met(goal, cell)
    if achievement.repeat == "times":
        number = max(0, number - _times_given(achievement, seen) * goal.times)
    kinds = " or ".join(goal.kinds)
    found = _counted(
        number, goal.times, ("day", f"days, each with a {kinds}") if goal.distinct else (kinds, f"objects ({kinds})")
    )
    if goal.share is None or cell is None or not cell["all"]:
        return found
    share = f"{len(cell['share'])} of all {cell['all']}, where {goal.share.percent} in 100 are asked for"
    return Progress(found.have, found.need, f"{found.words}; {share}")


def _of_streak(goal: StreakGoal, seen: Seen) -> Progress:
    standing = next((each for each in seen.streaks if each.id == goal.streak), None)
    if standing is None:
        return _counted(0, goal.length, ("period", "periods"))
    return _counted(standing.length, goal.length, (standing.period, f"{standing.period}s"))


def _of_tier(goal: TierGoal, seen: Seen) -> Progress:
    levels = () if seen.conduct.tiers is None else seen.conduct.tiers.levels
    need = next((each.threshold for each in levels if each.id == goal.tier), 0)
    have = 0 if seen.tier is None else seen.tier.points
    return _counted(have, need, ("qualifying point", "qualifying points"))


def _counted(have: int, need: int, noun: tuple[str, str], *, more: str = "") -> Progress:
    shown = min(have, need)
    return Progress(shown, need, f"{_numbers(shown, need)} {noun[0] if need == 1 else noun[1]}{more}")


def _numbers(have: int, need: int) -> str:
    return f"{have:,} of {need:,}"


def _scope(achievement: Achievement, seen: Seen) -> str | None:
    """The season that progress is made in now, empty where seasons do not matter; None between seasons."""
    if achievement.repeat != "season":
        return ""
    return next(iter(seasons_at(seen.conduct.seasons, seen.now)), None)


def _goes_on(achievement: Achievement) -> bool:
    """Whether one count serves all times: a window begins anew after each."""
    goal = achievement.goal
    return achievement.repeat == "times" and not (isinstance(goal, CountGoal) and goal.within_days is not None)


def _times_given(achievement: Achievement, seen: Seen) -> int:
    return len(_part(seen)["given"].get(achievement.id, ()))


def _part(seen: Seen) -> dict[str, Any]:
    return seen.state.parts[PART]
