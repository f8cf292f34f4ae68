"""record and load_purses
├── given movements: what is loaded again is what was in memory, entries with details included
├── given a movement that is recorded already: it is skipped as a whole; with other content: it refuses, nothing is kept
├── given a purse that was not loaded anew: the database refuses what does not fit
├── given members without accounts: their purses are empty, and nothing is opened
├── given a snapshot: it reads without locking
└── given another transaction that has loaded the member: it waits for its end, even for a member without accounts

find_hold, find_redemptions, lots_by_id, lots_of_awards, members_due
└── find what was recorded, spent lots too, and nothing else
"""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import func, select, text

from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS, QUALIFYING
from loyaltychain.db.engine import reading, transaction
from loyaltychain.ledger import book, store
from loyaltychain.ledger.accounts import EXPIRED, ISSUED, available, debt, held, qualifying
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.ledger.lots import HoldItem, Movement
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.tables import entries, hold_ends, holds, lot_moves, lots, redemptions, volumes
from tests.database import ENGINES, fresh_database
from tests.ledger.builders import ANN, BOB, CAT, MEMBERS
from tests.ledger.purse_builders import GRACE, START, stamp

ITEMS = (HoldItem("mug", 2, 3), HoldItem("pen", 1, 2))


@pytest.fixture(params=ENGINES)
def bare(request):
    """A fresh database without any account."""
    engine = fresh_database(request.param)
    yield engine
    engine.dispose()


def keep(engine, *movements: Movement) -> None:
    with transaction(engine) as tx:
        book.record(tx, movements)


def load(engine, member=ANN) -> Purse:
    with transaction(engine) as tx:
        return book.load_purses(tx, [member])[member]


def tell_a_story(engine) -> list[Movement]:
    """Lots of every kind, an open hold and an ended one, a redemption, a refund, a debt: all in one call."""
    purse, other = Purse(ANN), Purse(BOB)
    movements = [
        purse.earn(stamp("e1"), 20, award="a", expires_at=2_000, qualifying=20),
        purse.earn(stamp("e2"), 20, award="b", expires_at=None),
        purse.earn(stamp("e3"), 5, award="c", expires_at=9_000, due_at=5_000),
        purse.hold(stamp("hold:h1"), "h1", 8, at=START, until=1_500, reference="o1", items=ITEMS),
        purse.commit(stamp("commit:h1"), "h1", at=START, amount=6),
        purse.hold(stamp("hold:h2"), "h2", 3, at=START, until=9_500),
        purse.redeem(stamp("r1"), 4, at=START, reference="o1"),
        other.adjust(stamp("adjust:x", details={"reason": "ü", "actor": "desk"}), 3, at=START),
        other.take_back(stamp("v1"), 5, award="none"),
    ]
    movements += purse.advance(2_000, recorded_at=2_000)
    movements.append(purse.refund(stamp("f1"), movements[6].redemption, 4, at=2_000, grace_seconds=GRACE))
    keep(engine, *movements)
    return movements


def rows(engine) -> list[int]:
    with reading(engine) as tx:
        return [
            tx.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (entries, lots, lot_moves, holds, hold_ends, redemptions)
        ]


def test_record__a_story__is_loaded_as_it_was(bare) -> None:
    movements = tell_a_story(bare)
    purse = load(bare)
    assert {lot.id: (lot.remaining, lot.expired) for lot in purse.lots} == {
        "e1": (0, 7), "e2": (20, 0), "e3": (5, 0), "f1": (4, 0),
    }  # fmt: skip
    assert (purse.owned, purse.pending, purse.debt) == (27, 5, 0)
    assert purse.holds == (movements[5].began,)
    assert (load(bare, BOB).debt, load(bare, BOB).lots) == (2, ())
    with reading(bare) as tx:
        assert check_ledger(tx) == []
        assert store.balances(tx, [held(ANN), EXPIRED, debt(BOB)], POINTS) == {held(ANN): 3, EXPIRED: 7, debt(BOB): -2}
        assert store.balances(tx, [qualifying(ANN), ISSUED], QUALIFYING) == {qualifying(ANN): 20, ISSUED: -20}


def test_record__details__are_read_as_they_were_posted(bare) -> None:
    movements = tell_a_story(bare)
    with transaction(bare) as tx:
        count = store.head(tx).position
        read = {placed.entry.id: placed.entry for placed in store.read_entries(tx, 0, count)}
    assert read == {each.entry.id: each.entry for each in movements}
    assert read["adjust:x"].details == {"reason": "ü", "actor": "desk"}
    assert read["e1"].details is None


def test_record__again__is_skipped_as_a_whole(bare) -> None:
    movements = tell_a_story(bare)
    before = rows(bare)
    keep(bare, *movements)
    assert rows(bare) == before
    with reading(bare) as tx:
        assert check_ledger(tx) == []


def test_record__same_id_other_content__refuses_and_keeps_nothing(bare) -> None:
    tell_a_story(bare)
    before, purse = rows(bare), Purse(ANN)
    new = purse.earn(stamp("e9"), 1, award="z", expires_at=None)
    with pytest.raises(errors.IdempotencyConflict, match="e2"):
        keep(bare, new, purse.earn(stamp("e2"), 21, award="b", expires_at=None))
    assert rows(bare) == before


