"""What a new version does that members would not expect, and what to do instead. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from loyaltychain.core.words import counted
from loyaltychain.program.achievements import Achievement, Goal, Streak, Tier, Tiers
from loyaltychain.program.behaviours import Behaviour, Referral
from loyaltychain.program.conduct import Conduct
from loyaltychain.program.diff import diff
from loyaltychain.program.lifetime import Lifetime
from loyaltychain.program.lint_status import is_protected
from loyaltychain.program.types import Expiry, Program

_MONTH_DAYS = 30
_ENDLESS = 10**9


@dataclass(frozen=True, slots=True)
class Surprise:
    """Something that members notice.

    Args:
        code: Stands for its kind for ever.
        place: ``achievements.mentor``.
    """

    code: str
    place: str
    message: str


def surprises(old: Program, new: Program) -> list[Surprise]:
    """What members would notice when ``new`` follows ``old``; nothing between two that mean the same."""
    if old.digest == new.digest:
        return []
    before, after = old.conduct or Conduct(), new.conduct or Conduct()
    return [
        *_programme(old, new),
        *_expiry(old.expiry, new.expiry),
        *_earning(before, after),
        *_achievements(before, after),
        *_streaks(before, after),
        *_tiers(before.tiers, after.tiers),
        *_order(old, new),
    ]


def _programme(old: Program, new: Program) -> Iterator[Surprise]:
    if new.version <= old.version:
        yield Surprise("version-not-raised", "version",
                       f"It says other things under version {new.version}: raise it above {old.version}, so that "
                       "people can tell the two apart.")  # fmt: skip
    if new.timezone != old.timezone:
        yield Surprise("timezone", "timezone",
                       "Days, weeks and months end at another moment from now on. Points that members have keep the "
                       "moment at which they expire.")  # fmt: skip
    if new.currency != old.currency:
        yield Surprise("currency", "currency", "Purchases in the currency until now earn nothing any more.")


def _expiry(old: Expiry | None, new: Expiry | None) -> Iterator[Surprise]:
    if _days(new) < _days(old):
        yield Surprise("expiry-shortened", "expiry",
                       "Points that are earned from now on expire sooner. Those that members have keep the moment at "
                       "which they expire: say so when you announce it.")  # fmt: skip
    idle_before, idle_after = (each.inactivity if each is not None else None for each in (old, new))
    if idle_after is not None and (idle_before is None or _length(idle_after) < _length(idle_before)):
        yield Surprise("inactivity-shortened", "expiry.inactivity",
                       "Points of inactive members run out sooner, those that they have included; a notice goes out "
                       f"{counted(idle_after.notice_days, 'day')} before.")  # fmt: skip


def _days(expiry: Expiry | None) -> int:
    """How long points are good for, roughly, to tell which of two is shorter."""
    lifetime = expiry.lifetime if expiry is not None else Lifetime()
    if lifetime.is_endless:
        return _ENDLESS
    end = {"day": 1, "month": 31, "quarter": 92, "half_year": 184, "year": 366}.get(lifetime.end_of or "", 0)
    return _length(lifetime) + (366 if lifetime.on is not None else end)


def _length(period: Any) -> int:
    return (period.months or 0) * _MONTH_DAYS + (period.days or 0)


def _earning(old: Conduct, new: Conduct) -> Iterator[Surprise]:
    for behaviour, after in _pairs(old.behaviours, new.behaviours):
        place = f"behaviours.{behaviour.id}"
        if after is None:
            yield Surprise("behaviour-removed", place, "It earns nothing any more. What was earned stays.")
        elif _worth(after) < _worth(behaviour):
            yield Surprise("worth-less", place, "It gives less. Acts that have come in keep what they gave.")
        elif behaviour.gate is None and after.gate is not None:
            yield Surprise("now-pending", place, "Its points wait for others from now on.")
    for referral, later in _pairs(old.referrals, new.referrals):
        place = f"referrals.{referral.id}"
        if later is None:
            yield Surprise("referral-removed", place,
                           "Friends who were referred and have not qualified yet may bring nothing any more. Let "
                           f"{counted(referral.days, 'day')} pass between the announcement and this.")  # fmt: skip
        elif _both(later) < _both(referral):
            yield Surprise("worth-less", place, "It gives less to one of the two, or to both.")


def _worth(behaviour: Behaviour) -> int:
    """Points for a thousand of whatever is counted: only to compare two of the same kind."""
    points = behaviour.points
    return 0 if points is None else points.give * 1_000_000 // (points.per or 1) // behaviour.every


def _both(referral: Referral) -> int:
    return referral.referrer_points + referral.referee_points


def _achievements(old: Conduct, new: Conduct) -> Iterator[Surprise]:
    for achievement, after in _pairs(old.achievements, new.achievements):
        place = f"achievements.{achievement.id}"
        if after is None:
            yield Surprise("achievement-removed", place,
                           "Its holders keep a badge that nothing explains any more. Keep it with `status: retired`: "
                           "nobody else gets it, and holders can still show what it was for.")  # fmt: skip
            continue
        yield from _goal(place, achievement, after)
        if after.points < achievement.points:
            yield Surprise("worth-less", place, "It gives fewer points to whoever reaches it from now on.")
        if achievement.status == "active" and after.status != "active":
            yield Surprise("achievement-closed", place,
                           "Nobody else gets it. Holders keep theirs; tell those who are near.")  # fmt: skip
    known = {each.id for each in old.achievements}
    for each in new.achievements:
        if each.id not in known and each.status == "active":
            yield _history(each)


def _goal(place: str, old: Achievement, new: Achievement) -> Iterator[Surprise]:
    before, after = _needed(old.goal), _needed(new.goal)
    if old.goal.kind != new.goal.kind or before is None or after is None:
        if old.goal != new.goal:
            yield Surprise("goal-changed", place, "It asks for something else. Holders keep theirs.")
    elif after > before:
        yield Surprise("threshold-raised", place,
                       f"Holders keep theirs; who is on the way needs {after:,} instead of {before:,}.")  # fmt: skip
    elif after < before:
        yield Surprise("threshold-lowered", place,
                       f"It needs {after:,} instead of {before:,}; whoever has as many gets it with her next act that "
                       "counts.")  # fmt: skip
    elif old.goal != new.goal:
        yield Surprise("goal-changed", place, "It asks for something else. Holders keep theirs.")


def _needed(goal: Goal) -> int | None:
    for name in ("times", "at_least", "length"):
        if (number := getattr(goal, name, None)) is not None:
            return int(number)
    return None


def _history(achievement: Achievement) -> Surprise:
    place = f"achievements.{achievement.id}"
    if achievement.history == "from_now":
        return Surprise("from-now", place, "New: acts from before its `since` do not count; say so.")
    cost = f", and {counted(achievement.points, 'point')} each" if achievement.points else ""
    return Surprise("back-fill", place,
                    f"New: what members did before counts, so that some get it at once{cost}. To begin from now: "
                    "`history: from_now` with `since`.")  # fmt: skip


def _streaks(old: Conduct, new: Conduct) -> Iterator[Surprise]:
    for streak, after in _pairs(old.streaks, new.streaks):
        place = f"streaks.{streak.id}"
        if after is None:
            yield Surprise("streak-removed", place, "Running streaks end, and with them what they would have given.")
            continue
        if _clock(streak) != _clock(after):
            yield Surprise("streak-clock", place,
                           "Its periods change while streaks are running, which may cost members theirs. Declare a new "
                           "streak with another id beside it.")  # fmt: skip
        if is_protected(streak) and not is_protected(after):
            yield Surprise("protection-removed", place, "One missed period ends it from now on.")


def _clock(streak: Streak) -> tuple[object, ...]:
    return streak.period, streak.zone, streak.day_ends, streak.match, streak.least


def _tiers(old: Tiers | None, new: Tiers | None) -> Iterator[Surprise]:
    if old is None:
        return
    if new is None:
        yield Surprise("tiers-removed", "tiers", "Members lose their tiers and what these give.")
        return
    replaced = dict(new.replaced)
    for tier, after in _pairs(old.levels, new.levels):
        place = f"tiers.levels.{tier.id}"
        if after is None:
            if tier.id not in replaced:
                yield _unmapped(place, tier, new)
            continue
        yield from _tier(place, tier, after, new)


def _unmapped(place: str, gone: Tier, tiers: Tiers) -> Surprise:
    """What becomes of the members of a tier that is no more, when nothing is said of them."""
    heir = [each for each in tiers.levels if each.threshold <= gone.threshold][-1]  # the first one asks for nothing
    return Surprise("tier-unmapped", place,
                    f"Its members are in {heir.name!r} then, the highest that asks no more. Say it, or another: "
                    f"`replaced: {{{gone.id}: {heir.id}}}`.")  # fmt: skip


def _tier(place: str, old: Tier, new: Tier, tiers: Tiers) -> Iterator[Surprise]:
    if new.threshold > old.threshold:
        yield Surprise("tier-raised", place,
                       f"It needs {new.threshold:,} qualifying points instead of {old.threshold:,}. Whoever is in it "
                       f"stays until her time and {counted(tiers.grace_days, 'day')} of grace are over.")  # fmt: skip
    if lost := [perk for perk in old.perks if perk not in new.perks]:
        yield Surprise("perk-removed", place, f"Its members lose: {', '.join(lost)}.")
    if old.boost is not None and (new.boost is None or _ratio(new.boost) < _ratio(old.boost)):
        yield Surprise("worth-less", place, "Its members earn less than until now.")


def _ratio(boost: tuple[int, int]) -> int:
    return boost[0] * 1_000_000 // boost[1]


def _order(old: Program, new: Program) -> Iterator[Surprise]:
    for change in diff(old, new):
        if change.kind == "moved" and change.section in ("behaviours", "boosts", "rules"):
            yield Surprise("order-changed", change.section,
                           "Where two of them share a cap or a budget, the upper one takes first.")  # fmt: skip


def _pairs(old: Any, new: Any) -> Iterator[tuple[Any, Any]]:
    """Each thing that there was, and what has its id now; None when nothing does."""
    later = {each.id: each for each in new}
    for each in old:
        yield each, later.get(each.id)
