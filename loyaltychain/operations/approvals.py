"""Adjustments that wait for a second person, and what she decides.

They are judged anew when she does: what can be given or taken is what can be then. Asked for and decided on are facts
of their own; what nobody decides on in time lapses by itself.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from loyaltychain.actions import log
from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx
from loyaltychain.events import links
from loyaltychain.ledger.post import lock_posts
from loyaltychain.operations import act_details
from loyaltychain.operations.adjust import Adjusted, adjust, check_actor, check_adjustment
from loyaltychain.operations.approval_limit import check_alone
from loyaltychain.operations.approval_store import STATES as STATES
from loyaltychain.operations.approval_store import Approval as Approval
from loyaltychain.operations.approval_store import State as State
from loyaltychain.operations.approval_store import Verdict, entry_of, find_approval, insert_end, insert_request
from loyaltychain.operations.approval_store import list_approvals as list_approvals
from loyaltychain.operations.approval_store import read_approval as read_approval
from loyaltychain.operations.keep import open_purse
from loyaltychain.operations.recorded import check_same, find_recorded
from loyaltychain.operations.request import check_cap, check_text, is_named, name_of
from loyaltychain.operations.types import NO_BOUNDS, Bounds


def propose_adjustment(
    tx: Tx,
    *,
    source: str,
    id_: str,
    member: MemberNumber,
    points: int,
    reason: str,
    actor: str,
    key: str | None = None,
    expires_at: UnixSeconds | None = None,
    may_owe: bool = False,
    now: UnixSeconds,
    bounds: Bounds = NO_BOUNDS,
    request_id: str | None = None,
) -> Adjusted | Approval:
    """Adjust at once, or ask for a second person where one is needed (``approval_limit.py``).

    The same again: the same answer.

    Args:
        key: ``key:<id>`` of the key that asks; None for an operator's own hand.
        member, points, reason, actor, expires_at, may_owe: as for ``adjust``.

    Raises:
        as ``adjust`` does; IdempotencyConflict when the id was used for another adjustment.
    """
    name = name_of(source, id_)
    check_adjustment(points, reason=reason, actor=actor, expires_at=expires_at, now=now)
    is_done = find_recorded(tx, entry_of(name)) is not None
    known = find_approval(tx, name, now)
    if is_done or (known is None and _may_alone(tx, points, actor=actor, key=key, now=now, bounds=bounds)):
        return adjust(
            tx, source=source, id_=id_, member=member, points=points, reason=reason, actor=actor,
            expires_at=expires_at, may_owe=may_owe, now=now, bounds=bounds, key=key, request_id=request_id,
        )  # fmt: skip
    asked = Approval(
        name, member, points, reason, actor, key, expires_at, may_owe, now, UnixSeconds(now + bounds.approve_seconds),
        "pending", None, None, None, None,
    )  # fmt: skip
    if known is not None:
        check_same(name, same=_content(tx, known) == _content(tx, asked))
        return replace(known, is_replay=True)
    open_purse(tx, member, now)  # who is closed or went over is told now
    check_actor(tx, member, actor)
    check_cap(abs(points), bounds.award if points > 0 else bounds.redemption)
    insert_request(tx, asked)
    _log(
        tx, asked, "adjustment.request", actor=key or actor, reason=reason, at=now, request_id=request_id,
        details=act_details.of_request(asked),
    )  # fmt: skip
    return asked


def _may_alone(tx: Tx, points: int, *, actor: str, key: str | None, now: UnixSeconds, bounds: Bounds) -> bool:
    try:
        check_alone(tx, points, actor=actor, key=key, now=now, bounds=bounds)
    except errors.ApprovalNeeded:
        return False
    return True


def approve(
    tx: Tx,
    *,
    id_: str,
    actor: str,
    key: str | None = None,
    namesakes: Collection[str] = (),
    reason: str,
    now: UnixSeconds,
    bounds: Bounds = NO_BOUNDS,
    request_id: str | None = None,
) -> Approval:
    """Make the adjustment that was asked for, as it can be made now. The same again: the same answer.

    Args:
        id_: Its ``source/id``.
        actor, key: Who approves; neither may be who asked.
        namesakes: ``key:<id>`` of all keys of the same name, as rotation makes them: none of them may have asked.

    Raises:
        UnknownApproval: nothing of this id was asked for.
        ApprovalRefused: the fact ``code`` is ended, lapsed, same-actor, same-key or beneficiary.
        InsufficientBalance, MemberClosed, OverCap, BalanceTooLarge, InvalidOperation: as ``adjust`` now.
    """
    standing = _begin(tx, id_, "approved", actor=actor, key=key, reason=reason, now=now)
    if standing.is_replay:
        return standing
    _check_second(tx, standing, actor=actor, keys={key, *namesakes})
    source, own_id = standing.id.split("/", 1)
    survivor = links.find_survivor(tx, standing.member)
    adjust(
        tx, source=source, id_=own_id, member=survivor or standing.member, points=standing.points,
        reason=standing.reason, actor=standing.actor, expires_at=standing.expires_at, may_owe=standing.may_owe,
        now=now, bounds=bounds, approved_by=actor, key=key, request_id=request_id,
    )  # fmt: skip
    return _end(tx, standing, "approved", actor=actor, key=key, reason=reason, now=now, request_id=request_id)


def reject(
    tx: Tx,
    *,
    id_: str,
    actor: str,
    key: str | None = None,
    reason: str,
    now: UnixSeconds,
    request_id: str | None = None,
) -> Approval:
    """Say no to it, for ever; who asked may say it too. The same again: the same answer.

    Raises UnknownApproval; ApprovalRefused: the fact ``code`` is ended or lapsed.
    """
    standing = _begin(tx, id_, "rejected", actor=actor, key=key, reason=reason, now=now)
    if standing.is_replay:
        return standing
    return _end(tx, standing, "rejected", actor=actor, key=key, reason=reason, now=now, request_id=request_id)


def _begin(
    tx: Tx, id_: str, verdict: Verdict, *, actor: str, key: str | None, reason: str, now: UnixSeconds
) -> Approval:
    """What was asked for, nobody else deciding on it. Raises unless it waits, or was decided just so."""
    check_text("reason", reason)
    check_text("actor", actor)
    links.keep_still(tx)
    lock_posts(tx)
    standing = read_approval(tx, id_, now=now)
    if standing.state == verdict and (standing.decided_by, standing.decided_key) == (actor, key):
        return replace(standing, is_replay=True)
    if standing.state == "lapsed":
        raise errors.ApprovalRefused(
            "Nobody decided on this in time: ask again under another id.",
            code="lapsed",
            until=format_instant(standing.until),
        )
    if standing.state != "pending":
        raise errors.ApprovalRefused("This was decided on already.", code="ended", state=standing.state)
    return standing


def _check_second(tx: Tx, standing: Approval, *, actor: str, keys: Collection[str | None]) -> None:
    if is_named(actor, [standing.actor]):
        raise errors.ApprovalRefused("Who asked for it cannot approve it.", code="same-actor", actor=actor)
    if standing.key is not None and standing.key in keys:
        message = "The key that asked for it, or another one of its name, cannot approve it."
        raise errors.ApprovalRefused(message, code="same-key", key=standing.key)
    try:
        check_actor(tx, links.find_survivor(tx, standing.member) or standing.member, actor)
    except errors.InvalidOperation as problem:
        raise errors.ApprovalRefused(
            "Nobody approves points of their own.", code="beneficiary", actor=actor
        ) from problem


def _end(
    tx: Tx, standing: Approval, verdict: Verdict, *, actor: str, key: str | None, reason: str, now: UnixSeconds,
    request_id: str | None,
) -> Approval:  # fmt: skip
    insert_end(tx, standing.id, verdict, actor=actor, key=key, reason=reason, decided_at=now)
    action = "adjustment.approve" if verdict == "approved" else "adjustment.reject"
    _log(
        tx, standing, action, actor=key or actor, reason=reason, at=now, request_id=request_id,
        details=act_details.of_verdict(standing, actor=actor, key=key),
    )  # fmt: skip
    return read_approval(tx, standing.id, now=now)


def _log(
    tx: Tx, of: Approval, action: str, *, actor: str, reason: str, at: UnixSeconds, request_id: str | None,
    details: Mapping[str, Any],
) -> None:  # fmt: skip
    log.record(
        tx, actor=actor, action=action, subject=f"entry:{entry_of(of.id)}", reason=reason, at=at,
        request_id=request_id, details=details,
    )  # fmt: skip


def _content(tx: Tx, of: Approval) -> Sequence[object]:
    """What is asked for, whoever the member is by now."""
    member = links.find_survivor(tx, of.member) or of.member
    return member, of.points, of.reason, of.actor, of.expires_at, of.may_owe
