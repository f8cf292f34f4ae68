"""Who a member is: joining, her ids, merges and their undoing, and the end of an account."""

from fastapi import APIRouter, Request, Response

from loyaltychain.api import people_answers as answers
from loyaltychain.api.dry_run import Dry, DryNow, write_or_try
from loyaltychain.api.instants import format_optional
from loyaltychain.api.parts import Here, IdempotencyKey, PathId
from loyaltychain.api.people_requests import Close, Merge, NewIdentity, NewMember, Unmerge
from loyaltychain.api.writes import Reply, admitted, check_manages, write
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx, reading
from loyaltychain.events import identity
from loyaltychain.events.links import Link
from loyaltychain.events.store import read_member, read_members
from loyaltychain.operations import identities
from loyaltychain.operations.merge import merge
from loyaltychain.operations.unmerge import unmerge

router = APIRouter(tags=["members"])
_MEMBER = "/v1/members/{member_id:path}"


@router.post("/v1/members", status_code=201, responses={201: {"model": answers.Member}, 200: {"model": answers.Member}})
def post_member(asked: NewMember, http: Request, context: Here, idempotency_key: IdempotencyKey = None) -> Response:
    """Let a member join before her first event. Known already: 200."""

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        is_known = bool(read_members(tx, [asked.id]))
        return Reply(200 if is_known else 201, _show_member(tx, identity.join(tx, asked.id, now)))

    return write(context, http, idempotency_key, act)


@router.get(_MEMBER + "/identities")
def get_identities(member_id: PathId, context: Here) -> answers.Identities:
    """All ids of a member, and her merges."""
    with reading(context.engine) as tx:
        return _show(identities.read_identities(tx, identities.find_number(tx, member_id)))


@router.post(_MEMBER + "/identities", status_code=201, responses={201: {"model": answers.Identities}})
def post_identity(
    member_id: PathId, asked: NewIdentity, http: Request, context: Here, idempotency_key: IdempotencyKey = None
) -> Response:
    """Let another id name the member. An id that names somebody else is 409: merge the two."""
    check_manages(http)

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        number = identities.find_number(tx, member_id)
        identities.add_identity(
            tx,
            member=number,
            member_id=asked.id,
            reason=asked.reason,
            actor=asked.actor,
            now=now,
            request_id=admitted(http).request_id,
        )
        return Reply(201, _show(identities.read_identities(tx, number)))

    return write(context, http, idempotency_key, act)


@router.post(_MEMBER + "/merge", responses={200: {"model": answers.Merged}})
def post_merge(
    member_id: PathId,
    asked: Merge,
    http: Request,
    context: Here,
    idempotency_key: IdempotencyKey = None,
    dry: Dry = False,
    at: DryNow = None,
) -> Response:
    """Let the member go over into another one, with all that she has. A wallet bound to her has to be bound anew."""
    check_manages(http)

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        done = merge(
            tx,
            merged=identities.find_number(tx, member_id),
            survivor=identities.find_number(tx, asked.into),
            reason=asked.reason,
            actor=asked.actor,
            now=now,
            bounds=context.bounds(),
            request_id=admitted(http).request_id,
        )
        return Reply(200, answers.Merged(merge=_show_link(done.link)))

    return write_or_try(context, http, idempotency_key, act, dry=dry, at=at)


@router.post(_MEMBER + "/unmerge", responses={200: {"model": answers.Unmerged}})
def post_unmerge(
    member_id: PathId,
    asked: Unmerge,
    http: Request,
    context: Here,
    idempotency_key: IdempotencyKey = None,
    dry: Dry = False,
    at: DryNow = None,
) -> Response:
    """Undo a merge: each lot goes back to whom it came from; what was spent of it is shown."""
    check_manages(http)

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        done = unmerge(
            tx,
            merged=identities.find_number(tx, member_id),
            reason=asked.reason,
            actor=asked.actor,
            now=now,
            bounds=context.bounds(),
            request_id=admitted(http).request_id,
        )
        shortage = [
            answers.LotShortage(
                lot=each.lot, points=each.points, back=each.back, expired=each.expired, short=each.short
            )
            for each in done.shortage
        ]
        shown = answers.Unmerged(
            merge=_show_link(done.link),
            points=done.points,
            pending=done.pending,
            debt=done.debt,
            qualifying=done.qualifying,
            shortage=shortage,
        )
        return Reply(200, shown)

    return write_or_try(context, http, idempotency_key, act, dry=dry, at=at)


@router.post(_MEMBER + "/close", responses={200: {"model": answers.Member}})
def post_close(
    member_id: PathId, asked: Close, http: Request, context: Here, idempotency_key: IdempotencyKey = None
) -> Response:
    """Close the account for ever. Open holds, debt, and adjustments that wait are to be settled first."""
    check_manages(http)

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        number = identities.find_number(tx, member_id)
        identities.close(
            tx,
            member=number,
            reason=asked.reason,
            actor=asked.actor,
            now=now,
            request_id=admitted(http).request_id,
        )
        return Reply(200, _show_member(tx, number))

    return write(context, http, idempotency_key, act)


def _show_member(tx: Tx, number: MemberNumber) -> answers.Member:
    found = read_member(tx, number)
    assert found is not None, number
    return answers.Member(id=found.member_id, number=number, closed_at=format_optional(found.closed_at))


def _show(found: identities.Identities) -> answers.Identities:
    return answers.Identities(
        number=found.member,
        merged_into=found.merged_into,
        closed_at=format_optional(found.closed_at),
        identities=[
            answers.Identity(id=each.member_id, kind=each.kind, number=each.number, since=format_instant(each.since))
            for each in found.ids
        ],
        merges=[_show_link(each) for each in found.links],
    )


def _show_link(link: Link) -> answers.Link:
    return answers.Link(
        merged=link.merged,
        survivor=link.survivor,
        reason=link.reason,
        actor=link.actor,
        since=format_instant(link.since),
        points=link.points,
        pending=link.pending,
        debt=link.debt,
        qualifying=link.qualifying,
        ended_at=format_optional(link.ended_at),
        end_reason=link.end_reason,
        end_actor=link.end_actor,
    )
