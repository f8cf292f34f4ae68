"""The nouns of what a member has: lots, holds, redemptions, and the movement that changes them together with an entry.

Immutable and without I/O. What may move is decided in ``ledger/purse.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NewType

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.ledger.types import Entry, EntryId

LotId = NewType("LotId", str)  # the id of the entry that made it
Draws = tuple[tuple[LotId, int], ...]  # points by lot
HoldEndKind = Literal["commit", "release", "time-out"]


@dataclass(frozen=True, slots=True)
class Condition:
    """What a pending lot waits for besides time: an event that names its award, of one type or the other."""

    until: str  # the type of event that gives the points
    reject: str | None  # the type that takes them back whole
    otherwise: Literal["give", "cancel"]  # when neither has come by ``Lot.due_at``
    qualifying: int  # qualifying points that came with the award, and go back with it


@dataclass(frozen=True, slots=True)
class Lapse:
    """The instant at which a member's points without an expiry of their own run out, because she is inactive.

    Known since she was told of it. Whatever makes her active after ``since`` and is recorded before ``at`` undoes it.
    """

    id: str  # the notice's
    since: UnixSeconds  # when she was last active
    at: UnixSeconds  # exclusive, as an expiry is


@dataclass(frozen=True, slots=True)
class Lot:
    """Points that one entry brought in, all with the same expiry.

    ``remaining + expired <= amount``; the rest was redeemed, held, taken back or activated.
    """

    id: LotId
    member: MemberNumber
    award: str  # the cause whose points these are (an adjustment: its entry); activation and reinstatement keep it
    earned_at: UnixSeconds
    expires_at: UnixSeconds | None  # exclusive; None: never
    due_at: UnixSeconds | None  # pending until then; None: available
    in_grace: bool  # came back after its expiry, and gets no second grace
    amount: int
    remaining: int
    expired: int = 0  # what ran out and was not counted towards a return since
    returned_by: EntryId | None = None  # the last entry that gave points back to it; names its next expiry
    condition: Condition | None = None  # of a pending lot: what else it waits for
    lapses_at: UnixSeconds | None = None  # set by the purse alone, where inactivity ends it

    def has_expired(self, at: UnixSeconds) -> bool:
        """Whether its points have run out at ``at``, booked or not."""
        return self.ends_at is not None and self.ends_at <= at

    @property
    def ends_at(self) -> UnixSeconds | None:
        """When its points run out, by their age or by inactivity; None: never."""
        return self.lapses_at if self.expires_at is None else self.expires_at

    def is_spendable(self, at: UnixSeconds) -> bool:
        """Whether it has points that can be redeemed at ``at``."""
        return self.remaining > 0 and self.due_at is None and not self.has_expired(at)


def spend_order(lot: Lot) -> tuple[bool, int, int, str]:
    """The key by which lots are spent: soonest expiry first, never-expiring last; then the oldest, then by id."""
    return lot.expires_at is None, lot.expires_at or 0, lot.earned_at, lot.id


@dataclass(frozen=True, slots=True)
class HoldItem:
    """A reward that a hold is for."""

    reward: str
    quantity: int
    cost: int  # of one, in points


@dataclass(frozen=True, slots=True)
class Hold:
    """Points set aside for a redemption until it is decided, ``until`` at the latest (exclusive)."""

    id: str  # the caller's
    entry_id: EntryId
    member: MemberNumber
    amount: int
    created_at: UnixSeconds
    until: UnixSeconds
    reference: str | None  # what it is for: an order
    items: tuple[HoldItem, ...]
    draws: Draws  # in the order of consumption, ``amount`` in all


@dataclass(frozen=True, slots=True)
class Redemption:
    """Points that were consumed, by an entry of kind redeem or commit."""

    entry_id: EntryId
    member: MemberNumber
    drawn_by: EntryId  # the entry that took them out of the lots: itself, or the hold's
    amount: int
    refunded: int
    reference: str | None  # what it paid for: an order
    draws: Draws  # in the order of consumption, ``amount`` in all


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the caller says of an entry; kind and postings come from the operation."""

    id: EntryId
    cause: str
    occurred_at: UnixSeconds
    recorded_at: UnixSeconds
    rule: str | None = None
    program: str | None = None
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry and all that goes with it in lots, holds and redemptions."""

    entry: Entry
    made: Lot | None = None  # as it was made; its own first move stands in ``lot_moves`` too
    lot_moves: Draws = ()  # signed
    expired_moves: Draws = ()  # signed changes of ``Lot.expired``
    began: Hold | None = None
    ended: tuple[str, HoldEndKind, UnixSeconds] | None = None
    redemption: Redemption | None = None
    refunded: tuple[EntryId, int] | None = None  # of an earlier redemption
    undone: tuple[str, ...] = ()  # the lapses that it undid, by id


@dataclass(frozen=True, slots=True)
class Balance:
    """A member's points at one moment."""

    available: int  # can be redeemed
    pending: int
    held: int
    debt: int  # >= 0
    expiring: tuple[tuple[UnixSeconds, int], ...]  # of the available ones, by instant; those that never expire left out