def test_record__stale_purse__is_refused(bare) -> None:
    tell_a_story(bare)
    first, second = load(bare), load(bare)
    keep(bare, first.redeem(stamp("r2"), 24, at=2_000))
    with pytest.raises((errors.ConstraintRefused, errors.InsufficientBalance)):
        keep(bare, second.redeem(stamp("r3"), 24, at=2_000))
    [hold] = second.holds
    keep(bare, first.release(stamp("release:h2"), hold.id, at=2_000))
    with pytest.raises((errors.ConstraintRefused, errors.InsufficientBalance)):
        keep(bare, second.commit(stamp("commit:h2"), hold.id, at=2_000))


def test_load_purses__no_accounts__empty_and_opens_nothing(bare) -> None:
    with transaction(bare) as tx:
        purses = book.load_purses(tx, [BOB, ANN, BOB])
        assert list(purses) == [ANN, BOB]
        assert all((purse.owned, purse.debt, purse.lots, purse.holds) == (0, 0, (), ()) for purse in purses.values())
        assert tx.execute(select(func.count()).select_from(volumes)).scalar_one() == 0
        assert book.load_purses(tx, []) == {}
        book.record(tx, [])
        assert tx.execute(select(func.count()).select_from(volumes)).scalar_one() == 0


def test_record__opens_what_is_named__and_only_debt_may_be_below_zero(bare) -> None:
    tell_a_story(bare)
    with reading(bare) as tx:
        overdrawn = tx.execute(select(volumes.c.account).where(volumes.c.may_overdraw == 1)).scalars().all()
        known = set(tx.execute(select(volumes.c.account)).scalars())
    assert set(overdrawn) == {"program:issued", "program:adjusted", "member:2:debt"}
    assert "member:1:debt" not in known
    assert "member:2:held" not in known


def test_load_purses__snapshot__reads_without_locking(bare) -> None:
    tell_a_story(bare)
    with transaction(bare) as tx:
        expected = book.load_purses(tx, [ANN])[ANN]
    with reading(bare) as tx:
        assert sorted(book.load_purses(tx, [ANN])[ANN].lots, key=str) == sorted(expected.lots, key=str)


def test_load_purses__loaded_elsewhere__waits_for_its_end(database) -> None:
    """Two first movements of one member: the second must know the debt that the first one made."""
    with transaction(database) as tx:
        for member in MEMBERS:
            row = {"number": member, "id": f"m{member}"}
            tx.execute(text("INSERT INTO members (number, member_id, joined_at) VALUES (:number, :id, 1)"), row)
        tx.execute(text("DELETE FROM volumes"))
    seen = []

    def earn() -> None:
        with transaction(database) as tx:
            purse = book.load_purses(tx, [CAT])[CAT]
            seen.append(purse.debt)
            book.record(tx, [purse.earn(stamp("e1"), 7, award="a", expires_at=None)])

    with transaction(database) as tx:
        movement = book.load_purses(tx, [CAT])[CAT].take_back(stamp("v1"), 5, award="b")
        thread = threading.Thread(target=earn)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        book.record(tx, [movement])
    thread.join()
    assert seen == [5]
    with reading(database) as tx:
        assert check_ledger(tx) == []
        assert store.balances(tx, [available(CAT), debt(CAT)], POINTS) == {available(CAT): 2, debt(CAT): 0}


def test_find_hold__open_ended_unknown__says_how(bare) -> None:
    movements = tell_a_story(bare)
    with reading(bare) as tx:
        assert book.find_hold(tx, "h1") == (movements[3].began, "commit")
        assert book.find_hold(tx, "h2") == (movements[5].began, None)
        assert book.find_hold(tx, "h3") is None
    assert movements[3].began.items == ITEMS


def test_find_redemptions__by_reference_or_entry__each_once(bare) -> None:
    movements = tell_a_story(bare)
    committed, redeemed = movements[4].redemption, replace(movements[6].redemption, refunded=4)
    with reading(bare) as tx:
        assert book.find_redemptions(tx, references=["o1", "o2"], entry_ids=["r1"]) == [committed, redeemed]
        assert book.find_redemptions(tx, entry_ids=["r1", "e1"]) == [redeemed]
        assert book.find_redemptions(tx) == []
    assert committed.draws == (("e1", 6),)


def test_lots__by_id_or_award__spent_ones_too(bare) -> None:
    tell_a_story(bare)
    with reading(bare) as tx:
        assert [(lot.id, lot.remaining, lot.expired) for lot in book.lots_by_id(tx, ["e1", "none"])] == [("e1", 0, 7)]
        assert sorted(lot.id for lot in book.lots_of_awards(tx, {"a": ["r"], "b": [], "none": ["r"]})) == [
            "e1",
            "e2",
            "f1",
        ]


@pytest.mark.parametrize(
    ("at", "due"), [(2_029, []), (2_030, [ANN]), (5_000, [ANN]), (9_500, [ANN])], ids=lambda value: str(value)
)
def test_members_due__by_instant__are_those_for_whom_advance_does_something(bare, at, due) -> None:
    tell_a_story(bare)
    with reading(bare) as tx:
        assert book.members_due(tx, at, 10) == due
        assert book.members_due(tx, at, 0) == []
    purse = load(bare)
    assert bool(purse.advance(at, recorded_at=at)) == bool(due)
