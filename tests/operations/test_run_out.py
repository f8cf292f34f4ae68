"""redeem and hold, of rewards that holds keep which ran out and were not booked
├── given enough of them: they time out on the way, as the sweep would have booked them, and no more of them than needed
├── given too few, or holds that stand: out of stock, with how many could be had, and nothing is booked
├── given her own: they count, once
├── given the worker after it: nothing is given back twice
└── given many buyers at once: as many get one as there are
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import reading
from loyaltychain.operations.holds import hold, read_hold
from loyaltychain.operations.redeem import Redeemed, redeem
from loyaltychain.operations.request import Item
from loyaltychain.operations.sweep import sweep_step
from tests.operations.member_world import (
    DAY,
    after,
    all_rows,
    at_once,
    do,
    entry_ids,
    give,
    join,
    mug,
    points_of,
    prove,
    stock_of,
)

MUG = [Item("mug", 1)]


def held(engine: Engine, name: str, *, seconds: int = 60, quantity: int = 1, also: str | None = None) -> MemberNumber:
    """Somebody with 100 points who holds mugs, each of 30 points."""
    number = join(engine, name)
    give(engine, number, 100, f"shop/{name}", expires_at=after(DAY))
    items = [Item("mug", quantity)] + ([Item(also, 1)] if also else [])
    do(engine, hold, id_=name, member=number, items=items, seconds=seconds)
    return number


@pytest.fixture
def ann(engine: Engine) -> MemberNumber:
    """She has 100 points, and two mugs are all that there are."""
    number = join(engine)
    give(engine, number, 100)
    mug(engine)
    return number


@pytest.mark.parametrize("act", [redeem, hold])
def test_run_out__others_time_out_on_the_way(engine: Engine, ann: MemberNumber, act: object) -> None:
    bob, cid = held(engine, "bob"), held(engine, "cid", seconds=50)

    do(engine, act, id_="1", member=ann, items=MUG, now=after(60))  # type: ignore[arg-type]

    assert entry_ids(engine, "release") == ["release:app/bob"]  # the one that ran out last is enough
    with reading(engine) as tx:
        ended = read_hold(tx, source="app", id_="bob")
    assert (ended.end, ended.ended_at) == ("time-out", after(60))
    assert (points_of(engine, bob, after(60)).available, points_of(engine, cid, after(60)).available) == (100, 100)
    assert stock_of(engine) == 0
    sweep_step(engine, now=after(60))
    assert (stock_of(engine), len(entry_ids(engine, "release"))) == (1, 2)
    prove(engine)


def test_run_out__as_the_sweep_would_have_booked(engine: Engine, ann: MemberNumber) -> None:
    held(engine, "bob", quantity=2)
    do(engine, redeem, id_="1", member=ann, items=MUG, now=after(2 * DAY))
    mine = all_rows(engine)
    assert len(entry_ids(engine, "expire")) == 1  # time did more to bob than that

    assert sweep_step(engine, now=after(2 * DAY)).members == 0
    assert all_rows(engine) == mine
    prove(engine)


@pytest.mark.parametrize(("seconds", "quantity", "left"), [(59, 1, 0), (60, 3, 2), (60, 2**20, 2)])
def test_run_out__not_enough__out_of_stock_and_nothing_booked(
    engine: Engine, ann: MemberNumber, seconds: int, quantity: int, left: int
) -> None:
    held(engine, "bob", quantity=2)
    give(engine, ann, 2**26, "shop/9")
    before = all_rows(engine)

    with pytest.raises(errors.OutOfStock) as caught:
        do(engine, hold, id_="1", member=ann, items=[Item("mug", quantity)], now=after(seconds))

    assert caught.value.context == {"reward": "mug", "wanted": quantity, "left": left}
    assert all_rows(engine) == before


def test_run_out__her_own_and_another_s__each_counts_once(engine: Engine, ann: MemberNumber) -> None:
    do(engine, hold, id_="own", member=ann, items=MUG, seconds=60)
    held(engine, "bob")
    with pytest.raises(errors.OutOfStock):
        do(engine, redeem, id_="0", member=ann, items=[Item("mug", 3)], now=after(60))

    do(engine, redeem, id_="1", member=ann, items=[Item("mug", 2)], now=after(60))

    assert (stock_of(engine), len(entry_ids(engine, "release"))) == (0, 2)
    prove(engine)


def test_run_out__several_rewards__those_that_are_missing(engine: Engine, ann: MemberNumber) -> None:
    mug(engine, reward="hat", cost=5, stock=1)
    mug(engine, reward="pen", cost=1, stock=None)
    held(engine, "bob", also="hat")
    held(engine, "cid", also="pen")

    do(engine, redeem, id_="1", member=ann, items=[Item("hat", 1), Item("pen", 9)], now=after(60))

    assert entry_ids(engine, "release") == ["release:app/bob"]
    assert [stock_of(engine, reward) for reward in ("mug", "hat", "pen")] == [1, 0, None]


def test_run_out__at_once__as_many_get_one_as_there_are(shared: Engine) -> None:
    mug(shared)
    for name in ("bob", "cid"):
        held(shared, name)
    buyers = [join(shared, f"b{number}") for number in range(5)]
    for number, buyer in enumerate(buyers):
        give(shared, buyer, 100, f"shop/b{number}")

    answers = at_once(
        5, lambda number: do(shared, redeem, id_=f"{number}", member=buyers[number], items=MUG, now=after(60))
    )

    assert sum(isinstance(each, Redeemed) for each in answers) == 2
    assert sum(isinstance(each, errors.OutOfStock) for each in answers) == 3
    assert (stock_of(shared), len(entry_ids(shared, "release"))) == (0, 2)
    prove(shared)
