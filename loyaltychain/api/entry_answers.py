"""Entries of the ledger as answers: a type that says what happened, and one object of metadata for each type."""

from typing import Any, Literal

from pydantic import Field

from loyaltychain.api.answer import Answer

EntryType = Literal[
    "accrue", "activate", "redeem", "hold", "commit", "release", "refund", "expire", "clawback", "reinstate", "adjust",
    "merge_in", "merge_out", "requalify", "badge", "revoke", "other",
]  # fmt: skip


class Accrual(Answer):
    """Points for an event, by a rule of a programme; ``corrects``: by a correction of that event.

    ``grant``: the award's name, where behaviours and what is built on them gave them.
    """

    event: str
    rule: str | None
    program: str | None
    order: str | None
    corrects: str | None
    grant: str | None


class OfLot(Answer):
    """What time did to the points of one lot: they became due, or ran out. ``lot`` is the entry that brought them."""

    lot: str


class OfHold(Answer):
    """A hold: made, committed, or ended without."""

    hold: str
    end: Literal["commit", "release", "time-out"] | None


class Spending(Answer):
    """A redemption; ``items`` are the rewards that it paid for."""

    items: list[dict[str, Any]]


class GivenBack(Answer):
    """A refund of a redemption."""

    redemption: str
    reason: str | None


class OfAward(Answer):
    """Points of ``award`` that were taken back or given again, because of ``event``."""

    award: str
    event: str


class OfGrant(Answer):
    """Points, or a badge, of an award of behaviours that were given, taken back or given again, because of ``event``.

    ``grant`` is the award's name, the same in all of its entries; ``reason`` a permanent code.
    """

    award: str
    event: str
    rule: str
    grant: str
    reason: str | None


class ByHand(Answer):
    """A correction by hand."""

    reason: str
    actor: str
    expires_at: str | None
    may_owe: bool


class OfMerge(Answer):
    """Points that went along when two members became one, or two again."""

    merge: str


Metadata = Accrual | OfLot | OfHold | Spending | GivenBack | OfGrant | OfAward | ByHand | OfMerge


class Entry(Answer):
    """One entry of the ledger, as it changes the member's accounts."""

    id: str
    type: EntryType = Field(description="what happened")
    metadata: Metadata | None = Field(description="one shape for each type; null for `other`")
    related_entry: str | None = Field(description="what it undoes, ends or goes along with")
    kind: str = Field(description="the ledger's own word for the type")
    cause: str
    rule: str | None
    program: str | None
    occurred_at: str
    recorded_at: str
    position: int = Field(description="in the ledger")
    changes: dict[str, int] = Field(description="points, by account: available, pending, held, debt; and qualifying")
    details: dict[str, Any] | None
    digest: str
