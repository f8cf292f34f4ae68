"""What does not fit together in achievements, streaks, tiers, seasons, segments and nudges, with its places."""

from collections.abc import Iterator

from loyaltychain.core.model_checks import Problem
from loyaltychain.core.strict_yaml import Path
from loyaltychain.core.words import counted
from loyaltychain.program.checks_fields import object_field_problems, segment_field_problems
from loyaltychain.program.checks_names import Names, all_unknown, unknown
from loyaltychain.program.schema import ProgramFile
from loyaltychain.program.schema_achievements import AchievementPart, ObjectGoalPart
from loyaltychain.program.schema_standing import StreakPart, TiersPart

_HOURS = {"day": 24, "week": 7 * 24, "month": 28 * 24}
_COUNTED = ("count", "sum", "latest", "object")  # goals that are a number of acts or objects


def standing_problems(said: ProgramFile, names: Names) -> Iterator[Problem]:
    """All of them."""
    for id_, part in (said.achievements or {}).items():
        yield from _achievement_problems(("achievements", id_), part, names)
    for id_, streak in (said.streaks or {}).items():
        yield from _streak_problems(("streaks", id_), streak, names)
    if said.tiers is not None:
        yield from _tier_problems(("tiers",), said.tiers)
    for id_, season in (said.seasons or {}).items():
        if season.ends < season.starts:
            what = f"it ends before it begins, on {season.starts} (correct one of the two)"
            yield Problem(("seasons", id_, "to"), what)
    for id_, where in (said.segments or {}).items():
        yield from segment_field_problems(("segments", id_), where, names)
    yield from _nudge_problems(said, names)


def _achievement_problems(path: Path, part: AchievementPart, names: Names) -> Iterator[Problem]:
    yield from _goal_problems(path, part, names)
    goal = next(iter(part.goals))
    if part.repeat == "season" and not names.seasons:
        yield Problem((*path, "repeat"), "there are no seasons (declare them under seasons)")
    if part.repeat in ("object", "times") and goal not in _COUNTED:
        yield Problem((*path, "repeat"), f"the goal {goal} is reached once (only {', '.join(_COUNTED)} repeat so)")
    if part.repeat == "object" and part.object is not None:
        yield from _each_object_problems((*path, "object"), part.object)
    if part.history == "from_now" and part.since is None:
        yield Problem((*path, "since"), "from_now needs the day from which on acts count (add it)")
    if part.history == "backfill" and part.since is not None:
        yield Problem((*path, "since"), "it is only looked at with history: from_now (add that, or remove it)")
    if part.qualifying and not part.points:
        yield Problem((*path, "qualifying"), "this is about points, and it gives none (add points, or remove it)")


def _each_object_problems(path: Path, part: ObjectGoalPart) -> Iterator[Problem]:
    """What asks for several objects where each is looked at by itself."""
    for field in ("times", "distinct", "share"):
        if getattr(part, field) != ObjectGoalPart.model_fields[field].default:
            yield Problem((*path, field), "with repeat: object each object counts by itself (remove it, or repeat)")


def _goal_problems(path: Path, part: AchievementPart, names: Names) -> Iterator[Problem]:
    for word, acts in (("count", part.count), ("sum", part.sum), ("latest", part.latest)):
        if acts is not None:
            yield from all_unknown((*path, word, "of"), acts.of, names.behaviours, "a behaviour", "behaviours")
    if (goal := part.object) is not None:
        at = (*path, "object")
        yield from all_unknown((*at, "of"), goal.of, names.objects, "a kind of object", "objects")
        yield from object_field_problems((*at, "where"), goal.where, names)
        if goal.share is not None:
            yield from object_field_problems((*at, "share", "where"), goal.share.where, names)
    if part.streak is not None:
        yield from unknown((*path, "streak", "of"), part.streak.of, names.streaks, "a streak", "streaks")
    if part.tier is not None:
        yield from unknown((*path, "tier"), part.tier, names.tiers, "a tier", "tiers.levels")
    for word, ids in (("all", part.all_of), ("any", part.any_of)):
        yield from all_unknown((*path, word), ids, names.achievements, "an achievement", "achievements")
    if (some := part.some) is not None:
        at = (*path, "some")
        yield from all_unknown((*at, "of"), some.of, names.achievements, "an achievement", "achievements")
        if some.times > len(some.of):
            yield Problem((*at, "times"), f"it names only {counted(len(some.of), 'achievement')} (say fewer)")


def _streak_problems(path: Path, part: StreakPart, names: Names) -> Iterator[Problem]:
    yield from all_unknown((*path, "of"), part.of, names.behaviours, "a behaviour", "behaviours")
    if part.freezes.initial > part.freezes.most:
        what = f"a member can hold {part.freezes.most} at most (raise most, or say fewer)"
        yield Problem((*path, "freezes", "initial"), what)
    if part.freezes.every is not None and not part.freezes.most:
        yield Problem((*path, "freezes", "most"), "say how many a member can hold at most, 1 or more")
    if part.grace_hours >= _HOURS[part.period]:
        yield Problem((*path, "grace_hours"), f"it is shorter than a {part.period} (say fewer)")


def _tier_problems(path: Path, part: TiersPart) -> Iterator[Problem]:
    ids: set[str] = set()
    before = None
    for place, level in enumerate(part.levels):
        at = (*path, "levels", place)
        if level.id in ids:
            yield Problem((*at, "id"), f"each tier needs an id of its own; repeated: {level.id}")
        ids.add(level.id)
        if before is None and level.threshold:
            yield Problem((*at, "from"), "the first tier is everybody's: say 0")
        if before is not None and level.threshold <= before:
            yield Problem((*at, "from"), f"thresholds rise: {level.threshold} cannot follow {before} (say more)")
        before = level.threshold
    if part.period != "rolling" and "months" in part.model_fields_set:
        yield Problem((*path, "months"), "only period: rolling looks at months (remove it)")
    for old, new in (part.replaced or {}).items():
        if old in ids:
            yield Problem((*path, "replaced", old), "this tier is still there (remove it here, or there)")
        yield from unknown((*path, "replaced", old), new, sorted(ids), "a tier", "tiers.levels")


def _nudge_problems(said: ProgramFile, names: Names) -> Iterator[Problem]:
    if said.nudges is None:
        return
    for field, section, there_are in (
        ("streak_ends", "streaks", names.streaks),
        ("tier_ends", "tiers", names.tiers),
        ("freeze_used", "streaks", names.streaks),
        ("achievement_near", "achievements", names.achievements),
    ):
        if getattr(said.nudges, field) is not None and not there_are:
            yield Problem(("nudges", field), f"there are no {section} (declare them under {section}, or remove it)")
