"""What only a managing key may do: corrections by hand, and the rewards that points buy."""

from fastapi import APIRouter, Request, Response

from loyaltychain.api import answers, people_answers
from loyaltychain.api.dry_run import Dry, DryNow, write_or_try
from loyaltychain.api.instants import format_optional, parse_instant
from loyaltychain.api.parts import Here, IdempotencyKey, PathId
from loyaltychain.api.requests import NewAdjustment, PutReward
from loyaltychain.api.routes.approvals import key_of, show_approval
from loyaltychain.api.writes import Reply, admitted, check_manages, check_source, write
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx, reading
from loyaltychain.events.identity import find_member
from loyaltychain.operations import rewards
from loyaltychain.operations.approvals import Approval, propose_adjustment

router = APIRouter(tags=["managing"])


@router.post(
    "/v1/adjustments",
    status_code=201,
    responses={
        200: {"model": answers.Adjusted, "description": "Known already"},
        201: {"model": answers.Adjusted},
        202: {"model": people_answers.Approval, "description": "So many points wait for a second person"},
    },
)
def post_adjustment(
    asked: NewAdjustment,
    http: Request,
    context: Here,
    idempotency_key: IdempotencyKey = None,
    dry: Dry = False,
    at: DryNow = None,
) -> Response:
    """Give points or take them; who decided it and why stands in the ledger. Known already: 200."""
    check_source(http, asked.source)
    check_manages(http)

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        done = propose_adjustment(
            tx,
            source=asked.source,
            id_=asked.id,
            member=find_member(tx, asked.member),
            points=asked.points,
            reason=asked.reason,
            actor=asked.actor,
            key=key_of(http),
            expires_at=None if asked.expires_at is None else parse_instant(asked.expires_at),
            may_owe=asked.may_owe,
            now=now,
            bounds=context.bounds(),
            request_id=admitted(http).request_id,
        )
        if isinstance(done, Approval):
            return Reply(202, show_approval(done))
        shown = answers.Adjusted(
            entry=done.entry_id,
            member=asked.member,
            points=done.points,
            reason=done.reason,
            actor=done.actor,
            expires_at=format_optional(done.expires_at),
            occurred_at=format_instant(done.occurred_at),
        )
        return Reply(200 if done.is_replay else 201, shown)

    return write_or_try(context, http, idempotency_key, act, dry=dry, at=at)


@router.put("/v1/rewards/{reward_id:path}", responses={200: {"model": answers.Reward}})
def put_reward(
    reward_id: PathId, asked: PutReward, http: Request, context: Here, idempotency_key: IdempotencyKey = None
) -> Response:
    """Make a reward, or say all of it anew."""
    check_manages(http)

    def act(tx: Tx, now: UnixSeconds) -> Reply:
        made = rewards.set_reward(tx, id_=reward_id, name=asked.name, cost=asked.cost, stock=asked.stock, now=now)
        return Reply(200, _show(made))

    return write(context, http, idempotency_key, act)


@router.get("/v1/rewards")
def get_rewards(context: Here) -> answers.Rewards:
    """All rewards, by id."""
    with reading(context.engine) as tx:
        return answers.Rewards(rewards=[_show(each) for each in rewards.list_rewards(tx)])


def _show(reward: rewards.Reward) -> answers.Reward:
    return answers.Reward(
        id=reward.id,
        name=reward.name,
        cost=reward.cost,
        stock=reward.stock,
        updated_at=format_instant(reward.updated_at),
    )
