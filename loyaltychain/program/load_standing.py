"""What a programme file says of members' standing becomes values: achievements, streaks, tiers, nudges."""

from zoneinfo import ZoneInfo

from loyaltychain.program.achievements import (
    Achievement,
    CombinedGoal,
    CountGoal,
    Freezes,
    Goal,
    LatestGoal,
    Noun,
    Nudge,
    ObjectGoal,
    Season,
    Share,
    Streak,
    StreakGoal,
    SumGoal,
    Tier,
    TierGoal,
    Tiers,
)
from loyaltychain.program.load_parts import begin_of, end_of, make_conditions, words
from loyaltychain.program.schema_achievements import AchievementPart, ObjectGoalPart
from loyaltychain.program.schema_standing import NudgesPart, SeasonPart, StreakPart, TiersPart


def make_achievement(id_: str, part: AchievementPart, zone: ZoneInfo) -> Achievement:
    """An achievement."""
    return Achievement(
        id=id_,
        title=part.title,
        name=part.name,
        goal=_make_goal(part),
        status=part.status,
        repeat=part.repeat,
        points=part.points,
        qualifying=part.qualifying,
        supply=part.supply,
        role=part.role,
        history=part.history,
        since=None if part.since is None else begin_of(part.since, zone),
        counts=None if part.counts is None else Noun(part.counts.one, part.counts.other),
    )


def _make_goal(part: AchievementPart) -> Goal:
    if (count := part.count) is not None:
        return CountGoal(words(count.of), count.times, count.distinct, count.within_days)
    if (total := part.sum) is not None:
        return SumGoal(words(total.of), total.field, total.at_least)
    if (latest := part.latest) is not None:
        return LatestGoal(words(latest.of), latest.field, latest.at_least)
    if part.object is not None:
        return _make_object_goal(part.object)
    if part.streak is not None:
        return StreakGoal(part.streak.of, part.streak.length)
    if part.tier is not None:
        return TierGoal(part.tier)
    if part.some is not None:
        return CombinedGoal(words(part.some.of), part.some.times)
    if part.all_of is not None:
        return CombinedGoal(words(part.all_of), len(part.all_of))
    return CombinedGoal(words(part.any_of), 1)


def _make_object_goal(part: ObjectGoalPart) -> ObjectGoal:
    share = None if part.share is None else Share(part.share.percent, make_conditions(part.share.where))
    return ObjectGoal(words(part.of), make_conditions(part.where), part.times, part.distinct, share)


def make_streak(id_: str, part: StreakPart) -> Streak:
    """A streak."""
    return Streak(
        id=id_,
        title=part.title,
        of=words(part.of),
        period=part.period,
        match=part.match,
        least=part.least,
        day_ends=part.day_ends,
        zone=part.zone,
        grace_hours=part.grace_hours,
        freezes=Freezes(part.freezes.initial, part.freezes.every, part.freezes.most),
        rewards=tuple(sorted(part.rewards.items())),
        late_days=part.late_days,
    )


def make_tiers(part: TiersPart) -> Tiers:
    """The tiers."""
    levels = tuple(Tier(each.id, each.name, each.threshold, words(each.perks), each.boost) for each in part.levels)
    return Tiers(
        levels=levels,
        period=part.period,
        months=part.months,
        falls=part.falls,
        grace_days=part.grace_days,
        notice_days=part.notice_days,
        rounding=part.rounding,
        replaced=tuple((part.replaced or {}).items()),
    )


def make_season(id_: str, part: SeasonPart, zone: ZoneInfo) -> Season:
    """A season."""
    return Season(id_, begin_of(part.starts, zone), end_of(part.ends, zone))


def make_nudges(part: NudgesPart) -> tuple[Nudge, ...]:
    """What apps are told ahead, or soon after."""
    found = []
    if part.streak_ends is not None:
        found.append(Nudge("streak_ends", part.streak_ends.hours))
    if part.freeze_used is not None:
        found.append(Nudge("freeze_used", part.freeze_used.days))
    if part.tier_ends is not None:
        found.append(Nudge("tier_ends", part.tier_ends.days))
    if part.achievement_near is not None:
        found.append(Nudge("achievement_near", part.achievement_near.missing))
    return tuple(found)
