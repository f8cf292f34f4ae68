"""Purse
├── earn
│   ├── makes one lot of the entry's id, with its expiry; qualifying points stand beside it
│   ├── when the member owes: pays that first, and makes a lot of the rest, or none
│   └── when it is pending: owes on, cannot be redeemed, pays when it is due (EDGE 12)
├── redeem, hold
│   ├── take the soonest expiry first, never-expiring last, ties by age and id
│   ├── when a lot has run out, swept or not: it is not there, from that very instant on (EDGE 25, 26)
│   └── when there is too little: refuse, and nothing has changed
├── take_back
│   ├── takes the award's pending points, then its available and expired ones, then others'; the rest is owed (EDGE 15)
│   ├── when others' lots have run out unswept: leaves them to their expiry
│   └── when the award was returned while pending: it disappears, nothing else was touched (EDGE 12)
├── adjust: gives, takes, or takes what may be owed
├── reinstate: gives back with the old expiry, after what is owed
├── expiries of lots to which points came back have ids that meet no others
├── advance: each due thing once, by instant, time-outs before activations before expiries (EDGE 27)
└── when an amount is below 1: every method refuses
"""

import pytest

from loyaltychain.core import errors
from tests.ledger.builders import ANN
from tests.ledger.purse_builders import GRACE, START, make_lot, make_purse, posted, remaining, stamp


def test_earn__nothing_owed__is_one_lot() -> None:
    purse = make_purse()
    movement = purse.earn(stamp("e1", rule="spend"), 10, award="shop/1", expires_at=2_000, qualifying=4)
    assert posted(movement) == [("issued", "available", 10), ("issued", "qualifying", 4)]
    assert [posting.unit for posting in movement.entry.postings] == ["points", "qualifying"]
    assert movement.made == make_lot("e1", 10, 2_000, award="shop/1")
    assert movement.lot_moves == (("e1", 10),)
    assert (movement.entry.kind, movement.entry.rule, movement.entry.details) == ("earn", "spend", None)
    assert (purse.member, purse.owned, purse.pending, purse.debt) == (ANN, 10, 0, 0)


@pytest.mark.parametrize(("owed", "lines", "rest"), [
    (4, [("issued", "debt", 4), ("issued", "available", 6)], {"e1": 6}),
    (10, [("issued", "debt", 10)], {}),
    (15, [("issued", "debt", 10)], {}),
])  # fmt: skip
def test_earn__owing__pays_first(owed, lines, rest) -> None:
    purse = make_purse(debt=owed)
    movement = purse.earn(stamp("e1"), 10, award="shop/1", expires_at=None)
    assert posted(movement) == lines
    assert (movement.made is None) == (not rest)
    assert (remaining(purse), purse.debt) == (rest, max(owed - 10, 0))


def test_earn__pending__waits_and_pays_when_due() -> None:
    purse = make_purse(debt=4)
    assert posted(purse.earn(stamp("e1"), 10, award="a", expires_at=9_000, due_at=2_000)) == [("issued", "pending", 10)]
    assert (purse.debt, purse.pending, purse.owned, purse.spendable(2_000)) == (4, 10, 0, 0)
    assert purse.advance(1_999, recorded_at=5) == []
    [movement] = purse.advance(2_000, recorded_at=5)
    assert posted(movement) == [("pending", "debt", 4), ("pending", "available", 6)]
    assert (movement.entry.id, movement.entry.cause) == ("activate:e1", "clock/e1")
    assert (movement.entry.occurred_at, movement.entry.recorded_at) == (2_000, 5)
    assert movement.made == make_lot("activate:e1", 6, 9_000, award="a")
    assert (remaining(purse), purse.pending, purse.debt) == ({"activate:e1": 6}, 0, 0)


