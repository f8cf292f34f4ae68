"""read_balance

given earned, pending, held, spent, returned, expired points
    each figure is what happened, and what she has is what came less what went
    at a later moment: what is due by then has happened, and nothing is written
given a member without points, a closed one, an unknown one
    zeros; her points; an error
given a random history
    what she can spend at any moment is what the expiries and dues say
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import transaction
from loyaltychain.events import identity
from loyaltychain.operations.adjust import adjust
from loyaltychain.operations.balance import MemberBalance
from loyaltychain.operations.holds import hold
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.refund import refund
from loyaltychain.operations.sweep import sweep_step
from tests.database import fresh_database
from tests.operations.member_world import DAY, GRACE, NOW, after, all_rows, do, give, join, points_of, take_back


def test_read_balance__a_history__each_figure(engine: Engine) -> None:
    ann = join(engine)
    give(engine, ann, 100, "shop/1", expires_at=after(DAY), qualifying=100)
    give(engine, ann, 50, "shop/2", due_at=after(2 * DAY), expires_at=after(9 * DAY))
    do(engine, redeem, id_="1", member=ann, points=30)
    do(engine, refund, id_="f", redemption="app/1", points=10, reason="x", grace_seconds=GRACE)
    do(engine, hold, id_="h", member=ann, points=15)
    take_back(engine, ann, 5, qualifying=5)
    before = all_rows(engine)

    assert points_of(engine, ann) == MemberBalance(
        ann, NOW, available=60, pending=50, held=15, debt=0, expiring=((after(DAY), 60),),
        qualifying=95, spent=20, expired=0, reversed=5, earned=150, adjusted=0, closed_at=None,
    )  # fmt: skip
    later = points_of(engine, ann, after(2 * DAY))
    assert later == MemberBalance(
        ann, after(2 * DAY), available=50, pending=0, held=0, debt=0, expiring=((after(9 * DAY), 50),),
        qualifying=95, spent=20, expired=75, reversed=5, earned=150, adjusted=0, closed_at=None,
    )  # fmt: skip
    assert all_rows(engine) == before
    sweep_step(engine, now=after(2 * DAY))
    assert points_of(engine, ann, after(2 * DAY)) == later


def test_read_balance__expired_and_returned__not_charged_twice(engine: Engine) -> None:
    ann = join(engine)
    give(engine, ann, 100, expires_at=after(DAY))
    sweep_step(engine, now=after(DAY))

    take_back(engine, ann, 40, at=after(2 * DAY))

    balance = points_of(engine, ann, after(2 * DAY))
    assert (balance.expired, balance.reversed, balance.debt) == (60, 40, 0)


def test_read_balance__adjusted__the_figures_add_up(engine: Engine) -> None:
    ann = join(engine)
    give(engine, ann, 10)
    by_hand = {"member": ann, "reason": "goodwill", "actor": "eve"}
    do(engine, adjust, id_="1", points=50, **by_hand)
    do(engine, adjust, id_="2", points=-70, may_owe=True, **by_hand)

    balance = points_of(engine, ann)  # which checks the sum
    assert (balance.earned, balance.adjusted, balance.debt) == (10, -20, 10)


def test_read_balance__nothing_closed_unknown(engine: Engine) -> None:
    ann, bob = join(engine), join(engine, "bob")
    give(engine, bob, 7)
    with transaction(engine) as tx:
        identity.close_member(tx, bob, NOW, "asked for it")

    assert points_of(engine, ann) == MemberBalance(ann, NOW, 0, 0, 0, 0, (), 0, 0, 0, 0, 0, 0, None)
    assert (points_of(engine, bob).available, points_of(engine, bob).closed_at) == (7, NOW)
    with pytest.raises(errors.UnknownMember):
        points_of(engine, MemberNumber(9))


lots = st.lists(
    st.tuples(st.integers(1, 50), st.none() | st.integers(1, 9), st.none() | st.integers(1, 9)), min_size=1, max_size=6
)


@settings(deadline=None, max_examples=25)
@given(lots, st.integers(0, 10))
def test_read_balance__any_moment__what_expiries_and_dues_say(
    awards: list[tuple[int, int | None, int | None]], day: int
) -> None:
    database = fresh_database("sqlite")
    ann = join(database)
    for n, (points, expires, due) in enumerate(awards):
        give(
            database, ann, points, f"shop/{n}",
            expires_at=None if expires is None else after(expires * DAY),
            due_at=None if due is None else after(due * DAY),
        )  # fmt: skip

    spendable = [
        (points, expires)
        for points, expires, due in awards
        if (due is None or due <= day) and (expires is None or day < expires)
    ]
    waiting = sum(points for points, _, due in awards if due is not None and day < due)
    balance = points_of(database, ann, after(day * DAY))
    assert (balance.available, balance.pending) == (sum(points for points, _ in spendable), waiting)
    assert sum(points for _, points in balance.expiring) == sum(p for p, expires in spendable if expires is not None)
    assert balance.available + balance.pending + balance.expired == sum(points for points, _, _ in awards)
    database.dispose()
