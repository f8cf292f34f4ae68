"""What the API answers, as typed dictionaries: the JSON as it comes. Instants are RFC 3339 text in UTC."""

from typing import Any, Literal, NotRequired, TypedDict

from loyaltychain.client.progress_types import Award, RuleSays, Suppressed

EventStatus = Literal["accepted", "known", "refused"]


class NewEvent(TypedDict):
    """One fact about a member. ``occurred_at``: RFC 3339 with offset."""

    source: str
    id: str
    type: str
    member: str
    occurred_at: str
    payload: dict[str, Any]


class Item(TypedDict):
    """So many of a reward; ``cost`` (points, of one) is what was quoted."""

    reward: str
    quantity: NotRequired[int]
    cost: NotRequired[int]


class FieldProblem(TypedDict):
    """What is wrong where in a request."""

    pointer: str
    message: str


class ProblemBody(TypedDict):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: NotRequired[list[FieldProblem]]
    facts: NotRequired[dict[str, Any]]


class ReceiptPlace(TypedDict):
    """Where a receipt is."""

    batch: int
    index: int
    entry: str
    points: int
    state: str


class Entry(TypedDict):
    """One entry of the ledger and what it changes."""

    id: str
    type: str
    metadata: dict[str, Any] | None
    related_entry: str | None
    kind: str
    cause: str
    rule: str | None
    program: str | None
    occurred_at: str
    recorded_at: str
    position: int | None
    changes: dict[str, int]
    details: dict[str, Any] | None
    digest: str


class Outcome(TypedDict):
    """What became of an event."""

    status: Literal["posted", "nothing", "refused"]
    result: str
    explanation: dict[str, Any]


class Place(TypedDict):
    """Which event."""

    source: str
    id: str


class EventSummary(TypedDict):
    """An event of a list."""

    source: str
    id: str
    type: str
    member: str
    occurred_at: str
    received_at: str
    position: int
    outcome: Literal["posted", "nothing", "refused"] | None
    result: str | None


class Event(TypedDict):
    """An event; ``outcome`` is None while it waits."""

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
    awarded: int | None
    desired: int | None
    rules: list[RuleSays]
    suppressed: list[Suppressed]
    awards: list[Award]
    uncounted: list[str]
    changed: list[Award]
    corrects: Place | None
    corrected_by: Place | None
    entries: list[Entry]
    receipts: list[ReceiptPlace]


class TakenEvent(TypedDict):
    """The answer to a new event."""

    status: Literal["accepted", "known"]
    event: Event


class BatchItem(TypedDict):
    """What became of one event of many."""

    index: int
    status: EventStatus
    problem: ProblemBody | None


class Expiring(TypedDict):
    """Points that end at an instant."""

    at: str
    points: int


class OnChain(TypedDict):
    """What the newest final batch says that the member owns; ``accrued`` is decided and not settled yet."""

    settled: int
    accrued: int
    batch: int


class Balance(TypedDict):
    """A member's points at ``as_of``."""

    member: str
    number: int
    available: int
    pending: int
    held: int
    debt: int
    expiring: list[Expiring]
    qualifying: int
    earned: int
    adjusted: int
    merged: int
    spent: int
    expired: int
    reversed: int
    on_chain: OnChain
    as_of: str


class ItemPaid(TypedDict):
    """A reward that was paid for; ``cost`` is of one."""

    reward: str
    quantity: int
    cost: int


class Redemption(TypedDict):
    """Points that were spent."""

    entry: str
    member: str
    points: int
    items: list[ItemPaid]
    refunded: int
    reference: str | None
    occurred_at: str


class Hold(TypedDict):
    """Points that are or were reserved."""

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


class Refunded(TypedDict):
    """What came back of a redemption."""

    entry: str
    redemption: str
    member: str
    points: int
    reason: str
    restock: bool
    occurred_at: str


class Adjusted(TypedDict):
    """A correction by hand."""

    entry: str
    member: str
    points: int
    reason: str
    actor: str
    expires_at: str | None
    occurred_at: str


class Reward(TypedDict):
    """What points buy."""

    id: str
    name: str
    cost: int
    stock: int | None
    updated_at: str


class HalfStanding(TypedDict):
    """How one half of a worker stands; ``code`` is an error's name."""

    state: str
    code: str | None
    reason: str | None
    since: str


class WorkerStanding(TypedDict):
    """The worker of one programme, by its place."""

    program: int
    seen_at: str
    deciding: HalfStanding
    settling: HalfStanding


class Readiness(TypedDict):
    """Whether the API can work, how far the worker is behind, and what somebody should look at."""

    status: str
    events_waiting: int
    oldest_event_seconds: int | None
    oldest_unsettled_seconds: int | None
    newest_final_seconds: int | None
    worker_seen_seconds: int | None
    chain_head_seconds: int | None
    chain_final_seconds: int | None
    reconciled_seconds: int | None
    differences: int | None
    warnings: list[str]
    workers: list[WorkerStanding]
