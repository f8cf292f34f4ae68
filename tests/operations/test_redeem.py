"""redeem

given points
    it takes those that expire soonest first
    when she has not so many, or some have expired (swept or not)
        it is refused and nothing moves
given items
    costs add up and stock falls in the same transaction
    when one costs something else than quoted, is unknown or out of stock
        it is refused and nothing moves, stock included
given the same id again
    the same content is answered as the first time and says so; other content is a conflict
    at once, from many threads: one wins
given a closed or unknown member, or nonsense
    it is refused
"""

from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events import identity
from loyaltychain.ledger.lots import HoldItem
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.redeem import Redeemed, find_redemption, redeem
from loyaltychain.operations.request import Item
from loyaltychain.operations.types import Bounds, StepReport
from tests.operations.builders import redemption, take
from tests.operations.member_world import (
    DAY,
    NOW,
    after,
    at_once,
    do,
    entry_ids,
    give,
    join,
    lot_rows,
    mug,
    points_of,
    prove,
    stock_of,
)
from tests.program.builders import make_program


@pytest.fixture
def ann(engine: Engine) -> MemberNumber:
    number = join(engine)
    give(engine, number, 60, "shop/1", expires_at=after(10 * DAY))
    give(engine, number, 40, "shop/2", expires_at=after(5 * DAY))
    return number


def test_redeem__points__soonest_expiry_first(engine: Engine, ann: MemberNumber) -> None:
    done = do(engine, redeem, id_="1", member=ann, points=50, reference="S-9")

    assert done == Redeemed("redeem:app/1", ann, 50, (), "S-9", NOW, refunded=0)
    assert lot_rows(engine, ann) == [(50, after(10 * DAY), 0)]
    balance = points_of(engine, ann)
    assert (balance.available, balance.spent) == (50, 50)
    with reading(engine) as tx:
        assert find_redemption(tx, "app/1") == find_redemption(tx, "redeem:app/1") == done
    prove(engine)


def test_redeem__more_than_she_has__refused_and_nothing_moves(engine: Engine, ann: MemberNumber) -> None:
    with pytest.raises(errors.InsufficientBalance):
        do(engine, redeem, id_="1", member=ann, points=101)

    assert points_of(engine, ann).available == 100
    assert entry_ids(engine, "redeem") == []


def test_edge_26__expired_but_not_swept__not_spendable(engine: Engine, ann: MemberNumber) -> None:
    last_second, expired = after(5 * DAY - 1), after(5 * DAY)

    assert points_of(engine, ann, last_second).available == 100
    assert points_of(engine, ann, expired).available == 60
    with pytest.raises(errors.InsufficientBalance):
        do(engine, redeem, id_="1", member=ann, points=61, now=expired)
    assert entry_ids(engine, "expire") == []
    do(engine, redeem, id_="2", member=ann, points=60, now=expired)
    assert entry_ids(engine, "expire") == ["expire:earn:shop/2:spend"]
    prove(engine)


def test_edge_54__several_rewards__costs_add_up(engine: Engine, ann: MemberNumber) -> None:
    mug(engine)
    mug(engine, reward="pen", cost=5, stock=None)

    done = do(engine, redeem, id_="1", member=ann, items=[Item("mug", 2, cost=30), Item("pen", 3)])

    assert (done.points, done.items) == (75, (HoldItem("mug", 2, 30), HoldItem("pen", 3, 5)))
    assert points_of(engine, ann).available == 25
    assert (stock_of(engine), stock_of(engine, "pen")) == (0, None)
    with reading(engine) as tx:
        assert find_redemption(tx, "app/1") == done
    prove(engine)


@pytest.mark.parametrize(
    ("items", "error"),
    [
        ([Item("pen", 1), Item("mug", 3)], errors.OutOfStock),
        ([Item("pen", 1), Item("mug", 1), Item("mug", 2)], errors.OutOfStock),
        ([Item("pen", 1), Item("mug", 1, cost=29)], errors.PriceChanged),
        ([Item("pen", 1), Item("hat", 1)], errors.UnknownReward),
        ([Item("mug", 1), Item("pen", 80)], errors.InsufficientBalance),
    ],
)
def test_edge_50__items_that_cannot_be_had__neither_points_nor_stock(
    engine: Engine, ann: MemberNumber, items: list[Item], error: type[errors.RequestError]
) -> None:
    mug(engine)
    mug(engine, reward="pen", cost=1, stock=100)

    with pytest.raises(error):
        do(engine, redeem, id_="1", member=ann, items=items)

    assert (stock_of(engine), stock_of(engine, "pen"), points_of(engine, ann).available) == (2, 100, 100)
    assert entry_ids(engine, "redeem") == []


def test_redeem__price_changed__says_both_prices(engine: Engine, ann: MemberNumber) -> None:
    mug(engine)

    with pytest.raises(errors.PriceChanged) as refusal:
        do(engine, redeem, id_="1", member=ann, items=[Item("mug", 1, cost=25)])

    assert refusal.value.context == {"reward": "mug", "quoted": 25, "cost": 30}


