"""Purse, what comes back
├── commit
│   ├── consumes all, or the first part and releases the rest
│   ├── when a lot ran out meanwhile: honours it within the hold (EDGE 28)
│   └── when the hold has timed out, or is not there: refuses
├── release and time-out
│   ├── give back to the same lots, after what is owed (EDGE 52)
│   └── when a lot ran out meanwhile: its points run out at once, under a name of their own
└── refund
    ├── gives back to the same lots with the same expiry, in the order in which they were drawn (EDGE 16, 51)
    ├── when a lot has run out: one new lot in grace, and never a second grace
    ├── when there is no grace: the points run out at once
    ├── when the member owes: pays that first
    └── when more is wanted than is left, or a lot is missing: refuses, and nothing has changed
"""

import pytest

from loyaltychain.core import errors
from loyaltychain.ledger.lots import HoldItem
from tests.ledger.purse_builders import GRACE, START, make_lot, make_purse, posted, remaining, stamp


def test_commit__whole__consumes_it() -> None:
    purse = make_purse(make_lot("a", 5, 2_000), make_lot("b", 5))
    items = (HoldItem("mug", 2, 4),)
    began = purse.hold(stamp("hold:h1"), "h1", 8, at=START, until=1_500, reference="o", items=items)
    assert posted(began) == [("available", "held", 8)]
    assert (began.began.draws, began.began.items) == ((("a", 5), ("b", 3)), items)
    movement = purse.commit(stamp("commit:h1"), "h1", at=1_499)
    assert posted(movement) == [("held", "redeemed", 8)]
    assert (movement.ended, movement.lot_moves) == (("h1", "commit", 1_499), ())
    assert movement.redemption.drawn_by == "hold:h1"
    assert (movement.redemption.draws, movement.redemption.reference) == ((("a", 5), ("b", 3)), "o")
    assert movement.entry.details == {"hold": "h1"}
    assert (purse.holds, remaining(purse)) == ((), {"b": 2})


def test_commit__a_part__releases_the_rest_after_what_is_owed() -> None:
    purse = make_purse(make_lot("a", 5, 2_000), make_lot("b", 5, award="b"))
    purse.hold(stamp("hold:h1"), "h1", 10, at=START, until=1_500)
    purse.take_back(stamp("v1"), 2, award="b")
    assert purse.debt == 2
    movement = purse.commit(stamp("commit:h1"), "h1", at=START, amount=4)
    assert posted(movement) == [("held", "redeemed", 4), ("held", "debt", 2), ("held", "available", 4)]
    assert movement.redemption.draws == (("a", 4),)
    assert movement.lot_moves == (("b", 4),)
    assert (remaining(purse), purse.debt, purse.owned) == ({"b": 4}, 0, 4)


def test_commit__lot_ran_out_meanwhile__is_honoured() -> None:
    purse = make_purse(make_lot("a", 5, 2_000))
    purse.hold(stamp("hold:h1"), "h1", 5, at=1_999, until=2_100)
    assert purse.advance(2_050, recorded_at=2_050) == []
    assert posted(purse.commit(stamp("commit:h1"), "h1", at=2_050)) == [("held", "redeemed", 5)]


def test_commit__timed_out_or_unknown__refuses() -> None:
    purse = make_purse(make_lot("a", 5))
    purse.hold(stamp("hold:h1"), "h1", 5, at=START, until=1_500)
    for end in (purse.commit, purse.release):
        with pytest.raises(errors.HoldEnded, match="until: 1970-01-01T00:25:00Z"):
            end(stamp("x"), "h1", at=1_500)
        with pytest.raises(errors.UnknownHold, match="hold: h2"):
            end(stamp("x"), "h2", at=START)
    assert len(purse.holds) == 1
    purse.release(stamp("release:h1"), "h1", at=1_499)
    with pytest.raises(errors.UnknownHold):
        purse.release(stamp("release:h1"), "h1", at=1_499)


def test_time_out__owing__pays_first_and_gives_back() -> None:
    purse = make_purse(make_lot("a", 5, 2_000), make_lot("b", 5, award="b"))
    purse.hold(stamp("hold:h1"), "h1", 10, at=START, until=1_500)
    purse.take_back(stamp("v1"), 2, award="b")
    [movement] = purse.advance(1_600, recorded_at=1_600)
    assert posted(movement) == [("held", "debt", 2), ("held", "available", 8)]
    assert (movement.entry.id, movement.entry.cause, movement.entry.kind) == ("release:h1", "clock/h1", "release")
    assert movement.entry.occurred_at == 1_500
    assert movement.ended == ("h1", "time-out", 1_500)
    assert (remaining(purse), purse.debt) == ({"a": 3, "b": 5}, 0)


def test_release__lot_ran_out_meanwhile__expires_at_once_under_its_own_name() -> None:
    purse = make_purse(make_lot("a", 10, 2_000))
    for number, until in ((1, 2_100), (2, 2_200)):
        purse.hold(stamp(f"hold:h{number}"), f"h{number}", 3, at=START, until=until)
    movements = purse.advance(2_100, recorded_at=2_100)
    assert [(each.entry.id, each.entry.occurred_at) for each in movements] == [
        ("expire:a", 2_000), ("release:h1", 2_100), ("expire:@1:a@release:h1", 2_100),
    ]  # fmt: skip
    assert movements[2].expired_moves == (("a", 3),)
    purse.release(stamp("release:h2", 2_150), "h2", at=2_150)
    assert purse.spendable(2_150) == 0
    assert [each.entry.id for each in purse.advance(2_150, recorded_at=2_150)] == ["expire:@1:a@release:h2"]
    assert purse.lots[0].expired == 10


