"""Streaks of members who travel

given a member who acts once on each of her own days, wherever she is
    EDGE 35: travelling west or east never costs a day, over the date line neither
    nor do clocks that change, or a date that a zone leaves out
given any changes of zone and any acts
    EDGE 35: they mint no days: the length is what the calendar allows, and two days at most
given changes that come fast
    one counts in seven days, the last of the others when these are over
given changes that come late, in any order
    the streak is the same
"""

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.achievements import Streak
from loyaltychain.rules.engine.status import status
from loyaltychain.rules.engine.types import Fact
from tests.rules.engine.arrivals import Arrivals
from tests.rules.engine.making import MONDAY, Decisions, fact, fold_all
from tests.rules.engine.streaking import act, at, engine_with, standing, told

ZONES = [
    "UTC", "Europe/London", "America/New_York", "America/Los_Angeles", "Pacific/Auckland", "Pacific/Kiritimati",
    "Pacific/Pago_Pago", "Asia/Tokyo", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham",
]  # fmt: skip
DAILY = engine_with(Streak("daily", "Act.", ("reply",)))
DAY, HOUR = 86_400, 3600

Stay = tuple[int, str]  # from when, in hours after the start, and where


def instant_of(day: date, minute: int, zone: str) -> int:
    local = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=ZoneInfo(zone))
    return int(local.timestamp())


