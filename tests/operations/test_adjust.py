"""adjust

given points above 0: they are given, what is owed is paid first
given points below 0: they are taken; more than she has is refused, or owed where that is allowed
given no reason, no actor, or the member herself as actor: refused
given the id of an order: a return of the order does not take them for its own
given the same id again: the first answer; other content is a conflict; at once: one wins
"""

from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import LANE_MAX, MemberNumber
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events import identity
from loyaltychain.operations.adjust import Adjusted, adjust
from loyaltychain.operations.recorded import read_recorded
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.sweep import sweep_step
from loyaltychain.operations.types import Bounds
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
    points_of,
    prove,
    take_back,
)


@pytest.fixture
def ann(engine: Engine) -> MemberNumber:
    return join(engine)


def by_hand(engine: Engine, member: MemberNumber, points: int, id_: str = "a", **changes: Any) -> Adjusted:
    return do(engine, adjust, **({"id_": id_, "member": member, "points": points, "reason": "goodwill",
                                  "actor": "eve@shop"} | changes))  # fmt: skip


def test_adjust__up__given_with_reason_and_actor_in_the_entry(engine: Engine, ann: MemberNumber) -> None:
    done = by_hand(engine, ann, 50, expires_at=after(DAY))

    assert done == Adjusted("adjust:app/a", ann, 50, "goodwill", "eve@shop", after(DAY), NOW)
    assert lot_rows(engine, ann) == [(50, after(DAY), 0)]
    with reading(engine) as tx:
        recorded = read_recorded(tx, done.entry_id)
    assert recorded is not None
    assert recorded.details == {"reason": "goodwill", "actor": "eve@shop", "expires_at": after(DAY)}
    prove(engine)


def test_adjust__down__taken_or_refused_or_owed(engine: Engine, ann: MemberNumber) -> None:
    give(engine, ann, 30)
    by_hand(engine, ann, -10)
    assert points_of(engine, ann).available == 20

    with pytest.raises(errors.InsufficientBalance):
        by_hand(engine, ann, -21, "b")
    by_hand(engine, ann, -21, "b", may_owe=True)
    assert (points_of(engine, ann).available, points_of(engine, ann).debt) == (0, 1)
    by_hand(engine, ann, 5, "c")
    assert (points_of(engine, ann).available, points_of(engine, ann).debt) == (4, 0)
    prove(engine)


@pytest.mark.parametrize("actor", ["ann", "ann@work"])
def test_edge_62__actor_is_the_member__refused_by_any_of_her_ids(engine: Engine, ann: MemberNumber, actor: str) -> None:
    with transaction(engine) as tx:
        identity.add_alias(tx, "ann@work", ann, NOW)

    with pytest.raises(errors.InvalidOperation, match="of their own"):
        by_hand(engine, ann, 50, actor=actor)
    assert entry_ids(engine) == []


def test_adjust__same_again__first_answer__other_content__conflict(engine: Engine, ann: MemberNumber) -> None:
    bob = join(engine, "bob")
    by_hand(engine, ann, 50)
    again = by_hand(engine, ann, 50, now=after(DAY))

    assert (again.is_replay, again.occurred_at) == (True, NOW)
    for member, points, other in ((ann, 51, {}), (ann, -50, {}), (bob, 50, {}), (ann, 50, {"reason": "x"}),
                                  (ann, 50, {"actor": "x"}), (ann, 50, {"expires_at": after(DAY)})):  # fmt: skip
        with pytest.raises(errors.IdempotencyConflict):
            by_hand(engine, member, points, **other)
    assert points_of(engine, ann).available == 50


def test_adjust__same_request_at_once__one_wins(shared: Engine) -> None:
    ann = join(shared)  # and no account of hers is open yet

    answers = at_once(6, lambda n: by_hand(shared, ann, 50, now=after(n)))

    done = [answer for answer in answers if isinstance(answer, Adjusted)]
    assert sorted(answer.is_replay for answer in done) == [False] + 5 * [True]
    assert points_of(shared, ann, after(9)).available == 50
    prove(shared)


@pytest.mark.parametrize(
    ("points", "changes"),
    [
        (0, {}), (True, {}), (2**32, {}), (5, {"reason": ""}), (5, {"reason": "\n"}), (5, {"actor": " "}),
        (5, {"actor": "x" * 201}), (5, {"expires_at": NOW}), (-5, {"expires_at": after(DAY)}),
    ],
)  # fmt: skip
def test_adjust__nonsense__invalid_operation(
    engine: Engine, ann: MemberNumber, points: int, changes: dict[str, Any]
) -> None:
    with pytest.raises(errors.InvalidOperation):
        by_hand(engine, ann, points, **changes)


def test_adjust__beyond_the_bounds__refused(engine: Engine, ann: MemberNumber) -> None:
    by_hand(engine, ann, 50)
    for points, bounds in ((10, Bounds(award=9)), (-10, Bounds(redemption=9))):
        with pytest.raises(errors.OverCap):
            by_hand(engine, ann, points, "b", bounds=bounds)
    with pytest.raises(errors.BalanceTooLarge):
        by_hand(engine, ann, LANE_MAX - 49, "b")
    by_hand(engine, ann, LANE_MAX - 50, "b")
    with transaction(engine) as tx:
        identity.close_member(tx, ann, NOW, "asked for it")
    with pytest.raises(errors.MemberClosed):
        by_hand(engine, ann, -1, "c")


def test_adjust__id_of_an_order__no_part_of_its_award(engine: Engine, ann: MemberNumber) -> None:
    give(engine, ann, 100, "app/a")
    do(engine, redeem, id_="1", member=ann, points=100)
    by_hand(engine, ann, 100, expires_at=after(DAY))
    sweep_step(engine, now=after(DAY))

    take_back(engine, ann, 100, award="app/a", at=after(2 * DAY))

    assert points_of(engine, ann, after(2 * DAY)).debt == 100  # what ran out was given besides
    prove(engine)


def test_adjust__more_than_a_lane_with_what_is_pending__refused(engine: Engine) -> None:
    cay = join(engine, "cay")
    give(engine, cay, LANE_MAX - 10, due_at=after(DAY))

    with pytest.raises(errors.BalanceTooLarge):
        do(engine, adjust, id_="1", member=cay, points=11, reason="more", actor="op")
