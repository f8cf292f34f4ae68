"""Redemption: edge cases 51 to 54, by number

given goods that cannot be delivered
    before the commit a release, after it a refund gives points and stock back, with the expiry that they had (51)
    when nobody says anything
        the hold's end gives both back by itself (51, 52)
given a hold that nobody ends
    from its last instant on the points can be spent, whether it was booked or not, and no commit is honoured (52)
    its goods are for others from then on, booked or not
given a price that changes between hold and commit
    the commit says the new price and takes nothing; it can be had at the new price afterwards (53)
given an order that is paid with several rewards, together and one by one
    each is recorded with its cost, and a cancellation brings back what they add up to (54)
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.operations.balance import MemberBalance
from loyaltychain.operations.holds import commit, hold, read_hold, release
from loyaltychain.operations.redeem import find_redemption, redeem
from loyaltychain.operations.refund import refund
from loyaltychain.operations.request import Item
from loyaltychain.operations.sweep import sweep_step
from loyaltychain.program.types import Expiry
from tests.edge_cases.story import number_of, points
from tests.operations.builders import NOW
from tests.operations.member_world import do, mug, stock_of
from tests.operations.order_builders import DAY, cancellation, order, work
from tests.program.builders import make_order_program

PROGRAM = make_order_program(expiry=Expiry(None, 30, None, 7))
MUG = [Item("mug", 1, cost=30)]


@pytest.fixture
def shop(database: Engine) -> Engine:
    """Ann has 110 points of two orders, which expire one after the other; two mugs are left, at 30 points each."""
    work(database, order(1), order(2, day=-3), program=PROGRAM)
    mug(database)
    return database


def at(seconds: int) -> UnixSeconds:
    return UnixSeconds(NOW + seconds)


def lots_and_stock(engine: Engine, seconds: int = 0) -> tuple[MemberBalance, int | None]:
    """All that ann has at one and the same instant, when each of her points expires, and the mugs that are left."""
    return points(engine, at(DAY + seconds)), stock_of(engine)


def test_edge_51__undeliverable_before_the_commit__release_gives_back(shop: Engine) -> None:
    before = lots_and_stock(shop)
    do(shop, hold, id_="h", member=number_of(shop), items=MUG, now=at(0))
    assert stock_of(shop) == 1

    do(shop, release, id_="h", now=at(60))

    assert lots_and_stock(shop) == before


def test_edge_51__undeliverable_after_the_commit__refund_gives_back(shop: Engine) -> None:
    before = lots_and_stock(shop)
    do(shop, hold, id_="h", member=number_of(shop), items=MUG * 2, now=at(0))
    do(shop, commit, id_="h", now=at(60))
    assert (points(shop, at(60)).spent, stock_of(shop)) == (60, 0)

    do(shop, refund, id_="f", redemption="app/h", reason="broken", restock=True, grace_seconds=DAY, now=at(120))

    assert lots_and_stock(shop) == before


@pytest.mark.parametrize("swept", [True, False])
def test_edge_51__nobody_says_anything__the_end_of_the_hold_gives_back(shop: Engine, swept: bool) -> None:
    before = lots_and_stock(shop)
    do(shop, hold, id_="h", member=number_of(shop), items=MUG, seconds=900, now=at(0))
    if swept:
        assert sweep_step(shop, now=at(900)).released == 30
    else:  # the next redemption brings it about
        do(shop, redeem, id_="1", member=number_of(shop), points=110, now=at(900))
        do(shop, refund, id_="f", redemption="app/1", reason="no more", grace_seconds=DAY, now=at(901))

    assert lots_and_stock(shop) == before
    with reading(shop) as tx:
        found = read_hold(tx, source="app", id_="h")
    assert (found.end, found.ended_at) == ("time-out", at(900))


def test_edge_52__last_instant_of_a_hold__half_open(shop: Engine) -> None:
    ann = number_of(shop)
    do(shop, hold, id_="h", member=ann, points=110, seconds=900, now=at(0))

    with pytest.raises(errors.InsufficientBalance):
        do(shop, redeem, id_="1", member=ann, points=1, now=at(899))
    with pytest.raises(errors.HoldEnded, match="has timed out"):
        do(shop, commit, id_="h", now=at(900))
    do(shop, redeem, id_="1", member=ann, points=110, now=at(900))

    found = points(shop, at(900))
    assert (found.available, found.held, found.spent) == (0, 0, 110)


@pytest.mark.parametrize("swept", [True, False])
def test_edge_52__goods_of_a_hold_that_is_over__for_others_at_once(shop: Engine, swept: bool) -> None:
    ann = number_of(shop)
    work(shop, order(4, member="bob"), program=PROGRAM)
    bob = number_of(shop, "bob")
    do(shop, hold, id_="h", member=ann, items=MUG * 2, seconds=900, now=at(0))

    with pytest.raises(errors.OutOfStock):
        do(shop, redeem, id_="1", member=bob, items=MUG, now=at(899))
    assert sweep_step(shop, now=at(899)).released == 0
    if swept:
        assert sweep_step(shop, now=at(900)).released == 60

    assert do(shop, redeem, id_="1", member=bob, items=MUG, now=at(900)).points == 30
    assert stock_of(shop) == 1
    assert sweep_step(shop, now=at(900)).released == 0


@pytest.mark.parametrize("price", [40, 20])
def test_edge_53__price_changed_between_quote_and_commit__new_price_is_said(shop: Engine, price: int) -> None:
    ann = number_of(shop)
    do(shop, hold, id_="h", member=ann, items=MUG, now=at(0))
    mug(shop, cost=price, stock=stock_of(shop))
    before = points(shop, at(60))

    with pytest.raises(errors.PriceChanged) as refusal:
        do(shop, commit, id_="h", now=at(60))

    assert (refusal.value.context["quoted"], refusal.value.context["cost"]) == (30, price)
    assert (points(shop, at(60)), before.held, stock_of(shop)) == (before, 30, 1)
    do(shop, release, id_="h", now=at(60))
    done = do(shop, redeem, id_="1", member=ann, items=[Item("mug", 1, cost=price)], now=at(60))
    assert (done.points, stock_of(shop), points(shop, at(60)).spent) == (price, 1, price)


def test_edge_54__several_rewards_on_one_order__costs_add_up_and_come_back(shop: Engine) -> None:
    ann = number_of(shop)
    mug(shop, reward="pen", cost=5, stock=None)
    before = points(shop, at(DAY))
    work(shop, order(3, ("1", "tea", 1, 0)), program=PROGRAM)
    for id_, items in (("1", [*MUG, Item("pen", 2)]), ("2", [Item("pen", 1), Item("pen", 1)]), ("3", MUG)):
        do(shop, redeem, id_=id_, member=ann, items=items, reference="O-3", now=at(0))

    with reading(shop) as tx:
        costs = [find_redemption(tx, f"app/{id_}").points for id_ in ("1", "2", "3")]
    assert (costs, points(shop, at(0)).spent, stock_of(shop)) == ([40, 10, 30], 80, 0)

    report = work(shop, cancellation(1, 3), program=PROGRAM, now=at(60))
    assert (report.refunded, points(shop, at(DAY))) == (80, before)
    assert stock_of(shop) == 0  # whether the mugs came back, a cancellation does not say
