"""Streaks, through intake, both steps and the ledger: edge cases 33 to 38, by number

given a day that is not over
    the streak is alive until midnight where the member lives, and gone with it (33)
given a programme whose day ends at three
    what is done before three counts for the day before (34)
given a member who travels
    no day is lost, to the east or to the west; changes of zone make none (35)
given a missed day and a freeze
    the freeze is used by itself, and the history shows it; the next missed day ends the streak (36)
given a streak that support gives back
    it lives until the end of the next day where the member lives (37)
given a late event that makes a lost streak whole, and a programme that says so
    it lives to the end of the day after the one on which it was told; told later than that, no longer (37)
given a late event of a missed day
    the streak is what it would have been, its reward is given, and the freeze is there again (38)
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.program.types import Program
from loyaltychain.reports.replay.verify import verify
from tests.edge_cases.club import act, club, lives, streak_of, told, visits
from tests.edge_cases.story import AUCKLAND, NEW_YORK, instant
from tests.operations.conduct.forum import balances

HONOLULU = "Pacific/Honolulu"


def daily(more: str = "") -> Program:
    return club(f"streaks:\n  daily: {{title: Come daily., of: [visit]{more}}}\n")


def test_edge_33__today_is_not_over__alive_until_midnight_where_she_lives(database: Engine) -> None:
    zone = told("member.zone", "2026-01-05 00:00", clocks=NEW_YORK, zone=NEW_YORK)
    lives(database, daily(), zone, *visits(5, 6, 7, hour="21:00", clocks=NEW_YORK))

    late = streak_of(database, "2026-01-08 23:59:59", clocks=NEW_YORK)
    assert (late.length, late.is_filled, late.alive_until) == (3, False, instant("2026-01-09 00:00", NEW_YORK))
    gone = streak_of(database, "2026-01-09 00:00:00", clocks=NEW_YORK)
    assert (gone.length, gone.longest) == (0, 3)


def test_edge_34__day_ends_at_three__honoured(database: Engine) -> None:
    program = daily(', day_ends: "03:00"')
    night = [act("visited", f"2026-01-{day:02} {hour}") for day, hour in ((5, "22:00"), (7, "02:59"), (7, "03:00"))]
    lives(database, program, *night)

    assert streak_of(database, "2026-01-07 12:00").length == 3
    assert streak_of(database, "2026-01-09 02:59:59").length == 3
    assert streak_of(database, "2026-01-09 03:00:00").length == 0


@pytest.mark.parametrize("there", [HONOLULU, NEW_YORK, AUCKLAND])
def test_edge_35__she_travels__no_day_is_lost(database: Engine, there: str) -> None:
    at_home, away = visits(5, 6, 7, hour="20:00"), visits(9, 10, 11, hour="20:00", clocks=there)
    on_the_way = [act("visited", "2026-01-08 09:00"), told("member.zone", "2026-01-08 10:00", zone=there)]
    lives(database, daily(), *at_home, *on_the_way, *away)

    found = streak_of(database, "2026-01-11 21:00", clocks=there)
    assert (found.length, [each.how for each in found.history]) == (7, [])


def test_edge_35__zone_changed_again_and_again__makes_no_day(database: Engine) -> None:
    hops = [
        told("member.zone", f"2026-01-05 {hour:02}:30", zone=AUCKLAND if hour % 2 else HONOLULU)
        for hour in range(1, 23)
    ]
    all_day = [act("visited", f"2026-01-05 {hour:02}:00") for hour in range(24)]
    lives(database, daily(), *hops, *all_day)

    assert streak_of(database, "2026-01-05 23:59").longest <= 2


def test_edge_36__missed_day_with_a_freeze__used_and_shown(database: Engine) -> None:
    lives(database, daily(", freezes: {initial: 1, most: 1}"), *visits(5, 6, 8))

    found = streak_of(database, "2026-01-09 12:00")
    assert (found.length, found.freezes) == (3, 0)
    assert [(each.day, each.how) for each in found.history] == [("2026-01-07", "frozen")]
    assert streak_of(database, "2026-01-10 00:00").length == 0


def test_edge_37__support_gives_it_back__lives_to_the_end_of_the_next_day(database: Engine) -> None:
    lives(database, daily(), *visits(5, 6, 7))
    assert streak_of(database, "2026-01-10 21:00").length == 0

    lives(database, daily(), told("streak.restored", "2026-01-10 22:00", streak="daily"))

    assert streak_of(database, "2026-01-10 23:59").length == 3
    assert streak_of(database, "2026-01-11 23:59:59").length == 3
    assert streak_of(database, "2026-01-12 00:00").length == 0
    lives(database, daily(), *visits(11))
    assert streak_of(database, "2026-01-12 23:59").length == 4


def test_edge_37__late_act_makes_it_whole__lives_to_the_end_of_the_next_day(database: Engine) -> None:
    program = daily(", late_days: 3, rewards: {4: 30}")
    lives(database, program, *visits(5, 6), by="2026-01-07 01:00")
    assert streak_of(database, "2026-01-09 09:00").length == 0

    lives(database, program, *visits(7), by="2026-01-09 10:00")

    found = streak_of(database, "2026-01-09 11:00")
    assert (found.length, found.alive_until) == (3, instant("2026-01-11 00:00"))
    assert [(each.day, each.how) for each in streak_of(database, "2026-01-10 11:00").history] == [
        ("2026-01-08", "excused"), ("2026-01-09", "excused"),
    ]  # fmt: skip
    assert streak_of(database, "2026-01-11 00:00").length == 0
    lives(database, program, *visits(10), by="2026-01-10 13:00")
    assert streak_of(database, "2026-01-11 12:00").length == 4
    assert balances(database)["ann", "available", "points"] == 4 * 5 + 30
    with reading(database) as tx:
        assert verify(tx, now=UnixSeconds(instant("2026-01-11 12:00"))).findings == []


@pytest.mark.parametrize(("late", "told"), [("", "2026-01-09 10:00"), (", late_days: 1", "2026-01-09 10:00")])
def test_edge_37__late_act_beyond_what_is_said__as_if_it_had_come_in_time(
    database: Engine, late: str, told: str
) -> None:
    lives(database, daily(late), *visits(5, 6), by="2026-01-07 01:00")
    lives(database, daily(late), *visits(7), by=told)

    assert streak_of(database, "2026-01-09 11:00").length == 0
    assert streak_of(database, "2026-01-09 11:00").longest == 3


def test_edge_38__late_event_of_the_missed_day__repaired_with_its_reward_and_its_freeze(database: Engine) -> None:
    program = daily(", freezes: {initial: 1, most: 1}, rewards: {4: 30}")
    lives(database, program, *visits(5, 6, 8))
    assert streak_of(database, "2026-01-09 12:00").freezes == 0
    assert balances(database)["ann", "available", "points"] == 15

    lives(database, program, *visits(7))

    found = streak_of(database, "2026-01-09 12:00")
    assert (found.length, found.freezes, found.history) == (4, 1, ())
    assert balances(database)["ann", "available", "points"] == 20 + 30
