"""The bodies of answers about what behaviours brought: awards with their reasons, progress, achievements."""

from typing import Any, Literal

from pydantic import Field

from loyaltychain.api.answer import Answer
from loyaltychain.api.progress_answers import Progress


class Award(Answer):
    """What one rule decided on one occasion, zero included: points, or a badge (``unit``)."""

    award: str = Field(description="its name, award:17")
    member: str
    member_number: int
    rule: str = Field(description="behaviour:, achievement:, streak: or referral: with the rule's id")
    kind: str
    title: str
    version: int | None = Field(description="of the programme that decided; null: its text is not kept")
    program: str | None = Field(description="that programme's digest")
    unit: Literal["points", "badge"]
    event: str = Field(description="the event that brought it about, source/id")
    occurrence: str | None = Field(description="which one, where an event can bring several")
    at: str
    desired: int = Field(description="without caps, budgets and weights; 1 for a badge")
    awarded: int
    state: Literal["given", "pending", "held", "gone"] = Field(
        description="gone: what brought it about does so no longer"
    )
    reason: str | None = Field(description="why less was awarded than desired, a permanent code")
    qualifying: int
    due_at: str | None = Field(description="when a pending one is decided without a signal")
    role: str | None
    inputs: dict[str, Any]
    posted: int = Field(description="what of it stands in the ledger")
    problem: str | None = Field(description="why not all of it: over-cap, balance-too-large, member-closed")
    entries: list[str]
    words: list[str] = Field(description="all of it in sentences")


class Awards(Answer):
    """A member's awards, newest first; zero ones too."""

    awards: list[Award]
    has_more: bool
    next_cursor: str | None


class MemberProgress(Answer):
    """How a member stands. ``progress`` is null while no programme that counts says anything of behaviours, and while
    the worker works it out anew (``words`` says so)."""

    member: str
    number: int
    as_of: str
    progress: Progress | None
    words: list[str] = Field(description="the same in sentences")


class Nudge(Answer):
    """What a member should hear before it happens; ``at`` is when it does, null where that is no matter of time."""

    member: str
    member_number: int
    about: Literal["streak_ends", "freeze_used", "tier_ends", "achievement_near"]
    id: str = Field(description="of the streak, tier or achievement")
    at: str | None
    words: str


class Nudges(Answer):
    """The nudges of one page of members, by number: a page may hold none and not be the last."""

    nudges: list[Nudge]
    has_more: bool
    next_cursor: str | None


class AchievementState(Answer):
    """An achievement as it is offered. ``rarity_permille``: how many of a thousand members hold its badge."""

    id: str
    title: str
    name: str
    status: Literal["active", "locked"] = Field(description="locked: nobody else gets it")
    points: int
    role: str | None
    holders: int
    members: int
    rarity_permille: int
    supply: int | None = Field(description="how many there are in all; null: no limit")
    left: int | None = Field(description="how many are left of them")


class Achievements(Answer):
    """Those of the programme file as it stands, in its order."""

    achievements: list[AchievementState]