def test_redeem__several_lots__soonest_expiry_first() -> None:
    purse = make_purse(
        make_lot("never", 5), make_lot("late", 5, 3_000), make_lot("b soon", 5, 2_000),
        make_lot("a soon", 5, 2_000), make_lot("old soon", 5, 2_000, earned_at=1),
    )  # fmt: skip
    movement = purse.redeem(stamp("r1"), 22, at=START, reference="order 1")
    draws = (("old soon", 5), ("a soon", 5), ("b soon", 5), ("late", 5), ("never", 2))
    assert movement.redemption.draws == draws
    assert movement.lot_moves == tuple((lot, -amount) for lot, amount in draws)
    assert (movement.redemption.reference, movement.redemption.drawn_by) == ("order 1", "r1")
    assert posted(movement) == [("available", "redeemed", 22)]
    assert remaining(purse) == {"never": 3}


@pytest.mark.parametrize(("at", "spendable"), [(1_999, 8), (2_000, 3), (2_001, 3)])
def test_spendable__an_expiry__counts_until_before_its_instant(at, spendable) -> None:
    purse = make_purse(make_lot("a", 5, 2_000), make_lot("b", 3))
    assert purse.spendable(at) == purse.balance(at).available == spendable
    assert purse.owned == 8  # until the sweep books it
    with pytest.raises(errors.InsufficientBalance, match=f"{spendable} available"):
        purse.redeem(stamp("r1"), spendable + 1, at=at)
    with pytest.raises(errors.InsufficientBalance):
        purse.hold(stamp("h1"), "h1", spendable + 1, at=at, until=at + 1)
    assert (remaining(purse), purse.owned, purse.holds) == ({"a": 5, "b": 3}, 8, ())
    purse.redeem(stamp("r1"), spendable, at=at)
    assert purse.spendable(at) == 0


def test_balance__lots_of_all_kinds__by_what_can_be_done_with_them() -> None:
    purse = make_purse(
        make_lot("gone", 1, START), make_lot("a", 2, 2_000), make_lot("b", 4, 2_000), make_lot("c", 8, 3_000),
        make_lot("d", 16), make_lot("e", 32, 9_000, due_at=5_000),
    )  # fmt: skip
    purse.hold(stamp("h1"), "h1", 3, at=START, until=1_500)
    balance = purse.balance(START)
    assert (balance.available, balance.pending, balance.held, balance.debt) == (27, 32, 3, 0)
    assert balance.expiring == ((2_000, 3), (3_000, 8))
    assert purse.owned == 31


def test_take_back__all_kinds__own_first_then_others_then_owed() -> None:
    purse = make_purse(
        make_lot("waits", 1, 9_000, award="a", due_at=5_000), make_lot("own", 2, 9_000, award="a"),
        make_lot("unswept", 4, START, award="a"), make_lot("gone", 8, 900, award="a", remaining=0, expired=8),
        make_lot("late", 16, 3_000), make_lot("soon", 16, 2_000), make_lot("others gone", 64, START),
        make_lot("others wait", 64, 9_000, due_at=5_000),
    )  # fmt: skip
    movement = purse.take_back(stamp("v1"), 15 + 20, award="a")
    assert posted(movement) == [
        ("pending", "reversed", 1), ("available", "reversed", 2 + 4 + 20), ("expired", "reversed", 8),
    ]  # fmt: skip
    assert movement.lot_moves == (("waits", -1), ("unswept", -4), ("own", -2), ("soon", -16), ("late", -4))
    assert movement.expired_moves == (("gone", -8),)
    assert (movement.entry.kind, movement.entry.details) == ("reverse", {"award": "a"})

    movement = purse.take_back(stamp("v2"), 100, award="a", qualifying=7)
    assert posted(movement) == [("available", "reversed", 12), ("debt", "reversed", 88), ("qualifying", "reversed", 7)]
    assert (purse.debt, purse.spendable(START)) == (88, 0)
    assert remaining(purse) == {"others gone": 64, "others wait": 64}


def test_take_back__while_pending__touches_nothing_else() -> None:
    purse = make_purse(make_lot("other", 5))
    purse.earn(stamp("e1"), 10, award="a", expires_at=None, due_at=2_000)
    assert posted(purse.take_back(stamp("v1"), 10, award="a")) == [("pending", "reversed", 10)]
    assert (remaining(purse), purse.pending, purse.debt) == ({"other": 5}, 0, 0)
    assert purse.next_due() is None


