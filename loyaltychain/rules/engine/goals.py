"""Counting towards goals: what members did, as numbers in cells. Decides nothing about badges.

Achievements that count the same and differ only in how much they ask for share one cell, so an act touches each cell
that listens to its behaviour once. A cell is a number, or a small table where different things are counted.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.achievements import Achievement, CountGoal, LatestGoal, Season, SumGoal
from loyaltychain.rules.engine.fields import dig
from loyaltychain.rules.engine.protocol import Act

ActGoal = CountGoal | SumGoal | LatestGoal
Cells = dict[str, Any]
Update = Callable[[Cells, str, Act], int | None]
_KEPT_SNAPSHOTS = 2


@dataclass(frozen=True, slots=True)
class Goal:
    """An achievement and what it asks for.

    ``place`` is its place in the file; ``starts_anew``: what was counted for one time counts for no other.
    """

    place: int
    achievement: Achievement
    need: int
    starts_anew: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Goals that look at one cell, or at one for each object or season."""

    key: str
    update: Update
    goals: tuple[Goal, ...]
    least: int  # the smallest that any of them asks for
    since: UnixSeconds | None
    scopes: Callable[[Act], Iterable[str]] | None  # None: one cell for all

    @property
    def is_simple(self) -> bool:
        """Whether all acts count in one cell, whose key is the group's."""
        return self.since is None and self.scopes is None

    def count(self, cells: Cells, act: Act) -> Iterable[tuple[str, int]]:
        """Count the act: the scopes that it belongs to, and the numbers there now."""
        if self.since is not None and act.at < self.since:
            return
        for scope in ("",) if self.scopes is None else self.scopes(act):
            number = self.update(cells, cell_key(self.key, scope), act)
            if number is not None:
                yield scope, number


def cell_key(key: str, scope: str) -> str:
    """Where the cell of a group stands, for one object or season of it."""
    return f"{key}#{scope}" if scope else key


def make_groups(achievements: Iterable[tuple[int, Achievement]], seasons: tuple[Season, ...]) -> dict[str, list[Group]]:
    """By behaviour the groups that listen to it, in the file's order."""
    gathered: dict[str, list[tuple[Goal, ActGoal]]] = {}
    for place, achievement in achievements:
        goal = achievement.goal
        if isinstance(goal, ActGoal):
            member = Goal(place, achievement, need_of(goal), _starts_anew(achievement))
            gathered.setdefault(group_key(achievement), []).append((member, goal))
    found: dict[str, list[Group]] = {}
    for key, members in gathered.items():
        goals, goal = tuple(each for each, _ in members), members[0][1]
        first = goals[0].achievement
        group = Group(
            key=key,
            update=_make_update(goal),
            goals=goals,
            least=min(each.need for each in goals),
            since=first.since if first.history == "from_now" else None,
            scopes=_make_scopes(first, seasons),
        )
        for behaviour in goal.of:
            found.setdefault(behaviour, []).append(group)
    return found


def need_of(goal: ActGoal) -> int:
    """The number at which a goal is reached."""
    return goal.times if isinstance(goal, CountGoal) else goal.at_least


def group_key(achievement: Achievement) -> str:
    """Names all that a cell's number depends on; goals with the same key share it."""
    goal = achievement.goal
    assert isinstance(goal, ActGoal), achievement.id
    parts: list[Any] = [goal.kind, ",".join(sorted(goal.of))]
    if isinstance(goal, CountGoal):
        parts += [goal.distinct, goal.within_days]
    else:
        parts += [goal.field]
    parts += [achievement.since if achievement.history == "from_now" else None]
    parts += [achievement.repeat if achievement.repeat in ("object", "season") else None]
    if _starts_anew(achievement):
        parts += [achievement.id]  # so nobody can share it
    while parts[-1] is None:
        parts.pop()
    return "|".join("" if each is None else str(each) for each in parts)


def _starts_anew(achievement: Achievement) -> bool:
    goal = achievement.goal
    return achievement.repeat == "times" and isinstance(goal, CountGoal) and goal.within_days is not None


def seasons_at(seasons: tuple[Season, ...], at: UnixSeconds) -> list[str]:
    """The seasons in which a moment lies."""
    return [each.id for each in seasons if each.starts <= at < each.ends]


def fields_read(achievements: Iterable[Achievement]) -> Mapping[str, frozenset[str]]:
    """By behaviour the fields of payloads that goals add up or look at."""
    found: dict[str, frozenset[str]] = {}
    for achievement in achievements:
        goal = achievement.goal
        if isinstance(goal, SumGoal | LatestGoal):
            for behaviour in goal.of:
                found[behaviour] = found.get(behaviour, frozenset()) | {goal.field}
    return found


