"""Adjustments that wait for a second person, as rows and as values. Decides nothing."""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Row, Select, select

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations.people_tables import approval_ends, approvals

State = Literal["pending", "approved", "rejected", "lapsed"]
Verdict = Literal["approved", "rejected"]
STATES: tuple[State, ...] = ("pending", "approved", "rejected", "lapsed")


@dataclass(frozen=True, slots=True)
class Approval:
    """An adjustment that somebody asked for, and what a second person said to it until now.

    ``id`` is its ``source/id``; ``key`` and ``decided_key`` are the keys that said so, None for an operator's own hand;
    ``until`` is exclusive. ``entry_id`` is the adjustment once it was approved.
    """

    id: str
    member: MemberNumber
    points: int
    reason: str
    actor: str
    key: str | None
    expires_at: UnixSeconds | None
    may_owe: bool
    requested_at: UnixSeconds
    until: UnixSeconds
    state: State
    decided_by: str | None
    decided_key: str | None
    decision_reason: str | None
    decided_at: UnixSeconds | None
    is_replay: bool = False

    @property
    def entry_id(self) -> EntryId | None:
        """The adjustment's entry."""
        return entry_of(self.id) if self.state == "approved" else None


def read_approval(tx: Tx, id_: str, *, now: UnixSeconds) -> Approval:
    """The adjustment that was asked for under ``source/id``. Raises UnknownApproval."""
    found = find_approval(tx, id_, now)
    if found is None:
        raise errors.UnknownApproval(approval=id_[:300])
    return found


def list_approvals(
    tx: Tx, *, now: UnixSeconds, state: State | None = None, after: str | None = None, limit: int = 50
) -> list[Approval]:
    """At most ``limit`` of them in that state, those that were asked for first first, after the one of id ``after``.

    Raises UnknownApproval when there is no such one to go on after.
    """
    query = _query().order_by(approvals.c.requested_at, approvals.c.id).limit(limit)
    if state == "pending":
        query = query.where(approval_ends.c.verdict.is_(None), approvals.c.until > now)
    elif state == "lapsed":
        query = query.where(approval_ends.c.verdict.is_(None), approvals.c.until <= now)
    elif state is not None:
        query = query.where(approval_ends.c.verdict == state)
    if after is not None:
        before = read_approval(tx, after, now=now).requested_at
        later, same = approvals.c.requested_at > before, approvals.c.requested_at == before
        query = query.where(later | (same & (approvals.c.id > after)))
    return [_approval(row, now) for row in tx.execute(query)]


def insert_request(tx: Tx, asked: Approval) -> None:
    """Append what was asked for."""
    row = {
        "id": asked.id, "member": asked.member, "points": asked.points, "reason": asked.reason, "actor": asked.actor,
        "asked_by": asked.key, "expires_at": asked.expires_at, "may_owe": int(asked.may_owe),
        "requested_at": asked.requested_at, "until": asked.until,
    }  # fmt: skip
    tx.execute(approvals.insert(), [row])


def find_approval(tx: Tx, id_: str, now: UnixSeconds) -> Approval | None:
    """What was asked for under this id, as it stands at ``now``; None when nothing was."""
    row = tx.execute(_query().where(approvals.c.id == id_)).one_or_none()
    return None if row is None else _approval(row, now)


def _query() -> Select[tuple[Any, ...]]:
    return select(
        approvals,
        approval_ends.c.verdict,
        approval_ends.c.actor.label("decided_by"),
        approval_ends.c.decided_by.label("decided_key"),
        approval_ends.c.reason.label("decision_reason"),
        approval_ends.c.decided_at,
    ).outerjoin(approval_ends, approval_ends.c.approval == approvals.c.id)


def _approval(row: Row[tuple[Any, ...]], now: UnixSeconds) -> Approval:
    state: State = row.verdict or ("pending" if now < row.until else "lapsed")
    return Approval(
        row.id, MemberNumber(row.member), row.points, row.reason, row.actor, row.asked_by, row.expires_at,
        bool(row.may_owe), UnixSeconds(row.requested_at), UnixSeconds(row.until), state,
        row.decided_by, row.decided_key, row.decision_reason, row.decided_at,
    )  # fmt: skip


def insert_end(
    tx: Tx, approval: str, verdict: Verdict, *, actor: str, key: str | None, reason: str, decided_at: UnixSeconds
) -> None:
    """Append what a second person said."""
    row = {
        "approval": approval, "verdict": verdict, "actor": actor, "decided_by": key, "reason": reason,
        "decided_at": decided_at,
    }  # fmt: skip
    tx.execute(approval_ends.insert(), [row])


def entry_of(name: str) -> EntryId:
    """The entry that an adjustment of this ``source/id`` is recorded as."""
    return EntryId(f"adjust:{name}")
