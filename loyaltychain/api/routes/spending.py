"""Redemptions, holds and refunds: points that move at once, in the transaction of the request."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from loyaltychain.api import answers
from loyaltychain.api.dry_run import Dry, DryNow, write_or_try
from loyaltychain.api.instants import format_optional
from loyaltychain.api.parts import Here, IdempotencyKey, PathId
from loyaltychain.api.requests import Commit, Item, Name, NewHold, NewRedemption, Refund, Release
from loyaltychain.api.writes import Reply, check_source
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx, reading
from loyaltychain.events.identity import find_member
from loyaltychain.events.store import read_member
from loyaltychain.ledger.lots import HoldItem
from loyaltychain.operations import holds, redeem, refund, request

router = APIRouter(tags=["spending"])
_REDEMPTIONS, _HOLDS = "/v1/redemptions", "/v1/holds"


@router.post(
    _REDEMPTIONS,
    status_code=201,
    responses={200: {"model": answers.Redemption, "description": "Known already"}, 201: {"model": answers.Redemption}},
)
def post_redemption(
    asked: NewRedemption,
    http: Request,
    context: Here,
    idempotency_key: IdempotencyKey = None,
    dry: Dry = False,
    at: DryNow = None,
) -> Response:
    """Spend points, or points for rewards: those that expire soonest first. Known already: 200."""
    check_source(http, asked.source)

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        done = redeem.redeem(
            tx,
            source=asked.source,
            id_=asked.id,
            member=find_member(tx, asked.member),
            points=asked.points,
            items=_items(asked.items),
            reference=asked.reference,
            now=now,
            bounds=context.bounds(),
        )
        return Reply(200 if done.is_replay else 201, _show_redemption(tx, done))

    return write_or_try(context, http, idempotency_key, act, dry=dry, at=at)


@router.get(_REDEMPTIONS + "/{source}/{redemption_id:path}")
def get_redemption(source: Name, redemption_id: PathId, context: Here) -> answers.Redemption:
    """A redemption, or the committed hold of this name."""
    with reading(context.engine) as tx:
        return _show_redemption(tx, redeem.find_redemption(tx, f"{source}/{redemption_id}"))


@router.post(
    _REDEMPTIONS + "/{source}/{redemption_id:path}/refund",
    status_code=201,
    responses={200: {"model": answers.Refunded, "description": "Known already"}, 201: {"model": answers.Refunded}},
)
def post_refund(
    source: Name,
    redemption_id: PathId,
    asked: Refund,
    http: Request,
    context: Here,
    idempotency_key: IdempotencyKey = None,
    dry: Dry = False,
    at: DryNow = None,
) -> Response:
    """Give points of a redemption back, with the expiry that they had. Known already: 200."""
    check_source(http, source)
    check_source(http, asked.source)

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        done = refund.refund(
            tx,
            source=asked.source,
            id_=asked.id,
            redemption=f"{source}/{redemption_id}",
            points=asked.points,
            reason=asked.reason,
            restock=asked.restock,
            grace_seconds=context.grace_seconds(),
            now=now,
            bounds=context.bounds(),
        )
        shown = answers.Refunded(
            entry=done.entry_id,
            redemption=done.redemption,
            member=_member_id(tx, done.member),
            points=done.points,
            reason=done.reason,
            restock=done.restock,
            occurred_at=format_instant(done.occurred_at),
        )
        return Reply(200 if done.is_replay else 201, shown)

    return write_or_try(context, http, idempotency_key, act, dry=dry, at=at)


@router.post(
    _HOLDS,
    status_code=201,
    responses={200: {"model": answers.Hold, "description": "Known already"}, 201: {"model": answers.Hold}},
)
def post_hold(
    asked: NewHold,
    http: Request,
    context: Here,
    idempotency_key: IdempotencyKey = None,
    dry: Dry = False,
    at: DryNow = None,
) -> Response:
    """Reserve points, and the stock of rewards, for some time. Known already: 200."""
    check_source(http, asked.source)

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        done = holds.hold(
            tx,
            source=asked.source,
            id_=asked.id,
            member=find_member(tx, asked.member),
            points=asked.points,
            items=_items(asked.items),
            seconds=asked.seconds,
            reference=asked.reference,
            now=now,
            bounds=context.bounds(),
        )
        return Reply(200 if done.is_replay else 201, _show_hold(tx, done))

    return write_or_try(context, http, idempotency_key, act, dry=dry, at=at)


@router.get(_HOLDS + "/{source}/{hold_id:path}")
def get_hold(source: Name, hold_id: PathId, context: Here) -> answers.Hold:
    """A hold, and how it ended."""
    with reading(context.engine) as tx:
        return _show_hold(tx, holds.read_hold(tx, source=source, id_=hold_id))


@router.post(_HOLDS + "/{source}/{hold_id:path}/commit", responses={200: {"model": answers.Redemption}})
def post_commit(
    source: Name,
    hold_id: PathId,
    asked: Commit,
    http: Request,
    context: Here,
    idempotency_key: IdempotencyKey = None,
    dry: Dry = False,
    at: DryNow = None,
) -> Response:
    """Spend what is held. What is not committed of it comes back at once."""
    check_source(http, source)

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        done = holds.commit(tx, source=source, id_=hold_id, points=asked.points, now=now, bounds=context.bounds())
        return Reply(200, _show_redemption(tx, done))

    return write_or_try(context, http, idempotency_key, act, dry=dry, at=at)


@router.post(_HOLDS + "/{source}/{hold_id:path}/release", responses={200: {"model": answers.Hold}})
def post_release(
    source: Name,
    hold_id: PathId,
    asked: Release,
    http: Request,
    context: Here,
    idempotency_key: IdempotencyKey = None,
    dry: Dry = False,
    at: DryNow = None,
) -> Response:
    """Give back what is held, points and stock."""
    check_source(http, source)

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        done = holds.release(tx, source=source, id_=hold_id, now=now, bounds=context.bounds())
        return Reply(200, _show_hold(tx, done))

    return write_or_try(context, http, idempotency_key, act, dry=dry, at=at)


def _items(asked: Sequence[Item] | None) -> list[request.Item]:
    return [request.Item(item.reward, item.quantity, item.cost) for item in asked or ()]


def _show_items(items: Sequence[HoldItem]) -> list[answers.ItemPaid]:
    return [answers.ItemPaid(reward=item.reward, quantity=item.quantity, cost=item.cost) for item in items]


def _show_redemption(tx: Tx, found: redeem.Redeemed) -> answers.Redemption:
    return answers.Redemption(
        entry=found.entry_id,
        member=_member_id(tx, found.member),
        points=found.points,
        items=_show_items(found.items),
        refunded=found.refunded,
        reference=found.reference,
        occurred_at=format_instant(found.occurred_at),
    )


def _show_hold(tx: Tx, found: holds.Held) -> answers.Hold:
    source, _, hold_id = found.id.partition("/")
    return answers.Hold(
        source=source,
        id=hold_id,
        member=_member_id(tx, found.member),
        points=found.points,
        items=_show_items(found.items),
        reference=found.reference,
        state=found.end or "open",
        created_at=format_instant(found.created_at),
        until=format_instant(found.until),
        ended_at=format_optional(found.ended_at),
    )


def _member_id(tx: Tx, number: MemberNumber) -> str:
    member = read_member(tx, number)
    assert member is not None, number
    return member.member_id
