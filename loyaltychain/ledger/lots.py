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

    def has_expired(self, at: UnixSeconds) -> bool:
        """Whether its points have run out at ``at``, booked or not."""
        return self.expires_at is not None and self.expires_at <= at

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


@dataclass(frozen=True, slots=True)
class Balance:
    """A member's points at one moment."""

    available: int  # can be redeemed
    pending: int
    held: int
    debt: int  # >= 0
    expiring: tuple[tuple[UnixSeconds, int], ...]  # of the available ones, by instant; those that never expire left out
