"""Streaks

given acts on days one after another
    EDGE 33: today is not over: the streak is alive until the end of the day where the member lives
    EDGE 34: a day ends when the programme says that it does
    rewards are given at their lengths, each time that a run reaches them
given grace
    an act that comes so much later counts for the day before, when that has none
given two behaviours and a least number of acts
    a day is filled when its condition is met
given weeks and months
    they follow one another
given two members who become one
    EDGE 64: the longer run wins, never both together
given any days, freezes, grace and pauses
    a plain reading of the rules comes to the same
given the state in the middle
    what is folded from its document is the same
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.achievements import Freezes, Streak
from loyaltychain.rules.engine.engine import Engine
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.status import status
from loyaltychain.rules.engine.types import Fact
from tests.rules.engine.making import Decisions, fold_all
from tests.rules.engine.streaking import act, at, days, engine_with, rewards, standing, streak_engine, told

PLAIN = "period: day"


def test_edge_33_today_is_not_over_until_midnight_where_the_member_lives() -> None:
    engine = streak_engine(PLAIN)
    zone = told("member.zone", "2026-01-01 00:00", zone="America/New_York")
    facts = [zone, *[act(f"2026-01-0{day} 20:00", "America/New_York") for day in (5, 6, 7)]]
    late = standing(engine, facts, "2026-01-08 23:59", "America/New_York")
    assert (late.length, late.is_filled, late.alive_until) == (3, False, at("2026-01-09 00:00", "America/New_York"))
    assert standing(engine, facts, "2026-01-09 00:00", "America/New_York").length == 0
    assert standing(engine, facts, "2026-01-09 00:00", "America/New_York").longest == 3


def test_edge_34_a_custom_end_of_the_day_is_honoured() -> None:
    engine = streak_engine('period: day, day_ends: "03:00"')
    facts = [act("2026-01-05 22:00"), act("2026-01-07 02:59"), act("2026-01-07 03:00")]
    assert standing(engine, facts[:2], "2026-01-07 02:59").length == 2
    assert standing(engine, facts, "2026-01-07 12:00").length == 3
    assert standing(engine, facts, "2026-01-09 02:59").length == 3
    assert standing(engine, facts, "2026-01-09 03:00").length == 0


def test_rewards_are_given_at_their_lengths_in_each_run() -> None:
    engine = streak_engine("period: day, rewards: {2: 20, 3: 30}")
    folded = fold_all(engine, [*days(5, 8), *days(10, 11)])
    assert rewards(folded) == [("2", 20, None), ("3", 30, None), ("2", 20, None)]
    assert next(each.cause for each in folded.grants.values()) == f"app/reply-{at('2026-01-06 12:00')}"


def test_within_grace_an_act_counts_for_the_day_before_when_that_has_none() -> None:
    engine = streak_engine("period: day, grace_hours: 6")
    assert standing(engine, [*days(5, 5), act("2026-01-07 05:59")], "2026-01-07 06:00").length == 2
    assert standing(engine, [*days(5, 5), act("2026-01-07 06:00")], "2026-01-07 06:00").length == 1
    assert standing(engine, [*days(5, 6), act("2026-01-07 05:59")], "2026-01-07 06:00").is_filled
    assert standing(engine, days(5, 5), "2026-01-07 05:59").length == 1


@pytest.mark.parametrize(
    ("match", "least", "acts", "is_filled"),
    [
        ("any", 2, ["reply"], False),
        ("any", 2, ["reply", "reply"], True),
        ("any", 2, ["reply", "visit"], True),
        ("all", 1, ["reply", "reply"], False),
        ("all", 1, ["reply", "visit"], True),
        ("all", 2, ["reply", "visit", "visit"], False),
        ("all", 2, ["reply", "visit", "visit", "reply"], True),
    ],
)
def test_a_day_is_filled_when_its_condition_is_met(
    match: Literal["any", "all"], least: int, acts: list[str], is_filled: bool
) -> None:
    engine = engine_with(Streak("daily", "Act.", ("reply", "visit"), match=match, least=least))
    facts = [act(f"2026-01-05 10:{minute:02}", "UTC", kind) for minute, kind in enumerate(acts)]
    assert standing(engine, facts, "2026-01-05 13:00", "UTC").is_filled == is_filled


def test_weeks_and_months_follow_one_another() -> None:
    weekly = streak_engine("period: week")
    facts = [act("2026-01-11 23:00"), act("2026-01-12 01:00"), act("2026-01-25 23:00")]
    assert standing(weekly, facts, "2026-02-01 23:59").length == 3
    assert standing(weekly, facts, "2026-02-02 00:00").length == 0
    monthly = streak_engine("period: month")
    facts = [act("2026-01-31 23:00"), act("2026-02-01 01:00"), act("2026-03-31 23:00")]
    assert standing(monthly, facts, "2026-04-30 23:59").length == 3


def _merged(facts: list[Fact]) -> list[Fact]:
    return [replace(each, origin=MemberNumber(2), id=f"{each.id}-b") for each in facts]


@pytest.mark.parametrize(
    ("own", "others", "length"),
    [
        (days(1, 5), days(6, 10), 5),  # her own is lost at the merge; the other's five days are not ten
        (days(4, 10), days(8, 10), 7),
        (days(9, 10), days(5, 10), 6),
        (days(1, 3), days(1, 2), 0),
        ([], days(9, 10), 2),
    ],
)
def test_edge_64_of_two_members_who_become_one_the_longer_run_wins(
    own: list[Fact], others: list[Fact], length: int
) -> None:
    engine = streak_engine(PLAIN)
    merged = told("member.merged", "2026-01-10 20:00")
    facts = [*own, *_merged(others), merged]
    assert standing(engine, facts, "2026-01-10 21:00").length == length
    after = standing(engine, [*facts, *days(11, 11)], "2026-01-11 13:00")
    assert (after.length, after.longest >= max(len(own), len(others))) == (length + 1, True)


def _reference(active: set[int], paused: set[int], today: int, *, initial: int, every: int, most: int) -> int:
    """The length on ``today``, day by day from the first act, as one would explain it at a table."""
    length, freezes = 0, initial
    for day in range(min(active, default=today), today + 1):
        if day in active:
            length += 1
            if length % every == 0:
                freezes = min(freezes + 1, max(most, initial))
        elif day in paused or day == today or length == 0:
            continue
        elif freezes:
            freezes -= 1
        else:
            length = 0
    return length


@given(
    active=st.sets(st.integers(0, 40)),
    pause=st.tuples(st.integers(0, 40), st.integers(0, 10)),
    initial=st.integers(0, 2),
    every=st.integers(2, 5),
    most=st.integers(0, 3),
    today=st.integers(0, 45),
    minutes=st.integers(0, 1439),
)
def test_a_plain_reading_of_the_rules_comes_to_the_same(
    active: set[int], pause: tuple[int, int], initial: int, every: int, most: int, today: int, minutes: int
) -> None:
    engine = engine_with(Streak("daily", "Act.", ("reply",), freezes=Freezes(initial, every, most)))
    start, active = date(2026, 1, 1), {each for each in active if each <= today}
    first, last = (start + timedelta(days=each) for each in (pause[0], sum(pause)))
    facts = [
        act(f"{start + timedelta(days=day)} {minutes // 60:02}:{minutes % 60:02}", "UTC") for day in sorted(active)
    ]
    facts.append(told("streak.paused", "2026-01-01 00:00", "UTC", **{"from": str(first), "to": str(last)}))
    paused = set(range(pause[0], sum(pause) + 1))
    found = standing(engine, facts, f"{start + timedelta(days=today)} 23:59", "UTC")
    assert found.length == _reference(active, paused, today, initial=initial, every=every, most=most)


@given(days=st.sets(st.integers(1, 31)), initial=st.integers(0, 2), every=st.integers(2, 5))
def test_the_short_way_of_counting_comes_to_the_same_as_the_long_one(days: set[int], initial: int, every: int) -> None:
    freezes = Freezes(initial, every, 2)
    short, long = (
        engine_with(Streak("daily", "Act.", ("reply",), match=match, freezes=freezes), "Pacific/Apia")
        for match in ("any", "all")
    )
    facts = [act(f"2011-12-{day:02} 12:00", "Pacific/Apia") for day in sorted(days - {30})]
    for now in ("2011-12-31 23:00", "2012-01-02 12:00"):
        assert standing(short, facts, now, "Pacific/Apia") == standing(long, facts, now, "Pacific/Apia")


@given(offsets=st.lists(st.integers(0, 20 * 24), max_size=30), cut=st.integers(0, 30))
def test_what_is_folded_from_a_state_s_document_is_the_same(offsets: list[int], cut: int) -> None:
    engine: Engine = streak_engine("period: day, grace_hours: 5, freezes: {initial: 1, every: 3, most: 2}")
    facts = sorted(
        {(each := act(f"2026-01-{1 + hour // 24:02} {hour % 24:02}:30")).key: each for hour in offsets}.values(),
        key=lambda each: each.key,
    )
    whole, state = fold_all(engine, facts).state, engine.new_state()
    for index, each in enumerate(facts):
        if index == cut:
            state = State.from_document(state.to_document()).copy()
        engine.apply(state, each, Decisions())
    assert state == whole
    assert UnixSeconds(0) <= status(engine, state, at("2026-02-01 00:00")).at
