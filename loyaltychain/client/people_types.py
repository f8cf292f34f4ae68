"""Members' accounts, approvals and pending awards as the API answers them, as typed dictionaries."""

from typing import Literal, TypedDict


class Notice(TypedDict):
    """What a member is to be told before points run out."""

    id: str
    kind: str
    because: Literal["age", "inactivity"]
    member: str
    member_number: int
    points: int
    at: str | None
    state: str
    created_at: str
    sent_at: str | None


class Member(TypedDict):
    """A member: ``id`` is the one that she joined with."""

    id: str
    number: int
    closed_at: str | None


class Identity(TypedDict):
    """An id that names the member; ``number`` is its own, another"s where it came with a merge."""

    id: str
    kind: Literal["joined", "alias", "merged"]
    number: int
    since: str


class Link(TypedDict):
    """A merge: ``merged`` went over into ``survivor`` with these points."""

    merged: int
    survivor: int
    reason: str
    actor: str
    since: str
    points: int
    pending: int
    debt: int
    qualifying: int
    ended_at: str | None
    end_reason: str | None
    end_actor: str | None


class Identities(TypedDict):
    """All ids of a member, and her merges."""

    number: int
    merged_into: int | None
    closed_at: str | None
    identities: list[Identity]
    merges: list[Link]


class Merged(TypedDict):
    """What went along."""

    merge: Link


class LotShortage(TypedDict):
    """Points of one lot that did not come back: expired, or spent meanwhile (``short``)."""

    lot: str
    points: int
    back: int
    expired: int
    short: int


class Unmerged(TypedDict):
    """What came back to the member, and what of hers is gone."""

    merge: Link
    points: int
    pending: int
    debt: int
    qualifying: int
    shortage: list[LotShortage]


class Approval(TypedDict):
    """An adjustment that waits, or waited, for a second person."""

    id: str
    member: int
    points: int
    reason: str
    actor: str
    key: str | None
    expires_at: str | None
    may_owe: bool
    requested_at: str
    until: str
    state: Literal["pending", "approved", "rejected", "lapsed"]
    decided_by: str | None
    decided_key: str | None
    decision_reason: str | None
    decided_at: str | None
    entry: str | None


class Approvals(TypedDict):
    """Those that were asked for first first."""

    approvals: list[Approval]
    has_more: bool
    next_cursor: str | None


class PendingAward(TypedDict):
    """Points of one rule that wait."""

    source: str
    event: str
    rule: str | None
    lot: str
    member: str
    points: int
    earned_at: str
    due_at: str
    until: str | None
    reject: str | None
    otherwise: Literal["give", "cancel"]


class PendingAwards(TypedDict):
    """By when they are due, soonest first, or as they were earned: a stable order."""

    awards: list[PendingAward]
    has_more: bool
    next_cursor: str | None


class DecidedAward(TypedDict):
    """What was decided about the pending points of an event."""

    source: str
    event: str
    member: str
    decision: Literal["activated", "cancelled"]
    points: int
    entries: list[str]
