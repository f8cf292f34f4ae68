"""What rules and behaviours brought, and how members stand, as the API answers it, as typed dictionaries."""

from typing import Any, Literal, TypedDict


class RuleSays(TypedDict):
    """What one rule made of an event."""

    id: str
    version: int | None
    points: int
    reason: str


class Suppressed(TypedDict):
    """Points that were not given, or not in full."""

    rule: str | None
    reason: str


class Award(TypedDict):
    """What one rule decided on one occasion, zero included: points, or a badge (``unit``)."""

    award: str
    member: str
    member_number: int
    rule: str
    kind: str
    title: str
    version: int | None
    program: str | None
    unit: Literal["points", "badge"]
    event: str
    occurrence: str | None
    at: str
    desired: int
    awarded: int
    state: Literal["given", "pending", "held", "gone"]
    reason: str | None
    qualifying: int
    due_at: str | None
    role: str | None
    inputs: dict[str, Any]
    posted: int
    problem: str | None
    entries: list[str]
    words: list[str]


class Towards(TypedDict):
    """``have`` of ``need``, towards the badge or its next time."""

    have: int
    need: int
    words: str


class AchievementStanding(TypedDict):
    """An achievement for this member. Retired ones are there while she holds them."""

    id: str
    name: str
    title: str
    stage: Literal["held", "open", "locked", "revoked", "none left"]
    held: int
    since: str | None
    progress: Towards
    points: int
    role: str | None
    revoked_at: str | None
    revoked_why: str | None


class Bridged(TypedDict):
    """A period without enough acts that did not end the streak."""

    day: str
    how: str


class StreakStanding(TypedDict):
    """A streak. Both instants are null where nothing is alive."""

    id: str
    title: str
    period: Literal["day", "week", "month"]
    length: int
    longest: int
    freezes: int
    is_filled: bool
    is_paused: bool
    act_by: str | None
    alive_until: str | None
    history: list[Bridged]


class NextTier(TypedDict):
    """The tier above, and how many qualifying points it is away."""

    id: str
    name: str
    missing: int


class TierChange(TypedDict):
    """A change of tier: from one id to another."""

    at: str
    before: str
    after: str
    why: str


class MemberTier(TypedDict):
    """A member's tier. ``since`` is null where it was hers from the beginning, ``falls_at`` where it does not end."""

    id: str
    name: str
    perks: list[str]
    since: str | None
    points: int
    next: NextTier | None
    kept_until: str | None
    falls_at: str | None
    falls_to: str | None
    to_stay: int
    is_notice_due: bool
    history: list[TierChange]


class DueNudge(TypedDict):
    """What she should hear before it happens; ``at`` is when, null where that is no matter of time."""

    about: Literal["streak_ends", "freeze_used", "tier_ends", "achievement_near"]
    id: str
    at: str | None
    words: str


class NotDone(TypedDict):
    """What she, or an app for her, said of her streaks or zone, and was not done."""

    at: str
    cause: str
    type: str
    why: str


class Progress(TypedDict):
    """A member at a moment, by what the worker has decided. Days are those of ``zone``, where she lives."""

    at: str
    zone: str
    next_zone: str | None
    achievements: list[AchievementStanding]
    streaks: list[StreakStanding]
    tier: MemberTier | None
    segments: list[str]
    roles: list[str]
    nudges: list[DueNudge]
    refused: list[NotDone]


class MemberProgress(TypedDict):
    """How a member stands; ``progress`` is None where no programme says anything of behaviours, and while it is worked
    out anew."""

    member: str
    number: int
    as_of: str
    progress: Progress | None
    words: list[str]


class Nudge(TypedDict):
    """What a member should hear before it happens."""

    member: str
    member_number: int
    about: Literal["streak_ends", "freeze_used", "tier_ends", "achievement_near"]
    id: str
    at: str | None
    words: str


class AchievementState(TypedDict):
    """An achievement as it is offered: how rare its badge is, and how many are left."""

    id: str
    title: str
    name: str
    status: Literal["active", "locked"]
    points: int
    role: str | None
    holders: int
    members: int
    rarity_permille: int
    supply: int | None
    left: int | None


class Link(TypedDict):
    """A link that a member shares: an event of one of ``events`` with it as its proof is hers."""

    token: str
    member: str
    member_number: int
    behaviour: str
    events: list[str]
    utm: dict[str, str]
    clicks: int
    state: Literal["good", "revoked"]
    made_at: str
