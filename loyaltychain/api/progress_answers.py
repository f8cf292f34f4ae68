"""How a member stands, as the API answers it: badges and progress towards others, streaks, tier, nudges. Shapes only.

What the numbers mean is the engine's (``rules.engine.status``); the names here are the same.
"""

from typing import Literal

from pydantic import Field

from loyaltychain.api.answer import Answer


class Towards(Answer):
    """``have`` of ``need``, towards the badge or its next time."""

    have: int
    need: int
    words: str = Field(description="3 of 5 replies")


class AchievementStanding(Answer):
    """An achievement for this member. Retired ones are there while she holds them."""

    id: str
    name: str
    title: str
    stage: Literal["held", "open", "locked", "revoked", "none left"] = Field(
        description="open: she can still reach it; locked: nobody can any more; none left: its supply ran out"
    )
    held: int = Field(description="how many times she holds the badge")
    since: str | None = Field(description="when she got the first of them")
    progress: Towards
    points: int = Field(description="what the badge brings beside itself")
    role: str | None = Field(description="what it allows")
    revoked_at: str | None
    revoked_why: str | None


class Bridged(Answer):
    """A period without enough acts that did not end the streak."""

    day: str = Field(description="the first day of the period, or the month")
    how: str = Field(description="frozen, excused, paused or restored")


class StreakStanding(Answer):
    """A streak. Both instants are null where nothing is alive."""

    id: str
    title: str
    period: Literal["day", "week", "month"]
    length: int = Field(description="0 when it was lost")
    longest: int
    freezes: int = Field(description="how many periods off are in hand")
    is_filled: bool = Field(description="the present period needs no more acts")
    is_paused: bool
    act_by: str | None = Field(description="when the next period that needs an act is over, grace included")
    alive_until: str | None = Field(description="the same, after all freezes in hand")
    history: list[Bridged]


class NextTier(Answer):
    """The tier above, and how many qualifying points it is away."""

    id: str
    name: str
    missing: int


class TierChange(Answer):
    """A change of tier: from one id to another."""

    at: str
    before: str
    after: str
    why: str


class MemberTier(Answer):
    """A member's tier. ``since`` is null where it was hers from the beginning, ``falls_at`` where it does not end."""

    id: str
    name: str
    perks: list[str]
    since: str | None
    points: int = Field(description="qualifying points that count today")
    next: NextTier | None
    kept_until: str | None = Field(description="when it ends if nothing more is earned, without grace")
    falls_at: str | None = Field(description="the same, grace included")
    falls_to: str | None
    to_stay: int = Field(description="qualifying points that are enough to keep it")
    is_notice_due: bool = Field(description="the fall is so near that she is to be told")
    history: list[TierChange]


class DueNudge(Answer):
    """What she should hear before it happens; ``at`` is when, null where that is no matter of time."""

    about: Literal["streak_ends", "freeze_used", "tier_ends", "achievement_near"]
    id: str = Field(description="of the streak, tier or achievement")
    at: str | None
    words: str


class NotDone(Answer):
    """What she, or an app for her, said of her streaks or zone, and was not done."""

    at: str
    cause: str = Field(description="the event that said it, source/id")
    type: str
    why: str


class Progress(Answer):
    """A member at a moment, by what the worker has decided. Days are those of ``zone``, where she lives."""

    at: str
    zone: str
    next_zone: str | None = Field(description="a change of zone that waits")
    achievements: list[AchievementStanding]
    streaks: list[StreakStanding]
    tier: MemberTier | None = Field(description="null where the programme has no tiers")
    segments: list[str]
    roles: list[str]
    nudges: list[DueNudge]
    refused: list[NotDone]
