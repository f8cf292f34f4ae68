"""What a member has reached, and what she has before her, at a moment: badges, progress, streaks, tier, segments.

A pure function of her state and that moment. ``Status`` is made of numbers, words and lists; ``to_document`` gives it
as JSON. It changes nothing and decides nothing: what would become due by then (gates that time out) is not in it.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.words import counted
from loyaltychain.program.achievements import Achievement
from loyaltychain.rules.engine.badges import PART, supply_of
from loyaltychain.rules.engine.days import DAY_SECONDS
from loyaltychain.rules.engine.engine import Engine
from loyaltychain.rules.engine.member_zone import zones_at
from loyaltychain.rules.engine.progress import Progress, Seen, progress_of
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.streak_standing import StreakStanding, stand
from loyaltychain.rules.engine.streaks import Streaks
from loyaltychain.rules.engine.tier_points import add_months
from loyaltychain.rules.engine.tier_standing import TierStanding, stand_among_tiers
from loyaltychain.rules.engine.tiers import TierLadder

Stage = Literal["held", "open", "locked", "revoked", "none left"]
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class AchievementStanding:
    """An achievement for this member.

    Args:
        stage: "open": she can still reach it, or has, and whether one is left is not decided yet; "locked": nobody can
            any more.
        held: How many times she holds the badge.
        since: When she first got one of these.
        progress: Towards it, or towards its next time.
    """

    id: str
    name: str
    title: str
    stage: Stage
    held: int
    since: UnixSeconds | None
    progress: Progress
    points: int
    role: str | None
    revoked_at: UnixSeconds | None = None
    revoked_why: str | None = None


@dataclass(frozen=True, slots=True)
class DueNudge:
    """Something that the member should hear before it happens, or soon after. ``at``: when it does, or None."""

    about: Literal["streak_ends", "freeze_used", "tier_ends", "achievement_near"]
    id: str
    at: UnixSeconds | None
    words: str


@dataclass(frozen=True, slots=True)
class Status:
    """A member at a moment. ``refused``: what she, or an app for her, said of streaks and was not done, and why."""

    at: UnixSeconds
    zone: str
    next_zone: str | None
    achievements: tuple[AchievementStanding, ...]
    streaks: tuple[StreakStanding, ...]
    tier: TierStanding | None
    segments: tuple[str, ...]
    roles: tuple[str, ...]
    nudges: tuple[DueNudge, ...]
    refused: tuple[dict[str, Any], ...]

    def to_document(self) -> dict[str, Any]:
        """It as JSON."""
        return asdict(self)


class _Undecided:
    """Nothing that is shared is given away while somebody only looks: whoever folds decides on what was ``asked``."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def take(self, resource: str, key: str, wanted: int, *, most: int, at: UnixSeconds) -> int:
        self.asked.add(resource)
        return 0


def status(engine: Engine, state: State, now: UnixSeconds) -> Status:
    """How a member stands, by the programme of the engine, at a moment that is not before what her state has seen."""
    state = state.copy()
    undecided = _Undecided()
    engine.elapse(state, now, undecided)  # in this version of the programme; what is due by now has happened
    conduct, parts = engine.conduct, {each.name: each for each in engine.components}
    streaks, ladder = parts.get(Streaks.name), parts.get(TierLadder.name)
    standings = stand(streaks, state, now) if isinstance(streaks, Streaks) else ()
    tier = stand_among_tiers(ladder, state, now) if isinstance(ladder, TierLadder) else None
    seen = Seen(conduct, state, now, engine.day_of(now), standings, tier)
    achievements = tuple(_achievements(seen, undecided.asked)) if PART in parts else ()
    zone, waiting = engine.program.timezone, None
    if isinstance(streaks, Streaks):
        zone, waiting = zones_at(streaks.zone_of(state), now)
    return Status(
        at=now,
        zone=zone,
        next_zone=waiting,
        achievements=achievements,
        streaks=standings,
        tier=tier,
        segments=tuple(name for name, is_in in engine.segments.items() if is_in(state, now)),
        roles=tuple(dict.fromkeys(each.role for each in achievements if each.held and each.role is not None)),
        nudges=tuple(_nudges(seen, achievements)),
        refused=tuple(state.parts[Streaks.name]["refused"]) if isinstance(streaks, Streaks) else (),
    )