def test_redeem__same_again__answered_as_the_first_time(engine: Engine, ann: MemberNumber) -> None:
    mug(engine)
    request: dict[str, Any] = {"id_": "1", "member": ann, "items": [Item("mug", 1, cost=30)], "reference": "S-9"}
    first = do(engine, redeem, **request)
    mug(engine, cost=99)  # a price of today does not judge yesterday's request

    again = do(engine, redeem, **request, now=after(DAY))
    unquoted = do(engine, redeem, **(request | {"items": [Item("mug", 1)]}))

    assert not first.is_replay
    assert again.is_replay
    assert {**vars_of(again), "is_replay": False} == vars_of(first)
    assert unquoted == again
    assert points_of(engine, ann).available == 70
    assert len(entry_ids(engine, "redeem")) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"points": 11},
        {"points": None, "items": [Item("mug", 1)]},
        {"reference": "S-9"},
        {"member": MemberNumber(2)},
    ],
)
def test_redeem__same_id_other_content__conflict(engine: Engine, ann: MemberNumber, other: dict[str, Any]) -> None:
    mug(engine)
    give(engine, join(engine, "bob"), 50, "shop/3")
    do(engine, redeem, id_="1", member=ann, points=10)

    with pytest.raises(errors.IdempotencyConflict):
        do(engine, redeem, **({"id_": "1", "member": ann, "points": 10} | other))

    assert len(entry_ids(engine, "redeem")) == 1


def test_redeem__same_request_at_once__one_wins_all_get_its_answer(shared: Engine) -> None:
    ann = join(shared)
    give(shared, ann, 100)

    answers = at_once(6, lambda n: do(shared, redeem, id_="1", member=ann, points=60, now=after(n)))

    done = [answer for answer in answers if isinstance(answer, Redeemed)]
    assert len(done) == 6
    assert sorted(answer.is_replay for answer in done) == [False] + 5 * [True]
    assert len({(answer.points, answer.occurred_at) for answer in done}) == 1
    assert points_of(shared, ann, after(6)).available == 40
    prove(shared)


def test_redeem__same_id_of_two_members_at_once__one_wins(shared: Engine) -> None:
    members = [join(shared, name) for name in ("ann", "bob")]
    for number in members:
        give(shared, number, 100, f"shop/{number}")

    answers = at_once(2, lambda n: do(shared, redeem, id_="1", member=members[n], points=60))

    assert sorted(type(answer).__name__ for answer in answers) == ["IdempotencyConflict", "Redeemed"]
    prove(shared)


def test_redeem__same_id_as_an_event_of_another_member__the_step_waits(shared: Engine) -> None:
    members = [join(shared, name) for name in ("ann", "bob")]
    for number in members:
        give(shared, number, 100, f"shop/{number}")
    take(shared, redemption(1))  # shop/RED-1, of ann
    reports: list[StepReport] = []
    step = Thread(target=lambda: reports.append(earn_step(shared, make_program(), now=NOW)))

    with transaction(shared) as tx:
        redeem(tx, source="shop", id_="RED-1", member=members[1], points=60, now=NOW)
        step.start()
        step.join(0.3)  # on PostgreSQL it has come as far as it can
    step.join()

    assert [report.refused for report in reports] == [1]
    prove(shared)


def test_edge_49__two_tabs_spend_the_last_points__one_succeeds(shared: Engine) -> None:
    ann = join(shared)
    give(shared, ann, 100)

    answers = at_once(5, lambda n: do(shared, redeem, id_=str(n), member=ann, points=60))

    assert sorted(type(answer).__name__ for answer in answers) == 4 * ["InsufficientBalance"] + ["Redeemed"]
    assert points_of(shared, ann).available == 40
    prove(shared)


def test_edge_50__last_item_at_once__one_gets_it(shared: Engine) -> None:
    mug(shared, stock=1)
    members = [join(shared, f"m{n}") for n in range(5)]
    for number in members:
        give(shared, number, 100, f"shop/{number}")

    answers = at_once(5, lambda n: do(shared, redeem, id_=str(n), member=members[n], items=[Item("mug", 1)]))

    assert sorted(type(answer).__name__ for answer in answers) == 4 * ["OutOfStock"] + ["Redeemed"]
    assert stock_of(shared) == 0
    assert sorted(points_of(shared, number).available for number in members) == [70, 100, 100, 100, 100]
    prove(shared)


def test_redeem__closed_member__refused_but_a_replay_is_answered(engine: Engine, ann: MemberNumber) -> None:
    do(engine, redeem, id_="1", member=ann, points=10)
    with transaction(engine) as tx:
        identity.close_member(tx, ann, after(5), "asked for it")

    with pytest.raises(errors.MemberClosed):
        do(engine, redeem, id_="2", member=ann, points=10)
    assert do(engine, redeem, id_="1", member=ann, points=10).is_replay
    with pytest.raises(errors.UnknownMember):
        do(engine, redeem, id_="3", member=MemberNumber(9), points=10)


@pytest.mark.parametrize(
    "request_",
    [
        {"points": 0}, {"points": -1}, {"points": True}, {"points": 2**32}, {"points": 1.0}, {},
        {"points": 5, "items": [Item("mug", 1)]}, {"items": [Item("mug", 0)]}, {"items": [Item("mug", 1, cost=0)]},
        {"points": 5, "id_": ""}, {"points": 5, "id_": "a\nb"}, {"points": 5, "source": "a/b"},
        {"points": 5, "reference": " "}, {"points": 5, "id_": "x" * 201},
    ],
)  # fmt: skip
def test_redeem__nonsense__invalid_operation(engine: Engine, ann: MemberNumber, request_: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidOperation):
        do(engine, redeem, **({"id_": "1", "member": ann} | request_))


def test_redeem__more_than_a_batch_may_burn__refused(engine: Engine, ann: MemberNumber) -> None:
    with pytest.raises(errors.OverCap):
        do(engine, redeem, id_="1", member=ann, points=50, bounds=Bounds(redemption=49))


def test_find_redemption__none__unknown(engine: Engine, ann: MemberNumber) -> None:
    with reading(engine) as tx, pytest.raises(errors.UnknownRedemption):
        find_redemption(tx, "earn:shop/1:spend")


def vars_of(redeemed: Redeemed) -> dict[str, Any]:
    return {name: getattr(redeemed, name) for name in Redeemed.__slots__}
