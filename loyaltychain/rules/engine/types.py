"""What goes into the fold of a member's acts, and what comes out of it, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.behaviours import To
from loyaltychain.program.lifetime import Lifetime

FactKey = tuple[UnixSeconds, str, str]  # (occurred_at, source, id): the order in which a member's facts are folded


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What is known of an object when its owner's facts are folded, whoever told it and whenever it came.

    Args:
        rank: Its place among all objects of its parent by the time when they were made, from 1; 0 without a parent.
    """

    id: str
    kind: str
    owner: MemberNumber
    made_at: UnixSeconds
    parent: str | None = None
    parent_owner: MemberNumber | None = None
    parent_made_at: UnixSeconds | None = None
    rank: int = 0


@dataclass(frozen=True, slots=True)
class ReferralFacts:
    """What is known of a referral that depends on other members than the one whose facts are folded.

    Args:
        referrer: None where nobody has the id that the referral names.
        is_first: No earlier referral of this kind brought the same referee; the first touch wins.
        is_cycle: It closes a ring in which everybody was sent by the next.
        common: Fields of the referral's payload whose values the referrer's own events had, too, before it.
        nth: Of a first one, its place among the referrer's of the period that ``velocity`` counts by, from 1.
    """

    referee: MemberNumber
    referrer: MemberNumber | None
    is_first: bool = True
    is_cycle: bool = False
    common: tuple[str, ...] = ()
    nth: int = 1

    @property
    def is_self(self) -> bool:
        """Whether somebody sent herself, under whatever ids."""
        return self.referee == self.referrer


@dataclass(frozen=True, slots=True)
class Retraction:
    """An event took a fact back. Fraud: it never counted; else it counts until ``at`` and gives no points."""

    cause: str
    at: UnixSeconds
    is_fraud: bool = False


@dataclass(slots=True)
class Fact:
    """An event that concerns a member, as one of ``roles``: she did it, or it is about something of hers.

    Nobody changes it; as a grant, it is not frozen, since that takes twice as long to make.
    ``version`` names the engine of the programme that counts for it: its digest, 0x hex, or what tells apart the times
    in which one programme was in force. Actor 0 is nobody: a doer who is not known.
    """

    at: UnixSeconds
    source: str
    id: str
    type: str
    payload: Mapping[str, Any]
    actor: MemberNumber
    roles: tuple[To, ...]
    object: ObjectFacts | None = None
    retraction: Retraction | None = None
    recipient: MemberNumber | None = None
    version: str = ""
    referral: ReferralFacts | None = None  # of events by which referrals are told
    actor_roles: tuple[str, ...] = ()  # roles that the actor held when the event was taken in
    origin: MemberNumber | None = None  # whose it was, where she was merged into the member afterwards
    told_at: UnixSeconds | None = None  # when it came in; of acts for which that matters (streaks with ``late_days``)

    @property
    def key(self) -> FactKey:
        """Its place among the member's facts."""
        return self.at, self.source, self.id

    @property
    def cause(self) -> str:
        """How entries name it."""
        return f"{self.source}/{self.id}"

    @property
    def never_was(self) -> bool:
        """Whether it was taken back so that it never counted: as a fraud, or by something before it."""
        retraction = self.retraction
        return retraction is not None and (retraction.is_fraud or retraction.at <= self.at)


#: Why less was given than wanted; a closed list, because apps and reports read it.
Reason = Literal[
    "retracted", "fraud", "self-dealing", "not-yet", "once", "not-the-nth", "outside-window", "cooldown", "cap-points",
    "cap-times", "cap-all", "budget", "shared-cap", "supply", "pair-weight", "reciprocal", "proof-missing", "rejected",
    "timed-out", "tier", "segment", "effective-dates", "held", "cycle", "chain", "velocity", "over-balance", "revoked",
]  # fmt: skip


@dataclass(slots=True)  # not frozen: that would double what it costs to make one, and one is made for nearly each fact
class Grant:
    """What a rule decided on one occasion: points or a badge, zero included. ``(rule, cause, occurrence)`` is one for
    ever; what is said of it later replaces what was said before. Nobody changes one.

    Args:
        rule: "behaviour:<id>", "achievement:<id>", "streak:<id>" or "referral:<id>".
        cause: "source/id" of the event that brought it about.
        occurrence: Which one, where a cause can bring several: an object, a length, a season; else empty.
        desired: What it would have been without caps, budgets, weights; points, or 1 badge. May be below zero.
        awarded: What it is; between 0 and ``desired``.
        inputs: Numbers and words that it was worked out from, JSON.
        boost: Ids of the boosts in it.
    """

    rule: str
    unit: Literal["points", "badge"]
    cause: str
    occurrence: str
    at: UnixSeconds
    desired: int
    awarded: int
    state: Literal["given", "pending", "held"] = "given"
    reason: Reason | None = None
    qualifying: int = 0
    due_at: UnixSeconds | None = None  # of a pending one: when it is decided without a signal
    expiry: Lifetime | None = None
    role: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is one of."""
        return self.rule, self.cause, self.occurrence


class Shared(Protocol):
    """What members share: budgets, supplies, caps by device. An answer is a decision: recorded, the same ever after."""

    def take(self, resource: str, key: str, wanted: int, *, most: int, at: UnixSeconds) -> int:
        """How much of ``wanted`` the occasion ``key`` has of a resource of which there are ``most`` in all.

        Asked again for less, by an occasion that does not need all that it was given, the rest is free.
        """
