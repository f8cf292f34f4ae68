"""hold, commit, release

given a hold
    its points are in no balance but ``held``, and its items are out of stock
    when it is committed
        the points are redeemed; of a part, the rest comes back at once
        when the price changed since: refused, and nothing moves
        when it is committed again: the first answer; with other points: a conflict
    when it is released, or its time is out
        points and stock are back, with the expiry they had
        when it is committed then: HoldEnded says how and when it ended
    when its points expire within its time
        a commit is honoured
    when more ran out meanwhile than one batch can burn: several entries
given commit and release at once
    one wins
"""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events import identity
from loyaltychain.ledger.lots import HoldItem
from loyaltychain.operations.holds import Held, commit, hold, read_hold, release
from loyaltychain.operations.redeem import Redeemed, find_redemption, redeem
from loyaltychain.operations.request import Item
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
    mug,
    points_of,
    prove,
    stock_of,
)


@pytest.fixture
def ann(engine: Engine) -> MemberNumber:
    number = join(engine)
    give(engine, number, 100, expires_at=after(DAY))
    return number


def standing(engine: Engine, id_: str = "h") -> Held:
    with reading(engine) as tx:
        return read_hold(tx, source="app", id_=id_)


def test_hold__points__reserved(engine: Engine, ann: MemberNumber) -> None:
    done = do(engine, hold, id_="h", member=ann, points=60, reference="S-9")

    assert done == Held("app/h", ann, 60, (), "S-9", NOW, after(900), end=None, ended_at=None)
    assert standing(engine) == done
    balance = points_of(engine, ann)
    assert (balance.available, balance.held, balance.spent) == (40, 60, 0)
    with pytest.raises(errors.InsufficientBalance):
        do(engine, redeem, id_="1", member=ann, points=41)
    with pytest.raises(errors.InsufficientBalance):
        do(engine, hold, id_="h2", member=ann, points=41)
    prove(engine)


def test_hold__same_again__first_answer__other_content__conflict(engine: Engine, ann: MemberNumber) -> None:
    first = do(engine, hold, id_="h", member=ann, points=60)
    again = do(engine, hold, id_="h", member=ann, points=60, now=after(5))

    assert (again.is_replay, again.created_at, again.until) == (True, first.created_at, first.until)
    for other in ({"points": 61}, {"points": 60, "seconds": 10}, {"points": 60, "reference": "S-9"}):
        with pytest.raises(errors.IdempotencyConflict):
            do(engine, hold, id_="h", member=ann, **other)
    do(engine, commit, id_="h")
    assert do(engine, hold, id_="h", member=ann, points=60).end == "commit"
    assert len(entry_ids(engine, "hold")) == 1


def test_commit__whole__redeemed(engine: Engine, ann: MemberNumber) -> None:
    mug(engine)
    do(engine, hold, id_="h", member=ann, items=[Item("mug", 2)], reference="S-9")
    assert stock_of(engine) == 0

    done = do(engine, commit, id_="h", now=after(10))
    again = do(engine, commit, id_="h", now=after(2_000))

    assert done == Redeemed("commit:app/h", ann, 60, (HoldItem("mug", 2, 30),), "S-9", after(10), refunded=0)
    assert (again.is_replay, again.occurred_at, again.items) == (True, after(10), done.items)
    assert (standing(engine).end, standing(engine).ended_at) == ("commit", after(10))
    assert (points_of(engine, ann).available, points_of(engine, ann).spent, stock_of(engine)) == (40, 60, 0)
    with reading(engine) as tx:
        assert find_redemption(tx, "app/h") == done
    prove(engine)


def test_commit__part__rest_comes_back(engine: Engine, ann: MemberNumber) -> None:
    do(engine, hold, id_="h", member=ann, points=60)

    done = do(engine, commit, id_="h", points=25)

    assert done.points == 25
    assert (points_of(engine, ann).available, points_of(engine, ann).held) == (75, 0)
    assert do(engine, commit, id_="h", points=25).is_replay
    for other in (None, 26):
        with pytest.raises(errors.IdempotencyConflict):
            do(engine, commit, id_="h", points=other)
    prove(engine)


def test_commit__more_than_held_or_a_part_of_rewards__refused(engine: Engine, ann: MemberNumber) -> None:
    mug(engine)
    do(engine, hold, id_="h", member=ann, points=60)
    do(engine, hold, id_="m", member=ann, items=[Item("mug", 1)])

    for id_, points in (("h", 61), ("h", 0), ("m", 29)):
        with pytest.raises(errors.InvalidOperation):
            do(engine, commit, id_=id_, points=points)
    assert (points_of(engine, ann).held, entry_ids(engine, "commit")) == (90, [])


def test_edge_53__price_changed_since_the_hold__commit_fails_and_nothing_moves(
    engine: Engine, ann: MemberNumber
) -> None:
    mug(engine)
    do(engine, hold, id_="h", member=ann, items=[Item("mug", 1)])
    mug(engine, cost=31, stock=1)

    with pytest.raises(errors.PriceChanged) as refusal:
        do(engine, commit, id_="h")

    assert refusal.value.context == {"reward": "mug", "quoted": 30, "cost": 31}
    assert (points_of(engine, ann).held, points_of(engine, ann).available, stock_of(engine)) == (30, 70, 1)
    do(engine, release, id_="h")
    assert (points_of(engine, ann).available, stock_of(engine)) == (100, 2)


