"""sweep_step

given lots, pending points and holds of many members
    everything that is due is recorded, once, whatever the chunks
    when it runs twice: the second time there is nothing
    when it is killed at any commit, or two run at once: as without
given an expiry beyond what a batch may burn
    it becomes several entries
given holds with items
    stock comes back with them
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.ledger.lots import Movement, Stamp
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations.holds import hold
from loyaltychain.operations.keep import split_expiry
from loyaltychain.operations.request import Item
from loyaltychain.operations.sweep import SweepReport, sweep_step
from loyaltychain.operations.types import Bounds
from tests.database import fresh_database
from tests.events.builders import Killed, killed_at_commit
from tests.operations.member_world import (
    DAY,
    NOW,
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


def populate(engine: Engine, members: int = 5) -> None:
    """Each member: 10 points that expire after a day, 5 pending until then, 3 held for an hour of 20 that stay."""
    mug(engine, cost=3, stock=members)
    for n in range(members):
        number = join(engine, f"m{n}")
        give(engine, number, 20, f"shop/{n}-a", expires_at=after(9 * DAY))
        give(engine, number, 5, f"shop/{n}-b", expires_at=None, due_at=after(DAY))
        do(engine, hold, id_=str(n), member=number, items=[Item("mug", 1)], seconds=3_600)
        give(engine, number, 10, f"shop/{n}-c", expires_at=after(DAY))


def test_sweep_step__everything_due__once(engine: Engine) -> None:
    populate(engine)

    assert sweep_step(engine, now=NOW) == SweepReport()
    report = sweep_step(engine, now=after(DAY), limit=2)

    assert report == SweepReport(members=5, activated=25, released=15, expired=50)
    assert stock_of(engine) == 5
    assert [points_of(engine, MemberNumber(n), after(DAY)).available for n in range(1, 6)] == 5 * [25]
    prove(engine)


def test_edge_27__sweep_again__one_expiry_per_lot(engine: Engine) -> None:
    populate(engine)
    sweep_step(engine, now=after(DAY))

    assert sweep_step(engine, now=after(DAY)) == SweepReport()
    assert sweep_step(engine, now=after(2 * DAY)) == SweepReport()
    assert len(entry_ids(engine, "expire")) == 5


def test_edge_27__killed_at_any_commit__as_without(engine: Engine) -> None:
    undisturbed = fresh_database("sqlite")
    for each in (engine, undisturbed):
        populate(each)
    sweep_step(undisturbed, now=after(DAY), limit=2)
    kills = 0
    for number in range(1, 20):
        with killed_at_commit(engine, number):
            try:
                sweep_step(engine, now=after(DAY), limit=2)
                break
            except Killed:
                kills += 1

    assert kills >= 2
    assert all_rows(engine) == all_rows(undisturbed)
    assert stock_of(engine) == 5
    prove(engine)
    undisturbed.dispose()


def test_edge_27__three_sweeps_at_once__as_one(shared: Engine) -> None:
    populate(shared)

    at_once(3, lambda _: sweep_step(shared, now=after(DAY), limit=1))

    assert (len(entry_ids(shared, "expire")), len(entry_ids(shared, "activate")), stock_of(shared)) == (5, 5, 5)
    prove(shared)


def test_sweep_step__expiry_beyond_the_cap__several_entries(engine: Engine) -> None:
    ann = join(engine)
    give(engine, ann, 25, expires_at=after(DAY))

    report = sweep_step(engine, now=after(DAY), bounds=Bounds(redemption=10))

    assert report.expired == 25
    lot = "earn:shop/1:spend"
    assert entry_ids(engine, "expire") == [f"expire:2:{lot}", f"expire:3:{lot}", f"expire:{lot}"]
    assert points_of(engine, ann, after(DAY)).expired == 25
    prove(engine)


def expiry(points: int) -> Movement:
    purse = Purse(MemberNumber(1))
    purse.earn(Stamp(EntryId("earn:1"), "shop/1", NOW, NOW), points, award="shop/1", expires_at=after(1))
    [movement] = purse.advance(after(1), recorded_at=after(1))
    return movement


@pytest.mark.parametrize(("points", "most", "sizes"), [(7, 7, [7]), (7, 3, [3, 3, 1]), (6, 3, [3, 3]), (7, 0, [7])])
def test_split_expiry__any_size__adds_up(points: int, most: int, sizes: list[int]) -> None:
    parts = split_expiry(expiry(points), most)

    assert [part.entry.postings[0].amount for part in parts] == sizes
    assert [part.lot_moves for part in parts] == [(("earn:1", -size),) for size in sizes]
    assert [part.expired_moves for part in parts] == [(("earn:1", size),) for size in sizes]
    assert len({part.entry.id for part in parts}) == len(sizes)