def test_expire__ids_that_callers_choose__never_meet() -> None:
    lots = [make_lot("x", 5, 2_000, returned_by="y@f"), make_lot("x@y", 5, 2_000, returned_by="f")]
    lots += [make_lot("x@y@f", 5, 2_000)]
    ids = [each.entry.id for each in make_purse(*lots).advance(2_000, recorded_at=2_000)]
    assert sorted(ids) == ["expire:@1:x@y@f", "expire:@3:x@y@f", "expire:x@y@f"]


def test_refund__in_parts__goes_back_to_its_lots_as_they_were_drawn() -> None:
    purse = make_purse(make_lot("a", 5, 2_000), make_lot("b", 5))
    redemption = purse.redeem(stamp("r1"), 8, at=START).redemption
    movement = purse.refund(stamp("f1"), redemption, 6, at=START, grace_seconds=GRACE)
    assert posted(movement) == [("redeemed", "available", 6)]
    assert (movement.lot_moves, movement.made) == ((("a", 5), ("b", 1)), None)
    assert movement.refunded == ("r1", 6)
    assert movement.entry.details == {"redemption": "r1"}
    later = type(redemption)(**{name: getattr(redemption, name) for name in redemption.__slots__} | {"refunded": 6})
    assert purse.refund(stamp("f2"), later, 2, at=START, grace_seconds=GRACE).lot_moves == (("b", 2),)
    assert remaining(purse) == {"a": 5, "b": 5}
    assert purse.balance(START).expiring == ((2_000, 5),)


def test_refund__lots_ran_out__one_grace_and_no_second() -> None:
    purse = make_purse(make_lot("a", 5, 2_000, award="x"), make_lot("b", 7, 2_100, award="y"), make_lot("c", 5))
    redemption = purse.redeem(stamp("r1"), 14, at=START).redemption
    movement = purse.refund(stamp("f1", 2_100), redemption, 14, at=2_100, grace_seconds=GRACE)
    assert movement.lot_moves == (("c", 2), ("f1", 12))
    assert movement.made == make_lot("f1", 12, 2_100 + GRACE, award="y", in_grace=True)
    assert purse.spendable(2_100 + GRACE - 1) == 17

    again = purse.redeem(stamp("r2"), 12, at=2_101).redemption
    assert again.draws == (("f1", 12),)
    movement = purse.refund(stamp("f2", 2_200), again, 12, at=2_200, grace_seconds=GRACE)
    assert (movement.lot_moves, movement.made) == ((("f1", 12),), None)
    assert purse.spendable(2_200) == 5
    assert [each.entry.id for each in purse.advance(2_200, recorded_at=2_200)] == ["expire:@2:f1@f2"]


def test_refund__no_grace__runs_out_at_once() -> None:
    purse = make_purse(make_lot("a", 5, 2_000))
    redemption = purse.redeem(stamp("r1"), 5, at=START).redemption
    assert purse.refund(stamp("f1", 2_000), redemption, 5, at=2_000, grace_seconds=0).made is None
    assert (purse.owned, purse.spendable(2_000), purse.next_due()) == (5, 0, 2_000)


def test_refund__owing__pays_first() -> None:
    purse = make_purse(make_lot("a", 5, award="a"))
    redemption = purse.redeem(stamp("r1"), 5, at=START).redemption
    purse.take_back(stamp("v1"), 3, award="a")
    movement = purse.refund(stamp("f1"), redemption, 5, at=START, grace_seconds=GRACE)
    assert posted(movement) == [("redeemed", "debt", 3), ("redeemed", "available", 2)]
    assert (remaining(purse), purse.debt) == ({"a": 2}, 0)


def test_refund__too_much_or_lot_missing__refuses_and_changes_nothing() -> None:
    purse = make_purse(make_lot("a", 5))
    redemption = purse.redeem(stamp("r1"), 5, at=START).redemption
    with pytest.raises(AssertionError):
        purse.refund(stamp("f1"), redemption, 6, at=START, grace_seconds=GRACE)
    other = make_purse(make_lot("b", 1), debt=2)
    with pytest.raises(KeyError, match="a"):
        other.refund(stamp("f1"), redemption, 5, at=START, grace_seconds=GRACE)
    assert (other.owned, other.debt) == (1, 2)
    other.adopt(purse.lots)
    other.refund(stamp("f1"), redemption, 5, at=START, grace_seconds=GRACE)
    assert (remaining(other), other.debt) == ({"b": 1, "a": 3}, 0)


def test_adopt__a_lot_that_is_here__stays_as_it_is() -> None:
    purse = make_purse(make_lot("a", 5))
    purse.redeem(stamp("r1"), 3, at=START)
    purse.adopt([make_lot("a", 5)])
    assert remaining(purse) == {"a": 2}
