"""The bodies of answers. Instants are RFC 3339 in UTC, points whole numbers, hashes 0x text."""

from typing import Any, Literal

from pydantic import Field

from loyaltychain.api.answer import Answer as Answer
from loyaltychain.api.award_answers import Award
from loyaltychain.api.entry_answers import Entry as Entry
from loyaltychain.api.problems import ProblemBody


class ReceiptPlace(Answer):
    """Where a receipt is: its document is at ``/v1/receipts/{batch}/{index}``."""

    batch: int
    index: int
    entry: str
    points: int
    state: str = Field(description="of the batch: sealed, submitted, final or halted")


class Place(Answer):
    """Which event: ``source`` and ``id`` name it for ever."""

    source: str
    id: str


class RuleSays(Answer):
    """What one rule made of an event. ``version`` is its programme's; null: under which is not kept."""

    id: str
    version: int | None
    points: int
    reason: str


class Suppressed(Answer):
    """Points that were not given, or not in full. ``rule`` is null where all of them were refused."""

    rule: str | None
    reason: str


class Outcome(Answer):
    """What became of an event."""

    status: Literal["posted", "nothing", "refused"]
    result: str = Field(description="in words, for the member")
    explanation: dict[str, Any]


class Event(Answer):
    """An event with what became of it; ``outcome`` is null while it waits for the worker."""

    source: str
    id: str
    type: str
    member: str
    member_number: int
    occurred_at: str
    received_at: str
    position: int | None
    payload: dict[str, Any]
    outcome: Outcome | None
    awarded: int | None = Field(None, description="points that it brought; null while it waits")
    desired: int | None = Field(None, description="points that its rules alone would give: no cap, no refusal")
    rules: list[RuleSays] = Field(default_factory=list)
    suppressed: list[Suppressed] = Field(default_factory=list)
    awards: list[Award] = Field(default_factory=list, description="what behaviours made of it, for whomever")
    uncounted: list[str] = Field(
        default_factory=list, description="in sentences: what behaviours make of it that is no award, and why"
    )
    changed: list[Award] = Field(
        default_factory=list, description="of a dry run: awards of other events that it would change, as they would be"
    )
    corrects: Place | None = Field(None, description="the event that this one corrects")
    corrected_by: Place | None = Field(None, description="the event that corrects this one")
    entries: list[Entry]
    receipts: list[ReceiptPlace]


class TakenEvent(Answer):
    """The answer to a new event: ``known`` says that this very event was told before."""

    status: Literal["accepted", "known"]
    event: Event


class BatchItem(Answer):
    """What became of one event of many."""

    index: int
    status: Literal["accepted", "known", "refused"]
    problem: ProblemBody | None = None


class BatchTaken(Answer):
    """One result for each event, in their order."""

    results: list[BatchItem]


class Expiring(Answer):
    """``points`` end at this instant."""

    at: str
    points: int


class OnChain(Answer):
    """What the newest final batch says that the member owns (available and held), and what is in none yet."""

    settled: int
    accrued: int = Field(
        description="decided and not settled yet: what the next batches add, or take where it is below zero"
    )
    batch: int = Field(description="0: none is final yet")


class Balance(Answer):
    """A member's points at ``as_of``; those from ``earned`` to ``reversed`` are of all time.

    ``available + pending + held - debt == earned + adjusted + merged - spent - expired - reversed``.
    """

    member: str
    number: int
    available: int
    pending: int
    held: int
    debt: int
    expiring: list[Expiring]
    qualifying: int
    earned: int
    adjusted: int = Field(description="given by hand, less what was taken by hand")
    merged: int = Field(description="came with members who went over into this one, less what went back")
    spent: int
    expired: int
    reversed: int
    on_chain: OnChain
    as_of: str


class EventSummary(Answer):
    """An event as lists have it: without its payload and entries."""

    source: str
    id: str
    type: str
    member: str
    occurred_at: str
    received_at: str
    position: int
    outcome: Literal["posted", "nothing", "refused"] | None
    result: str | None = Field(description="in words, for the member")


class Events(Answer):
    """Newest first, by position."""

    events: list[EventSummary]
    has_more: bool
    next_cursor: str | None


class Entries(Answer):
    """Newest first. ``next_cursor`` is there while there is more."""

    entries: list[Entry]
    has_more: bool
    next_cursor: str | None


class ItemPaid(Answer):
    """``cost`` is of one."""

    reward: str
    quantity: int
    cost: int


class Redemption(Answer):
    """Points that were spent; ``refunded`` of them came back since."""

    entry: str
    member: str
    points: int
    items: list[ItemPaid]
    refunded: int
    reference: str | None
    occurred_at: str


class Hold(Answer):
    """Points that are or were reserved, until ``until`` at the latest."""

    source: str
    id: str
    member: str
    points: int
    items: list[ItemPaid]
    reference: str | None
    state: Literal["open", "commit", "release", "time-out"]
    created_at: str
    until: str
    ended_at: str | None


class Refunded(Answer):
    """What came back of a redemption; what the member owed was paid from it first."""

    entry: str
    redemption: str = Field(description="its entry")
    member: str
    points: int
    reason: str
    restock: bool
    occurred_at: str


class Adjusted(Answer):
    """A correction by hand."""

    entry: str
    member: str
    points: int
    reason: str
    actor: str
    expires_at: str | None
    occurred_at: str


class Reward(Answer):
    """A reward; no ``stock``: no limit."""

    id: str
    name: str
    cost: int
    stock: int | None
    updated_at: str


class Rewards(Answer):
    """All rewards by id."""

    rewards: list[Reward]


class Receipts(Answer):
    """A member's receipts, newest first."""

    receipts: list[ReceiptPlace]
    has_more: bool
    next_cursor: str | None


class Alive(Answer):
    """The process answers."""

    status: Literal["ok"] = "ok"
