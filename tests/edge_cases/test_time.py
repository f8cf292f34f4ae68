"""Expiry and time: edge cases 25, 29 and 31, by number

given points that are good until the end of a day
    they can be spent through its last second on the programme's clocks, and not a second longer (25)
    when that day is over by UTC, or not yet
        nothing changes
    when clocks change at that very midnight
        it is the instant in which the day ends there, whichever way they go (25, 29)
given points of 31 January that are good for a month
    they are good until that time of the last day of February (29)
given points that are good for days among which clocks change
    they are good until the same local time (29)
given two periods side by side
    what happened in the instant between them counts in the later one, once (29)
given a new version of the programme with another zone
    points that are there keep their instant, those of later events get one of the new zone (31)
    when some of them are spent and come back
        they still have it
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.operations.qualifying import qualifying_points
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.refund import refund
from loyaltychain.operations.sweep import sweep_step
from loyaltychain.program.types import Expiry, Program
from tests.edge_cases.story import AUCKLAND, LONDON, NEW_YORK, SANTIAGO, instant, number_of, points
from tests.operations.member_world import do
from tests.operations.order_builders import DAY, order, work
from tests.program.builders import make_order_program, make_rule

END_OF_YEAR = Expiry(months=12, days=None, end_of="year", grace_days=30)
ONE_MONTH = Expiry(months=1, days=None, end_of="day", grace_days=30)


def earn(engine: Engine, program: Program, at: int, number: int = 1) -> None:
    """Ann buys for 55 points at ``at``, and it is decided at once."""
    work(engine, order(number, occurred_at=at), program=program, now=UnixSeconds(at))


def spend(engine: Engine, amount: int, at: int, id_: str = "1") -> None:
    do(engine, redeem, id_=id_, member=number_of(engine), points=amount, now=UnixSeconds(at))


@pytest.mark.parametrize("zone", [LONDON, NEW_YORK, AUCKLAND])
def test_edge_25__last_day__spent_in_its_last_second(database: Engine, zone: str) -> None:
    earn(database, make_order_program(timezone=zone, expiry=END_OF_YEAR), instant("2025-06-01 10:00", zone))
    last = instant("2026-12-31 23:59:59", zone)

    assert sweep_step(database, now=last).expired == 0
    spend(database, 20, last)

    assert (points(database, last).available, points(database, last + 1).available) == (35, 0)


@pytest.mark.parametrize("zone", [LONDON, NEW_YORK, AUCKLAND])
def test_edge_25__first_second_after_it__gone(database: Engine, zone: str) -> None:
    earn(database, make_order_program(timezone=zone, expiry=END_OF_YEAR), instant("2025-06-01 10:00", zone))
    midnight = instant("2027-01-01 00:00", zone)

    with pytest.raises(errors.InsufficientBalance):
        spend(database, 1, midnight)
    assert sweep_step(database, now=midnight).expired == 55
    assert points(database, midnight).expired == 55


@pytest.mark.parametrize(
    ("last_day", "over"),
    [("2026-04-04", "2026-04-05 04:00"), ("2026-09-05", "2026-09-06 04:00")],  # 25 hours long; no 00:00 after it
)
def test_edge_25_29__clocks_change_at_its_midnight__good_to_the_end_of_the_day(
    database: Engine, last_day: str, over: str
) -> None:
    program = make_order_program(timezone=SANTIAGO, expiry=Expiry(None, 3, "day", 30))
    bought = instant(f"{last_day} 12:00", SANTIAGO) - 3 * DAY
    earn(database, program, bought)
    end = instant(over, "UTC")

    assert points(database, bought).expiring == ((end, 55),)
    spend(database, 5, end - 1)
    assert sweep_step(database, now=end).expired == 50


@pytest.mark.parametrize(
    ("earned", "expiry", "end"),
    [
        ("2026-01-31 10:00", Expiry(1, None, None, 30), "2026-02-28 10:00"),
        ("2028-01-31 10:00", Expiry(1, None, None, 30), "2028-02-29 10:00"),
        ("2026-08-31 10:00", Expiry(1, None, "day", 30), "2026-10-01 00:00"),
        ("2026-03-28 09:00", Expiry(None, 1, None, 30), "2026-03-29 09:00"),  # 23 hours
        ("2026-10-24 09:00", Expiry(None, 1, None, 30), "2026-10-25 09:00"),  # 25 hours
        ("2026-03-28 09:00", Expiry(None, 1, "day", 30), "2026-03-30 00:00"),
    ],
)
def test_edge_29__month_ends_and_clock_changes__good_before_that_local_time(
    database: Engine, earned: str, expiry: Expiry, end: str
) -> None:
    earn(database, make_order_program(timezone=LONDON, expiry=expiry), instant(earned))
    until = instant(end)

    assert points(database, instant(earned)).expiring == ((until, 55),)
    assert (points(database, until - 1).available, points(database, until).available) == (55, 0)
    spend(database, 55, until - 1)
    assert sweep_step(database, now=until).expired == 0


def test_edge_29__periods_side_by_side__half_open(database: Engine) -> None:
    program = make_order_program(make_rule(event="order", qualifying=True), timezone=LONDON)
    march, april, may = (instant(f"2026-0{month}-01 00:00") for month in (3, 4, 5))  # clocks go forward in March
    for number, at in enumerate([march, april - 1, april, may - 1, may], start=1):
        earn(database, program, at, number)

    ann = number_of(database)
    with reading(database) as tx:
        found = [qualifying_points(tx, ann, start=start, end=end) for start, end in ((march, april), (april, may))]
        both = qualifying_points(tx, ann, start=march, end=may)

    assert (found, both) == ([110, 110], 220)
    assert april - march == 31 * DAY - 3_600


def test_edge_31__zone_of_the_programme_changes__points_keep_their_instant(database: Engine) -> None:
    in_london, in_auckland = (make_order_program(timezone=zone, expiry=ONE_MONTH) for zone in (LONDON, AUCKLAND))
    earn(database, in_london, instant("2026-05-04 09:00"))
    assert points(database, instant("2026-05-04 09:00")).expiring == ((instant("2026-06-05 00:00"), 55),)

    earn(database, in_auckland, instant("2026-05-05 09:00"), 2)
    spend(database, 10, instant("2026-05-06 09:00"))
    back = instant("2026-05-06 10:00")
    do(database, refund, id_="f", redemption="app/1", reason="out of tea", grace_seconds=DAY, now=back)

    assert points(database, back).expiring == (
        (instant("2026-06-05 00:00"), 55),
        (instant("2026-06-06 00:00", AUCKLAND), 55),
    )
