"""The bodies of answers about members' accounts, pending awards, and what waits for a second person."""

from typing import Literal

from pydantic import Field

from loyaltychain.api.answer import Answer


class Member(Answer):
    """A member: ``id`` is the one that she joined with."""

    id: str
    number: int
    closed_at: str | None


class Identity(Answer):
    """An id that names the member; ``number`` is its own, another's where it came with a merge."""

    id: str
    kind: Literal["joined", "alias", "merged"]
    number: int
    since: str


class Link(Answer):
    """A merge: ``merged`` went over into ``survivor`` with these points. ``ended_at``: it was undone."""

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


class Identities(Answer):
    """All ids of a member, and her merges. ``merged_into``: the number that answers for her now."""

    number: int
    merged_into: int | None
    closed_at: str | None
    identities: list[Identity]
    merges: list[Link]


class Merged(Answer):
    """What went along. A wallet that is bound to the merged number stays there: docs/WALLETS.md."""

    merge: Link


class LotShortage(Answer):
    """Points of one lot that did not come back: expired, or spent meanwhile (``short``)."""

    lot: str
    points: int
    back: int
    expired: int
    short: int


class Unmerged(Answer):
    """What came back to the member, and what of hers is gone."""

    merge: Link
    points: int
    pending: int
    debt: int
    qualifying: int
    shortage: list[LotShortage]


class Approval(Answer):
    """An adjustment that waits, or waited, for a second person. ``id`` is its ``source/id``."""

    id: str
    member: int = Field(description="the number")
    points: int
    reason: str
    actor: str
    key: str | None = Field(description="the API key that asked, as key:<id>; null: an operator's own hand")
    expires_at: str | None
    may_owe: bool
    requested_at: str
    until: str
    state: Literal["pending", "approved", "rejected", "lapsed"]
    decided_by: str | None
    decided_key: str | None
    decision_reason: str | None
    decided_at: str | None
    entry: str | None = Field(description="the adjustment's, once it was approved")


class Approvals(Answer):
    """Those that were asked for first first."""

    approvals: list[Approval]
    has_more: bool
    next_cursor: str | None


class PendingAward(Answer):
    """Points of one rule that wait. ``until``, ``reject``: the types of events that they wait for."""

    source: str
    event: str
    rule: str | None = Field(
        description="of the programme; behaviour: with an id and its like are decided by events alone, never by hand"
    )
    lot: str
    member: str
    points: int
    earned_at: str
    due_at: str
    until: str | None
    reject: str | None
    otherwise: Literal["give", "cancel"]


class PendingAwards(Answer):
    """By when they are due, soonest first, or as they were earned: a stable order."""

    awards: list[PendingAward]
    has_more: bool
    next_cursor: str | None


class DecidedAward(Answer):
    """What was decided about the pending points of an event."""

    source: str
    event: str
    member: str
    decision: Literal["activated", "cancelled"]
    points: int
    entries: list[str]
