"""How a member stands among tiers at a moment: a pure function of her state and that moment. Changes nothing."""

from dataclasses import dataclass
from typing import Any

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.rules.engine.days import Day
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.tier_points import FOREVER, counting, kept_until, level_at, period_start
from loyaltychain.rules.engine.tiers import TierLadder


@dataclass(frozen=True, slots=True)
class NextTier:
    """The one above, and how many qualifying points it is away."""

    id: str
    name: str
    missing: int


@dataclass(frozen=True, slots=True)
class TierChange:
    """A change of tier, and why it came."""

    at: UnixSeconds
    before: str
    after: str
    why: str


@dataclass(frozen=True, slots=True)
class TierStanding:
    """A member's tier at a moment.

    Args:
        since: When it was reached; None: from the beginning.
        points: Qualifying points that count on the day.
        falls_at: When it ends if nothing more is earned, grace included; None: never.
        kept_until: The same without grace.
        falls_to: The tier that she has then.
        to_stay: Points that are enough to keep it, whenever they are earned before ``falls_at``.
        is_notice_due: The fall is so near that the member is to be told.
    """

    id: str
    name: str
    perks: tuple[str, ...]
    since: UnixSeconds | None
    points: int
    next: NextTier | None
    kept_until: UnixSeconds | None
    falls_at: UnixSeconds | None
    falls_to: str | None
    to_stay: int
    is_notice_due: bool
    history: tuple[TierChange, ...]


def stand_among_tiers(ladder: TierLadder, state: State, now: UnixSeconds) -> TierStanding:
    """The member's tier, what is next, and what becomes of it."""
    tiers, kept = ladder.tiers, state.parts[ladder.name]
    part: dict[str, Any] = {**kept}
    day = ladder.days.day_of(now)
    index = ladder.settle(part, day)
    level, points = tiers.levels[index], counting(tiers, part, day)
    above = tiers.levels[index + 1] if index + 1 < len(tiers.levels) else None
    until = kept_until(tiers, part, index)
    ends = until < FOREVER
    fall = until + tiers.grace_days
    return TierStanding(
        id=level.id,
        name=level.name,
        perks=level.perks,
        since=part["since"],
        points=points,
        next=None if above is None else NextTier(above.id, above.name, max(0, above.threshold - points)),
        kept_until=ladder.days.start_of(until) if ends else None,
        falls_at=ladder.days.start_of(fall) if ends else None,
        falls_to=tiers.levels[level_at(tiers, part, fall)].id if ends else None,
        to_stay=_missing_at(ladder, part, level.threshold, day, until) if ends else 0,
        is_notice_due=ends and day >= until - tiers.notice_days,
        history=tuple(TierChange(each["at"], each["from"], each["to"], each["why"]) for each in part["log"]),
    )


def _missing_at(ladder: TierLadder, part: dict[str, Any], threshold: int, day: Day, until: Day) -> int:
    """What is missing on the last day on which it can be earned, if nothing is earned meanwhile."""
    tiers = ladder.tiers
    # In the days of grace after a calendar year points make up for that year.
    last = until - 1 if tiers.period == "calendar" else max(day, until + tiers.grace_days - 1)
    start = period_start(tiers, last)
    earned: int = sum(lot[1] for lot in part["earned"] if lot[0] >= start)
    return max(0, threshold - earned)