def lived(stays: list[Stay], minutes: list[int], start: int) -> list[Fact]:
    """One act on each of her days at that day's minute, if she lived that; and her word on each change of zone."""
    ends = [hours for hours, _ in stays[1:]] + [stays[-1][0] + 24 * 10]
    facts = []
    for number, ((begins, zone), end) in enumerate(zip(stays, ends, strict=True)):
        first, last = start + begins * HOUR, start + end * HOUR
        facts.append(fact(f"zone-{number}", first - MONDAY, "loyaltychain.member.zone", {"zone": zone}))
        day = datetime.fromtimestamp(first, ZoneInfo(zone)).date()
        for offset in range((end - begins) // 24 + 3):
            on = day + timedelta(days=offset)
            when = instant_of(on, minutes[on.toordinal() % len(minutes)], zone)
            if first <= when < last:
                facts.append(fact(f"act-{number}-{on}", when - MONDAY))
    return facts


def offset_at(zone: str, when: int) -> timedelta:
    return datetime.fromtimestamp(when, ZoneInfo(zone)).utcoffset() or timedelta()


@st.composite
def journeys(draw: st.DrawFn) -> tuple[int, list[Stay]]:
    """Stays in zones, of which two to the east lie at least seven days apart."""
    start = MONDAY + draw(st.integers(0, 300)) * DAY
    stays: list[Stay] = [(0, draw(st.sampled_from(ZONES)))]
    last_east = -7 * 24
    for _ in range(draw(st.integers(0, 5))):
        hours = stays[-1][0] + draw(st.integers(1, 24 * 9))
        zone = draw(st.sampled_from(ZONES))
        when = start + hours * HOUR
        if offset_at(zone, when) > offset_at(stays[-1][1], when):
            hours = max(hours, last_east + 7 * 24)
            last_east = hours
        stays.append((hours, zone))
    return start, stays


@given(journey=journeys(), minutes=st.lists(st.integers(0, 1439), min_size=1, max_size=7))
def test_edge_35_travelling_never_costs_a_day(journey: tuple[int, list[Stay]], minutes: list[int]) -> None:
    start, stays = journey
    facts = lived(stays, minutes, start)
    state = DAILY.new_state()
    shared, longest = Decisions(), 0
    for each in sorted(facts, key=lambda each: each.key):
        DAILY.apply(state, each, shared)
        now = status(DAILY, state, each.at).streaks[0]
        assert now.length >= longest, (each, now)
        longest = max(longest, now.length)


@given(
    changes=st.lists(st.tuples(st.integers(0, 60 * 24), st.sampled_from(ZONES)), max_size=30),
    acts=st.lists(st.integers(0, 60 * 24), min_size=1, max_size=120),
)
def test_edge_35_changes_of_zone_mint_no_days(changes: list[Stay], acts: list[int]) -> None:
    facts = [fact(f"act-{hour}", hour * HOUR) for hour in set(acts)]
    facts += [
        fact(f"zone-{number}", hour * HOUR, "loyaltychain.member.zone", {"zone": zone})
        for number, (hour, zone) in enumerate(changes)
    ]
    elapsed = (max(acts) - min(acts)) // 24
    now = UnixSeconds(MONDAY + 61 * DAY)
    assert status(DAILY, fold_all(DAILY, facts).state, now).streaks[0].longest <= elapsed + 3


def test_edge_35_flying_over_the_date_line_skips_a_date_and_costs_nothing() -> None:
    zone = "Pacific/Pago_Pago"
    facts = [told("member.zone", "2026-01-01 12:00", zone, zone=zone)]
    facts += [act(f"2026-01-0{day} 12:00", zone) for day in (5, 6)]
    facts.append(told("member.zone", "2026-01-07 23:30", zone, zone="Pacific/Kiritimati"))  # there it is the 9th
    landed = standing(DAILY, facts, "2026-01-09 23:59", "Pacific/Kiritimati")
    assert landed.length == 2
    facts.append(act("2026-01-10 20:00", "Pacific/Kiritimati"))
    assert standing(DAILY, facts, "2026-01-10 21:00", "Pacific/Kiritimati").length == 3


def test_a_date_that_a_zone_leaves_out_is_not_missed() -> None:
    zone = "Pacific/Apia"
    facts = [told("member.zone", "2011-12-20 12:00", zone, zone=zone)]
    facts += [act(f"2011-12-{day} 12:00", zone) for day in (28, 29, 31)]
    assert standing(DAILY, facts, "2011-12-31 13:00", zone).length == 3


def test_edge_35_changes_that_come_fast_wait() -> None:
    facts = [
        told("member.zone", "2026-01-05 12:00", "UTC", zone="Asia/Tokyo"),
        told("member.zone", "2026-01-06 12:00", "UTC", zone="America/New_York"),
        told("member.zone", "2026-01-07 12:00", "UTC", zone="Europe/London"),
    ]
    state = fold_all(DAILY, facts).state
    before = status(DAILY, state, at("2026-01-12 11:59", "UTC"))
    after = status(DAILY, state, at("2026-01-12 12:00", "UTC"))
    assert (before.zone, before.next_zone) == ("Asia/Tokyo", "Europe/London")
    assert (after.zone, after.next_zone) == ("Europe/London", None)


def test_a_zone_that_does_not_exist_is_refused() -> None:
    state = fold_all(DAILY, [told("member.zone", "2026-01-05 12:00", "UTC", zone="Mars/Base")]).state
    found = status(DAILY, state, at("2026-01-05 13:00", "UTC"))
    assert (found.zone, [each["why"] for each in found.refused]) == ("UTC", ["there is no such zone"])


@given(
    journey=journeys(),
    minutes=st.lists(st.integers(0, 1439), min_size=1, max_size=3),
    random=st.randoms(use_true_random=False),
)
def test_the_order_of_arrival_does_not_matter(
    journey: tuple[int, list[Stay]], minutes: list[int], random: "object"
) -> None:
    facts = lived(journey[1][:3], minutes, journey[0])[:25]
    arrivals = Arrivals({"": DAILY, DAILY.version: DAILY}, DAILY, Decisions())
    shuffled = list(facts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for each in shuffled:
        arrivals.arrive(each)
    assert arrivals.state == fold_all(DAILY, facts).state


@given(
    days=st.sets(st.integers(0, 30)), zone=st.sampled_from(ZONES), minute=st.integers(0, 1439), ends=st.integers(0, 720)
)
def test_one_zone_is_as_good_as_another(days: set[int], zone: str, minute: int, ends: int) -> None:
    engine = engine_with(Streak("daily", "Act.", ("reply",), day_ends=ends), zone)
    start = date(2026, 3, 10)
    chosen = sorted(days)
    midnight = [instant_of(start + timedelta(days=day), 0, zone) + ends * 60 for day in chosen]
    facts = [
        fact(f"act-{day}", when + 4 * HOUR + minute * 30 - MONDAY) for day, when in zip(chosen, midnight, strict=True)
    ]
    runs, longest = 1, min(1, len(chosen))
    for before, after in pairwise(chosen):
        runs = runs + 1 if after == before + 1 else 1
        longest = max(longest, runs)
    now = UnixSeconds(instant_of(start + timedelta(days=40), 0, zone))
    assert status(engine, fold_all(engine, facts).state, now).streaks[0].longest == longest
