"""qualifying_points

given a period: what happened in it counts, half-open
given redemptions and expiries: they lower nothing
given returns: they do
given a period that was closed: what is recorded later may improve its result, never worsen it
"""

from sqlalchemy import Engine

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.operations.qualifying import qualifying_points
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.sweep import sweep_step
from tests.operations.member_world import DAY, NOW, after, do, give, join, points_of, take_back


def ask(
    engine: Engine, member: MemberNumber, start: int = 0, end: int = 10, closed_at: UnixSeconds | None = None
) -> int:
    with reading(engine) as tx:
        return qualifying_points(tx, member, start=after(start * DAY), end=after(end * DAY), closed_at=closed_at)


def test_qualifying_points__period__half_open_and_one_member(engine: Engine) -> None:
    ann, bob = join(engine), join(engine, "bob")
    give(engine, ann, 10, "shop/1", qualifying=10)
    give(engine, ann, 20, "shop/2", qualifying=7, at=after(10 * DAY))
    give(engine, bob, 40, "shop/3", qualifying=40)

    assert (ask(engine, ann), ask(engine, ann, 0, 11), ask(engine, ann, 1, 11)) == (10, 17, 7)
    assert ask(engine, bob) == 40


def test_edge_45__spending_and_expiry__never_lower_it(engine: Engine) -> None:
    ann = join(engine)
    give(engine, ann, 10, qualifying=10, expires_at=after(DAY))
    do(engine, redeem, id_="1", member=ann, points=4)
    sweep_step(engine, now=after(DAY))

    assert (ask(engine, ann), points_of(engine, ann, after(DAY)).qualifying) == (10, 10)


def test_edge_20__returned__falls_too(engine: Engine) -> None:
    ann = join(engine)
    give(engine, ann, 10, qualifying=10)
    do(engine, redeem, id_="1", member=ann, points=10)

    take_back(engine, ann, 6, qualifying=6)

    assert (ask(engine, ann), points_of(engine, ann).debt) == (4, 6)


def test_edge_7__late_event_in_a_closed_period__improves_never_worsens(engine: Engine) -> None:
    ann = join(engine)
    give(engine, ann, 10, "shop/1", qualifying=10)
    closed = after(20 * DAY)
    assert ask(engine, ann, closed_at=closed) == 10

    take_back(engine, ann, 6, qualifying=6, at=NOW, recorded_at=closed)
    give(engine, ann, 5, "shop/2", qualifying=5, at=after(2 * DAY))

    assert ask(engine, ann, closed_at=closed) == 15
    assert ask(engine, ann) == 9
    assert ask(engine, ann, closed_at=after(20 * DAY + 1)) == 9