def test_release__points_and_stock_are_back(engine: Engine, ann: MemberNumber) -> None:
    mug(engine)
    do(engine, hold, id_="h", member=ann, items=[Item("mug", 2)])

    done = do(engine, release, id_="h", now=after(10))
    again = do(engine, release, id_="h", now=after(20))

    assert (done.end, done.ended_at, done.is_replay) == ("release", after(10), False)
    assert (again.end, again.ended_at, again.is_replay) == ("release", after(10), True)
    assert stock_of(engine) == 2
    assert lot_rows(engine, ann) == [(100, after(DAY), 0)]
    with pytest.raises(errors.HoldEnded) as refusal:
        do(engine, commit, id_="h", now=after(30))
    assert refusal.value.context == {"hold": "app/h", "end": "release", "ended_at": format_instant(after(10))}
    prove(engine)


def test_release__of_a_committed_hold__ended(engine: Engine, ann: MemberNumber) -> None:
    do(engine, hold, id_="h", member=ann, points=60)
    do(engine, commit, id_="h")

    with pytest.raises(errors.HoldEnded) as refusal:
        do(engine, release, id_="h")
    assert refusal.value.context["end"] == "commit"


@pytest.mark.parametrize("swept", [True, False])
def test_edge_52__never_committed__points_and_stock_come_back_at_its_time_out(
    engine: Engine, ann: MemberNumber, swept: bool
) -> None:
    mug(engine)
    do(engine, hold, id_="h", member=ann, items=[Item("mug", 1)], seconds=60)
    if swept:
        sweep_step(engine, now=after(60))
        assert (stock_of(engine), standing(engine).end, standing(engine).ended_at) == (2, "time-out", after(60))

    assert points_of(engine, ann, after(59)).available == (100 if swept else 70)
    assert points_of(engine, ann, after(60)).available == 100
    for act in (commit, release):
        with pytest.raises(errors.HoldEnded) as refusal:
            do(engine, act, id_="h", now=after(60))
        assert refusal.value.context == {"hold": "app/h", "end": "time-out", "ended_at": format_instant(after(60))}
    do(engine, redeem, id_="1", member=ann, points=100, now=after(60))  # brings the time-out about itself
    assert (stock_of(engine), len(entry_ids(engine, "release"))) == (2, 1)
    prove(engine)


def test_edge_28__points_expire_within_the_hold__commit_is_honoured(engine: Engine, ann: MemberNumber) -> None:
    do(engine, hold, id_="h", member=ann, points=60, seconds=2 * DAY)
    sweep_step(engine, now=after(DAY))
    assert (points_of(engine, ann, after(DAY)).available, points_of(engine, ann, after(DAY)).held) == (0, 60)

    done = do(engine, commit, id_="h", now=after(2 * DAY - 1))

    assert (done.points, points_of(engine, ann, after(2 * DAY)).expired) == (60, 40)
    prove(engine)


def test_edge_28__hold_released_after_the_expiry__no_grace(engine: Engine, ann: MemberNumber) -> None:
    do(engine, hold, id_="h", member=ann, points=60, seconds=2 * DAY)

    do(engine, release, id_="h", now=after(DAY))

    assert points_of(engine, ann, after(DAY)).available == 0
    sweep_step(engine, now=after(DAY))
    assert points_of(engine, ann, after(DAY)).expired == 100
    prove(engine)


def test_commit_and_release_at_once__one_wins(shared: Engine) -> None:
    ann = join(shared)
    give(shared, ann, 100)
    do(shared, hold, id_="h", member=ann, points=60)

    answers = at_once(6, lambda n: do(shared, commit if n % 2 else release, id_="h"))

    winners = {type(answer).__name__ for answer in answers} - {"HoldEnded"}
    first = [answer for answer in answers if isinstance(answer, Held | Redeemed) and not answer.is_replay]
    assert (len(winners), len(first)) == (1, 1)
    assert points_of(shared, ann).available == (40 if winners == {"Redeemed"} else 100)
    prove(shared)


def test_hold__same_request_at_once__one_wins_all_get_its_answer(shared: Engine) -> None:
    mug(shared)
    ann = join(shared)
    give(shared, ann, 100)

    answers = at_once(5, lambda n: do(shared, hold, id_="h", member=ann, items=[Item("mug", 1)], now=after(n)))

    held = [answer for answer in answers if isinstance(answer, Held)]
    assert sorted(answer.is_replay for answer in held) == [False] + 4 * [True]
    assert (points_of(shared, ann, after(9)).held, stock_of(shared)) == (30, 1)
    prove(shared)


def test_hold__unknown_closed_or_out_of_bounds__refused(engine: Engine, ann: MemberNumber) -> None:
    for seconds in (0, 604_801, True):
        with pytest.raises(errors.InvalidOperation):
            do(engine, hold, id_="h", member=ann, points=5, seconds=seconds)
    with pytest.raises(errors.OverCap):
        do(engine, hold, id_="h", member=ann, points=5, bounds=Bounds(redemption=4))
    for act in (commit, release):
        with pytest.raises(errors.UnknownHold):
            do(engine, act, id_="h")
    do(engine, hold, id_="h", member=ann, points=5)
    with transaction(engine) as tx:
        identity.close_member(tx, ann, NOW, "asked for it")
    with pytest.raises(errors.MemberClosed):
        do(engine, commit, id_="h")


@pytest.mark.parametrize(("end", "entries", "expired"), [(commit, 3, 95), (release, 3, 100)])
def test_end__more_ran_out_meanwhile_than_a_batch_can_burn__several_entries(
    engine: Engine, end: Callable[..., object], entries: int, expired: int
) -> None:
    bob = join(engine, "bob")
    give(engine, bob, 100, expires_at=after(50))
    do(engine, hold, id_="h", member=bob, points=5, seconds=500)

    do(engine, end, id_="h", now=after(60), bounds=Bounds(award=1000, redemption=40))

    assert len(entry_ids(engine, "expire")) == entries  # 95 in parts of at most 40
    assert points_of(engine, bob, after(60)).expired == expired
    prove(engine)