def _make_scopes(achievement: Achievement, seasons: tuple[Season, ...]) -> Callable[[Act], Iterable[str]] | None:
    if achievement.repeat == "object":
        return lambda act: () if act.object is None else (act.object,)
    if achievement.repeat == "season":
        return lambda act: seasons_at(seasons, act.at)
    return None


def _make_update(goal: ActGoal) -> Update:
    if isinstance(goal, SumGoal):
        return _make_sum(goal)
    if isinstance(goal, LatestGoal):
        return _make_latest(goal)
    if goal.within_days is not None:
        return _make_window(goal, goal.within_days)
    return _count_all if goal.distinct is None else _make_distinct(goal)


def _count_all(cells: Cells, key: str, act: Act) -> int:
    number: int = cells.get(key, 0) + act.change
    cells[key] = number
    return number


def _make_distinct(goal: CountGoal) -> Update:
    name_of = _make_namer(goal)

    def update(cells: Cells, key: str, act: Act) -> int | None:
        name = name_of(act)
        if name is None:
            return None
        cell = cells.setdefault(key, {})
        number = cell.get(name, 0) + act.change
        if number > 0:
            cell[name] = number
        else:
            cell.pop(name, None)
        return len(cell)

    return update


def _make_namer(goal: CountGoal) -> Callable[[Act], str | None]:
    """What has to be different about acts, as text."""
    if goal.distinct == "day":
        return lambda act: str(act.day)
    if goal.distinct == "object":
        return lambda act: act.object
    if goal.distinct == "counterpart":
        return lambda act: None if act.counterpart is None else str(act.counterpart)
    if goal.distinct == "behaviour":
        return lambda act: act.behaviour
    return lambda act: ""


def _make_window(goal: CountGoal, days: int) -> Update:
    """Days that are in one window lie less than ``days`` apart. Only what can still share one is kept."""
    name_of = _make_namer(goal)

    def update(cells: Cells, key: str, act: Act) -> int | None:
        name = name_of(act)
        if name is None:
            return None
        cell = cells.setdefault(key, [])
        same = next((each for each in cell if each[0] == act.day and each[1] == name), None)
        if same is not None:
            same[2] += act.change
        elif act.change > 0:
            cell.append([act.day, name, 1])
            cell.sort()
        newest = max((each[0] for each in cell), default=act.day)
        cell[:] = [each for each in cell if each[2] > 0 and each[0] > newest - 2 * days]
        ends = {each[0] for each in cell if act.day <= each[0] < act.day + days}
        return max((_count_window(cell, end - days, end, goal) for end in ends), default=0)

    return update


def _count_window(cell: list[list[Any]], after: int, end: int, goal: CountGoal) -> int:
    inside = [each for each in cell if after < each[0] <= end]
    return sum(each[2] for each in inside) if goal.distinct is None else len({each[1] for each in inside})


def _make_sum(goal: SumGoal) -> Update:
    names = goal.field.split(".")

    def update(cells: Cells, key: str, act: Act) -> int | None:
        value = dig(act.payload, names)
        if type(value) is not int:
            return None
        number: int = cells.get(key, 0) + act.change * value
        cells[key] = number
        return number

    return update


def _make_latest(goal: LatestGoal) -> Update:
    names = goal.field.split(".")

    def update(cells: Cells, key: str, act: Act) -> int | None:
        value = dig(act.payload, names)
        if type(value) is not int:
            return None
        cell = cells.setdefault(key, [])
        if act.change > 0:
            cell[:] = [*cell[1 - _KEPT_SNAPSHOTS :], [act.cause, value]]
        else:
            cell[:] = [each for each in cell if each[0] != act.cause]
        return cell[-1][1] if cell else 0

    return update


def cell_number(achievement: Achievement, cells: Cells, scope: str, today: int) -> int:
    """How far a goal's cell has come, for showing."""
    goal = achievement.goal
    assert isinstance(goal, ActGoal), achievement.id
    cell = cells.get(cell_key(group_key(achievement), scope))
    if cell is None:
        return 0
    if isinstance(goal, LatestGoal):
        return int(cell[-1][1]) if cell else 0
    if isinstance(goal, CountGoal) and goal.within_days is not None:
        return _count_window(cell, today - goal.within_days, today, goal)
    return len(cell) if isinstance(cell, dict) else int(cell)