def _achievements(seen: Seen, undecided: set[str]) -> Iterator[AchievementStanding]:
    """Those of the programme in the file's order, retired ones only if she holds them; then what it knows no more.

    ``undecided``: what is shared and would have been asked for by now.
    """
    part = seen.state.parts[PART]
    for achievement in seen.conduct.achievements:
        given = part["given"].get(achievement.id, {})
        held = [each[0] for each in given.values() if each[2]]
        if achievement.status == "retired" and not held:
            continue
        revoked_at, revoked_why = part["revoked"].get(achievement.id, (None, None))
        waits = supply_of(achievement.id) in undecided
        is_refused = bool(given) and not waits
        yield AchievementStanding(
            id=achievement.id,
            name=achievement.name,
            title=achievement.title,
            stage=_stage(achievement, held=bool(held), refused=is_refused, revoked=revoked_at is not None),
            held=len(held),
            since=min(held, default=None),
            progress=_progress(achievement, seen, held=bool(held), waits=waits),
            points=achievement.points,
            role=achievement.role,
            revoked_at=revoked_at,
            revoked_why=revoked_why,
        )
    known = {each.id for each in seen.conduct.achievements}
    for name, given in part["given"].items():
        held = [each[0] for each in given.values() if each[2]]
        if name not in known and held:
            gone = Progress(0, 0, "the programme has it no more")
            yield AchievementStanding(name, name, name, "held", len(held), min(held), gone, 0, None)


def _stage(achievement: Achievement, *, held: bool, refused: bool, revoked: bool) -> Stage:
    if held:
        return "held"
    if revoked:
        return "revoked"
    if achievement.status == "locked":
        return "locked"
    return "none left" if refused and achievement.repeat == "never" else "open"


def _progress(achievement: Achievement, seen: Seen, *, held: bool, waits: bool) -> Progress:
    if achievement.repeat == "never" and (held or waits):
        return Progress(1, 1, "reached" if held else "reached; whether one is left is decided soon")
    return progress_of(achievement, seen)


def _nudges(seen: Seen, achievements: tuple[AchievementStanding, ...]) -> Iterator[DueNudge]:
    for nudge in seen.conduct.nudges:
        if nudge.about == "streak_ends":
            yield from _ending_streaks(seen, nudge.ahead * _HOUR)
        elif nudge.about == "freeze_used":
            yield from _used_freezes(seen, nudge.ahead)
        elif nudge.about == "tier_ends":
            yield from _ending_tier(seen, nudge.ahead * DAY_SECONDS)
        else:
            yield from _near(achievements, nudge.ahead)


def _ending_streaks(seen: Seen, ahead: int) -> Iterator[DueNudge]:
    for each in seen.streaks:
        end = each.alive_until
        if each.length and not each.is_filled and end is not None and end - seen.now <= ahead:
            periods = each.period if each.length == 1 else f"{each.period}s"
            yield DueNudge("streak_ends", each.id, end, f"A streak of {each.length} {periods} ends unless she acts.")


def _used_freezes(seen: Seen, days: int) -> Iterator[DueNudge]:
    """Of streaks that live on, each period that a freeze saved and that was over less than so many days ago."""
    for each in seen.streaks:
        for bridged in each.history if each.length else ():
            begun = date.fromisoformat(bridged.day).toordinal()
            over = add_months(begun, 1) if each.period == "month" else begun + (7 if each.period == "week" else 1)
            if bridged.how == "frozen" and 0 <= seen.today - over < days:
                left = counted(each.freezes, "freeze is", "freezes are")
                words = f"A freeze saved a streak of {each.length} through {bridged.day}; {left} left."
                yield DueNudge("freeze_used", each.id, None, words)


def _ending_tier(seen: Seen, ahead: int) -> Iterator[DueNudge]:
    tier = seen.tier
    if tier is not None and tier.falls_at is not None and tier.falls_at - seen.now <= ahead:
        words = f"{tier.name} ends unless {tier.to_stay} more qualifying points are earned."
        yield DueNudge("tier_ends", tier.id, tier.falls_at, words)


def _near(achievements: tuple[AchievementStanding, ...], missing: int) -> Iterator[DueNudge]:
    for each in achievements:
        have, need = each.progress.have, each.progress.need
        if each.stage == "open" and 0 < have < need <= have + missing:
            yield DueNudge("achievement_near", each.id, None, f"{each.progress.words}: {each.title}")
