"""What behaviours brought, and how members stand, as the API answers it, as typed dictionaries."""

from typing import Any, Literal, TypedDict


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


class MemberProgress(TypedDict):
    """How a member stands; ``progress`` is None where no programme says anything of behaviours."""

    member: str
    number: int
    as_of: str
    progress: dict[str, Any] | None
    words: list[str]


class Nudge(TypedDict):
    """What a member should hear before it happens."""

    member: str
    member_number: int
    about: Literal["streak_ends", "tier_ends", "achievement_near"]
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
