"""The bodies of answers. Instants are RFC 3339 in UTC, points whole numbers, hashes 0x text."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from loyaltychain.api.problems import ProblemBody


class Answer(BaseModel):
    """What all answers have in common."""

    model_config = ConfigDict(frozen=True)


class ReceiptPlace(Answer):
    """Where a receipt is: its document is at ``/v1/receipts/{batch}/{index}``."""

    batch: int
    index: int
    entry: str
    points: int
    state: str = Field(description="of the batch: sealed, submitted, final or halted")


class Entry(Answer):
    """One entry of the ledger, as it changes the member's accounts."""

    id: str
    kind: str
    cause: str
    rule: str | None
    program: str | None
    occurred_at: str
    recorded_at: str
    position: int | None = Field(description="in the ledger; none until it is sequenced")
    changes: dict[str, int] = Field(description="points, by account: available, pending, held, debt; and qualifying")
    details: dict[str, Any] | None
    digest: str


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
    """What the newest final batch says that the member owns: available and held together."""

    settled: int
    batch: int = Field(description="0: none is final yet")


class Balance(Answer):
    """A member's points at ``as_of``; those from ``earned`` to ``reversed`` are of all time.

    ``available + pending + held - debt == earned + adjusted - spent - expired - reversed``.
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
    spent: int
    expired: int
    reversed: int
    on_chain: OnChain
    as_of: str


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


class Batch(Answer):
    """A batch: ``header`` under the names that it has on chain."""

    id: int
    state: str
    header: dict[str, Any]
    tx_hash: str | None


class Batches(Answer):
    """Newest first."""

    batches: list[Batch]
    has_more: bool
    next_cursor: str | None


class BalanceProof(Answer):
    """What a member owned after a batch, and the siblings that prove it under the batch's balance root."""

    format: Literal["loyaltychain/balance/v1"] = "loyaltychain/balance/v1"
    network: str
    chain_id: int
    ledger: str
    batch: dict[str, Any]
    member: int
    balance: int
    word_index: int
    word: str = Field(description="256 bits, 0x hex")
    siblings: list[str] = Field(description="24, from the leaf upwards")


class InForce(Answer):
    """The programme whose hash counts, and from which ledger position."""

    digest: str
    from_position: int


class Program(Answer):
    """The programme file as it is hashed; ``in_force`` is what was published last."""

    digest: str
    document: dict[str, Any]
    in_force: InForce | None


class Alive(Answer):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(Answer):
    """The database answers and is of this release; the figures say how far the worker is behind."""

    status: Literal["ok"] = "ok"
    events_waiting: int
    oldest_event_seconds: int | None
    oldest_unsettled_seconds: int | None
