"""What comes after a merge
├── events for the one who went over are the survivor's
├── returns and cancellations of her orders find them, whoever brings them, and charge nothing that had expired
├── what she redeemed is refunded to the survivor, by an app's word or by an order's cancellation
├── her requests from before the merge are answered as they were
├── whoever the survivor goes over into is all of them
└── qualifying points count in the periods in which they were made
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import reading
from loyaltychain.events import identity
from loyaltychain.operations import holds
from loyaltychain.operations.adjust import adjust
from loyaltychain.operations.qualifying import qualifying_points
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.refund import refund
from tests.operations.member_world import (
    DAY,
    GRACE,
    NOW,
    after,
    do,
    give,
    join,
    points_of,
)
from tests.operations.people_world import buy, open_lots, owe, part, proven, tell, unite, worth


@pytest.fixture
def ann(engine: Engine) -> MemberNumber:
    return join(engine)


@pytest.fixture
def bob(engine: Engine, ann: MemberNumber) -> MemberNumber:
    return join(engine, "bob")


def test_merge__events_of_the_merged__are_the_survivors(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    unite(engine, bob, ann)

    assert buy(engine, "S-1", "bob", 4_200)["issued"] == 42
    tell(engine, "redemption", "T-1", "bob", {"amount": 2, "unit": "points"})

    assert points_of(engine, ann).available == 40
    assert points_of(engine, bob).earned == 0
    proven(engine)


@pytest.mark.parametrize("teller", ["ann", "bob"])
def test_merge__return_of_her_order__finds_it(
    engine: Engine, ann: MemberNumber, bob: MemberNumber, teller: str
) -> None:
    buy(engine, "S-1", "bob", 4_000, pieces=4)
    unite(engine, bob, ann)

    named = tell(engine, "return", "R-1", teller, {"order": "S-1", "lines": [{"line": "1", "quantity": 1}]})
    by_item = tell(engine, "return", "R-2", teller, {"lines": [{"line": "x", "item": "cup", "quantity": 1}]})

    assert (named["taken_back"], by_item["taken_back"]) == (10, 10)
    assert points_of(engine, ann).available == 20
    assert buy(engine, "S-1b", "bob", 100)["issued"] == 1  # the pair is folded with what came back before
    proven(engine)


def test_merge__order_told_again__is_known(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    content = {"order": "O", "currency": "GBP", "lines": [{"line": "1", "item": "cup", "quantity": 1, "amount": 900}]}
    tell(engine, "order", "S-1", "bob", content)
    unite(engine, bob, ann)

    assert tell(engine, "order", "S-2", "bob", content)["known_as"] == "shop/S-1"


def test_merge__parked_return__finds_the_order_that_comes_later(
    engine: Engine, ann: MemberNumber, bob: MemberNumber
) -> None:
    told = tell(engine, "return", "R-1", "bob", {"order": "S-1", "lines": [{"line": "1", "quantity": 1}]}, NOW - 5)
    assert told["reason"] == "parked"
    unite(engine, bob, ann)

    assert buy(engine, "S-1", "ann", 4_000, pieces=2)["returned_before"] == ["shop/R-1"]
    assert points_of(engine, ann).available == 20


def test_merge__expired_before_it__not_charged_with_the_return(
    engine: Engine, ann: MemberNumber, bob: MemberNumber
) -> None:
    buy(engine, "S-1", "bob", 4_000)
    give(engine, ann, 50, "till/1")
    unite(engine, bob, ann, now=after(4 * DAY))  # hers expired after three days

    tell(engine, "return", "R-1", "bob", {"order": "S-1", "lines": [{"line": "1", "quantity": 1}]})

    assert (points_of(engine, ann, after(4 * DAY)).available, points_of(engine, ann).debt) == (50, 0)
    proven(engine)


def test_merge__her_redemption__refunded_to_the_survivor(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    give(engine, bob, 30, "shop/2", expires_at=after(DAY))
    do(engine, redeem, id_="r", member=bob, points=30)
    owe(engine, ann, 5, "shop/1")
    unite(engine, bob, ann)

    do(engine, refund, id_="f", redemption="app/r", points=20, reason="broken", grace_seconds=GRACE)
    assert open_lots(engine, ann) == [("shop/2", NOW, after(DAY), None, 0, 15)]
    do(engine, refund, id_="g", redemption="app/r", reason="broken", grace_seconds=GRACE, now=after(DAY))
    assert open_lots(engine, ann) == [("shop/2", NOW, after(DAY + GRACE), None, 1, 10)]
    assert do(engine, refund, id_="g", redemption="app/r", reason="broken", grace_seconds=GRACE).is_replay
    assert points_of(engine, bob).available == 0
    proven(engine)


def test_merge__her_paid_order_cancelled__refunded_to_the_survivor(
    engine: Engine, ann: MemberNumber, bob: MemberNumber
) -> None:
    give(engine, bob, 30, "till/2")
    buy(engine, "S-1", "bob", 4_000)
    do(engine, redeem, id_="r", member=bob, points=30, reference="S-1")
    unite(engine, bob, ann)

    told = tell(engine, "cancellation", "C-1", "ann", {"order": "S-1"})

    assert told["refunded"] == 30
    assert worth(engine, ann) == 30
    assert points_of(engine, bob).available == 0
    proven(engine)


def test_merge__requests_from_before__answered_as_they_were(
    engine: Engine, ann: MemberNumber, bob: MemberNumber
) -> None:
    give(engine, bob, 30, "shop/2")
    said = {"reason": "goodwill", "actor": "eve@shop"}
    do(engine, redeem, id_="r", member=bob, points=10)
    do(engine, adjust, id_="a", member=bob, points=10, **said)
    do(engine, holds.hold, id_="h", member=bob, points=10)
    do(engine, holds.release, id_="h")
    unite(engine, bob, ann)

    assert do(engine, redeem, id_="r", member=ann, points=10).is_replay
    assert do(engine, adjust, id_="a", member=ann, points=10, **said).is_replay
    assert do(engine, holds.hold, id_="h", member=ann, points=10).is_replay
    with pytest.raises(errors.IdempotencyConflict):
        do(engine, redeem, id_="r", member=join(engine, "cara"), points=10)
    with pytest.raises(errors.MemberMerged) as refusal:
        do(engine, redeem, id_="r2", member=bob, points=10)
    assert refusal.value.context["survivor"] == ann


def test_merge__chain__all_ids_are_the_last_survivors(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    cara = join(engine, "cara")
    give(engine, bob, 5)
    unite(engine, bob, ann)
    unite(engine, ann, cara)

    assert points_of(engine, cara).available == 5
    assert buy(engine, "S-1", "bob", 700)["issued"] == 7
    assert points_of(engine, cara).available == 12
    with reading(engine) as tx:
        assert {identity.find_member(tx, name) for name in ("ann", "bob", "cara")} == {cara}
    assert join(engine, "bob") == cara


def test_qualifying_points__merged_and_parted__count_in_their_own_periods(
    engine: Engine, ann: MemberNumber, bob: MemberNumber
) -> None:
    def of(member: MemberNumber, start: int, end: int) -> int:
        with reading(engine) as tx:
            return qualifying_points(tx, member, start=after(start), end=after(end))

    give(engine, bob, 50, "till/1", qualifying=50, at=after(-9 * DAY))
    unite(engine, bob, ann)
    assert (of(ann, -10 * DAY, -8 * DAY), of(ann, -DAY, DAY)) == (50, 0)
    buy(engine, "S-1", "bob", 4_000)
    buy(engine, "S-2", "ann", 700)
    assert of(ann, -DAY, DAY) == 47

    part(engine, bob, now=after(5))

    assert (of(bob, -10 * DAY, -8 * DAY), of(bob, -DAY, DAY), of(ann, -10 * DAY, DAY)) == (50, 40, 7)
    assert (points_of(engine, bob).qualifying, points_of(engine, ann).qualifying) == (90, 7)
    proven(engine)
