"""refund

given a redemption
    all of its points, or a part, come back to the lots that they were drawn from, with their expiry
    when an expiry has passed: a stated grace, once
    when the member owes points: what she owes is paid first
    when the rewards never went out: stock comes back too
    when more is asked for than is left: refused
given the same id again
    the first answer; other content is a conflict; at once: one wins
"""

from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events import identity
from loyaltychain.operations.holds import commit, hold
from loyaltychain.operations.redeem import find_redemption, redeem
from loyaltychain.operations.refund import Refunded, refund
from loyaltychain.operations.request import Item
from loyaltychain.operations.sweep import sweep_step
from loyaltychain.operations.types import Bounds
from tests.operations.member_world import (
    DAY,
    GRACE,
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
    take_back,
)


@pytest.fixture
def ann(engine: Engine) -> MemberNumber:
    number = join(engine)
    give(engine, number, 40, "shop/1", expires_at=after(5 * DAY))
    give(engine, number, 60, "shop/2", expires_at=after(10 * DAY))
    return number


def give_back(engine: Engine, id_: str = "f", **changes: Any) -> Refunded:
    return do(engine, refund, **({"id_": id_, "redemption": "app/1", "reason": "sold out", "grace_seconds": GRACE}
                                 | changes))  # fmt: skip


def test_edge_16__in_time__same_lots_same_expiry(engine: Engine, ann: MemberNumber) -> None:
    before = lot_rows(engine, ann)
    do(engine, redeem, id_="1", member=ann, points=70)

    done = give_back(engine)

    assert done == Refunded("refund:request:app/f", ann, "redeem:app/1", 70, "sold out", False, NOW)
    assert lot_rows(engine, ann) == before
    assert (points_of(engine, ann).spent, points_of(engine, ann).available) == (0, 100)
    prove(engine)


def test_edge_16__in_parts__each_lot_gets_its_own(engine: Engine, ann: MemberNumber) -> None:
    do(engine, redeem, id_="1", member=ann, points=70)

    give_back(engine, "f1", points=30)
    assert lot_rows(engine, ann) == [(30, after(5 * DAY), 0), (30, after(10 * DAY), 0)]
    give_back(engine, "f2", points=30)
    assert lot_rows(engine, ann) == [(40, after(5 * DAY), 0), (50, after(10 * DAY), 0)]
    with reading(engine) as tx:
        assert find_redemption(tx, "app/1").refunded == 60
    with pytest.raises(errors.ReturnRefused):
        give_back(engine, "f3", points=11)
    give_back(engine, "f4")
    assert lot_rows(engine, ann) == [(40, after(5 * DAY), 0), (60, after(10 * DAY), 0)]
    with pytest.raises(errors.ReturnRefused):
        give_back(engine, "f5")
    prove(engine)


@pytest.mark.parametrize("swept", [True, False])
def test_edge_16__after_the_expiry__a_stated_grace_and_only_once(
    engine: Engine, ann: MemberNumber, swept: bool
) -> None:
    do(engine, redeem, id_="1", member=ann, points=70)
    late = after(7 * DAY)
    if swept:
        sweep_step(engine, now=late)

    give_back(engine, now=late)
    assert lot_rows(engine, ann) == [(60, after(10 * DAY), 0), (40, after(7 * DAY) + GRACE, 1)]
    do(engine, redeem, id_="2", member=ann, points=100, now=late)
    give_back(engine, "f2", redemption="app/2", now=after(8 * DAY) + GRACE)

    # What never had its grace gets it now; what had it, ran out for good.
    assert points_of(engine, ann, after(8 * DAY) + GRACE).available == 60
    sweep_step(engine, now=after(8 * DAY) + GRACE)
    assert points_of(engine, ann, after(8 * DAY) + GRACE).expired == 40
    assert lot_rows(engine, ann) == [(60, after(8 * DAY) + 2 * GRACE, 1)]
    prove(engine)


def test_edge_15_17__what_is_owed_is_paid_first_and_nothing_charged_twice(engine: Engine, ann: MemberNumber) -> None:
    do(engine, redeem, id_="1", member=ann, points=100)
    take_back(engine, ann, 60, award="shop/2")
    assert (points_of(engine, ann).available, points_of(engine, ann).debt) == (0, 60)

    give_back(engine)

    balance = points_of(engine, ann)
    assert (balance.available, balance.debt, balance.spent, balance.reversed) == (40, 0, 0, 60)
    prove(engine)


def test_edge_51__fulfilment_fails__points_and_stock_come_back(engine: Engine, ann: MemberNumber) -> None:
    mug(engine)
    before = lot_rows(engine, ann)
    do(engine, hold, id_="1", member=ann, items=[Item("mug", 2)])
    do(engine, commit, id_="1")

    done = give_back(engine, restock=True)

    assert (done.redemption, done.restock, stock_of(engine)) == ("commit:app/1", True, 2)
    assert lot_rows(engine, ann) == before
    assert give_back(engine, restock=True).is_replay
    assert stock_of(engine) == 2
    prove(engine)


def test_refund__part_of_rewards__stock_stays(engine: Engine, ann: MemberNumber) -> None:
    mug(engine)
    do(engine, redeem, id_="1", member=ann, items=[Item("mug", 2)])

    with pytest.raises(errors.InvalidOperation):
        give_back(engine, points=10, restock=True)
    give_back(engine, points=10)
    with pytest.raises(errors.InvalidOperation):
        give_back(engine, "f2", restock=True)
    assert stock_of(engine) == 0


def test_refund__same_again__first_answer__other_content__conflict(engine: Engine, ann: MemberNumber) -> None:
    do(engine, redeem, id_="1", member=ann, points=70)
    do(engine, redeem, id_="2", member=ann, points=10)
    first = give_back(engine, points=30)

    again = give_back(engine, points=30, now=after(DAY))

    assert (again.is_replay, again.points, again.occurred_at) == (True, first.points, NOW)
    for other in ({"points": 29}, {"redemption": "app/2", "points": 30}, {"reason": "other", "points": 30}):
        with pytest.raises(errors.IdempotencyConflict):
            give_back(engine, **other)
    assert entry_ids(engine, "refund") == ["refund:request:app/f"]


def test_refund__at_once__never_more_than_was_redeemed(shared: Engine) -> None:
    ann = join(shared)
    give(shared, ann, 100)
    do(shared, redeem, id_="1", member=ann, points=70)

    answers = at_once(5, lambda n: give_back(shared, str(n % 2), points=70))

    assert {type(answer).__name__ for answer in answers} == {"Refunded", "ReturnRefused"}
    assert len(entry_ids(shared, "refund")) == 1
    assert points_of(shared, ann).available == 100
    prove(shared)


def test_refund__unknown_closed_or_out_of_bounds__refused(engine: Engine, ann: MemberNumber) -> None:
    with pytest.raises(errors.UnknownRedemption):
        give_back(engine)
    do(engine, redeem, id_="1", member=ann, points=70)
    with pytest.raises(errors.OverCap):
        give_back(engine, bounds=Bounds(award=69))
    for nonsense in ({"points": 0}, {"reason": ""}, {"id_": ""}):
        with pytest.raises(errors.InvalidOperation):
            give_back(engine, **nonsense)
    do(engine, hold, id_="1", member=ann, points=10)
    do(engine, commit, id_="1")
    with pytest.raises(errors.UnknownRedemption, match="name the entry"):
        give_back(engine)
    with transaction(engine) as tx:
        identity.close_member(tx, ann, NOW, "asked for it")
    with pytest.raises(errors.MemberClosed):
        give_back(engine, redemption="redeem:app/1")