def test_adjust__up_and_down__moves_against_its_account() -> None:
    purse = make_purse(debt=2)
    details = {"reason": "goodwill", "actor": "desk"}
    movement = purse.adjust(stamp("adjust:x", details=details), 10, at=START, expires_at=2_000)
    assert posted(movement) == [("adjusted", "debt", 2), ("adjusted", "available", 8)]
    assert movement.made == make_lot("adjust:x", 8, 2_000, award="adjust:x")
    assert movement.entry.details == details
    assert posted(purse.adjust(stamp("y"), -3, at=START)) == [("available", "adjusted", 3)]
    with pytest.raises(errors.InsufficientBalance, match="6 points to be taken, 5 available"):
        purse.adjust(stamp("z"), -6, at=START)
    assert (purse.owned, purse.debt) == (5, 0)
    movement = purse.adjust(stamp("z"), -6, at=START, may_owe=True)
    assert posted(movement) == [("available", "adjusted", 5), ("debt", "adjusted", 1)]
    assert (purse.owned, purse.debt) == (0, 1)


def test_reinstate__owing__pays_first_and_keeps_the_expiry() -> None:
    purse = make_purse(debt=4)
    movement = purse.reinstate(stamp("i1"), 10, award="a", expires_at=2_000, qualifying=3)
    assert posted(movement) == [("reversed", "debt", 4), ("reversed", "available", 6), ("reversed", "qualifying", 3)]
    assert movement.made == make_lot("i1", 6, 2_000, award="a")
    assert (movement.entry.kind, movement.entry.details) == ("reinstate", {"award": "a"})
    assert posted(purse.reinstate(stamp("i2"), 1, award="a", expires_at=None, due_at=5_000)) == [
        ("reversed", "pending", 1)
    ]


def test_advance__things_due_in_one_instant__time_outs_activations_expiries() -> None:
    purse = make_purse(make_lot("a", 5, 2_000), make_lot("p", 5, 2_000, due_at=2_000), make_lot("b", 5, 1_900))
    purse.hold(stamp("hold:h"), "h", 7, at=START, until=2_000)
    assert purse.next_due() == 2_000
    movements = purse.advance(2_000, recorded_at=2_500)
    assert [each.entry.id for each in movements] == [
        "release:h", "expire:@1:b@release:h", "activate:p", "expire:@1:a@release:h", "expire:activate:p",
    ]  # fmt: skip
    assert {each.entry.occurred_at for each in movements} == {2_000}
    assert {each.entry.recorded_at for each in movements} == {2_500}
    assert purse.advance(9_000, recorded_at=9_000) == []
    assert (purse.next_due(), purse.owned, purse.pending) == (None, 0, 0)


def test_any_method__amount_below_one__refuses() -> None:
    purse = make_purse(make_lot("a", 5))
    redemption = purse.redeem(stamp("r1"), 1, at=START).redemption
    purse.hold(stamp("h1"), "h1", 1, at=START, until=1_500)
    for call in (
        lambda: purse.earn(stamp("x"), 0, award="a", expires_at=None),
        lambda: purse.earn(stamp("x"), 1, award="a", expires_at=None, qualifying=-1),
        lambda: purse.take_back(stamp("x"), 0, award="a"),
        lambda: purse.reinstate(stamp("x"), 0, award="a", expires_at=None),
        lambda: purse.redeem(stamp("x"), 0, at=START),
        lambda: purse.hold(stamp("x"), "h2", 0, at=START, until=1_500),
        lambda: purse.hold(stamp("x"), "h2", 1, at=1_500, until=1_500),
        lambda: purse.hold(stamp("x"), "h1", 1, at=START, until=1_500),
        lambda: purse.commit(stamp("x"), "h1", at=START, amount=0),
        lambda: purse.commit(stamp("x"), "h1", at=START, amount=2),
        lambda: purse.refund(stamp("x"), redemption, 0, at=START, grace_seconds=GRACE),
        lambda: purse.adjust(stamp("x"), 0, at=START),
    ):
        with pytest.raises(AssertionError):
            call()
    assert remaining(purse) == {"a": 3}
