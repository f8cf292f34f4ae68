"""ZonedDays, ZonedPeriods

given any zone, any end of the day and any instant
    the day of the instant begins at or before it and ends after it
    local clocks show the date, unless they jump at that hour
given clocks that go back over the end of a day
    the day that has begun does not end a second time
given a date that a zone left out
    it is a day without any length
given weeks and months
    they begin on Mondays and on the first
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.rules.engine.zoned_days import ZonedPeriods, first_day, zoned_days, zoned_periods

ZONES = [
    "UTC", "Europe/London", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Pacific/Apia",
    "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca", "America/Nuuk", "America/Havana",
]  # fmt: skip
instants = st.integers(0, 2_500_000_000)


def at(text: str, zone: str) -> UnixSeconds:
    return UnixSeconds(int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()))


@given(zone=st.sampled_from(ZONES), ends=st.sampled_from([0, 30, 90, 180, 720, 1439]), instant=instants)
def test_an_instant_lies_within_its_day(zone: str, ends: int, instant: int) -> None:
    days = zoned_days(zone, ends)
    day = days.day_of(UnixSeconds(instant))
    assert days.start_of(day) <= instant < days.start_of(day + 1)


@given(zone=st.sampled_from(ZONES), ends=st.sampled_from([0, 180, 720]), instant=instants)
def test_local_clocks_show_the_date(zone: str, ends: int, instant: int) -> None:
    local = datetime.fromtimestamp(instant, ZoneInfo(zone))
    nearby = {
        datetime.fromtimestamp(instant + hours * 3600, ZoneInfo(zone)).utcoffset() for hours in (-30, -3, 0, 3, 30)
    }
    if len(nearby) == 1:
        shown = local.replace(tzinfo=None) - timedelta(minutes=ends)
        assert zoned_days(zone, ends).day_of(UnixSeconds(instant)) == shown.toordinal()


@given(zone=st.sampled_from(ZONES), first=instants, later=st.integers(0, 200_000))
def test_days_never_go_back(zone: str, first: int, later: int) -> None:
    days = zoned_days(zone, 90)
    assert days.day_of(UnixSeconds(first)) <= days.day_of(UnixSeconds(first + later))


def test_clocks_that_go_back_over_the_end_of_a_day_do_not_end_it_twice() -> None:
    days = zoned_days("Europe/London", 90)  # 01:30 is there twice on 25 October 2026
    first = at("2026-10-25T01:30:00", "Europe/London")
    assert days.day_of(UnixSeconds(first - 1)) == date(2026, 10, 24).toordinal()
    assert {days.day_of(UnixSeconds(first + minutes * 60)) for minutes in (0, 31, 59, 61)} == {
        date(2026, 10, 25).toordinal()
    }


def test_a_date_that_was_left_out_has_no_length() -> None:
    periods = zoned_periods("Pacific/Apia", 0, "day")
    left_out = date(2011, 12, 30).toordinal()
    assert not periods.exists(left_out)
    assert periods.exists(left_out - 1) and periods.exists(left_out + 1)
    assert periods.days.day_of(UnixSeconds(periods.end_of(left_out - 1) - 1)) == left_out - 1
    assert periods.days.day_of(periods.end_of(left_out - 1)) == left_out + 1


@pytest.mark.parametrize("period", ["week", "month"])
def test_weeks_begin_on_mondays_and_months_on_the_first(period: str) -> None:
    periods = ZonedPeriods(zoned_days("Europe/London"), "week" if period == "week" else "month")
    number = periods.number_of(at("2026-03-15T12:00:00", "Europe/London"))
    first = date.fromordinal(first_day(number, periods.period))
    assert first == (date(2026, 3, 9) if period == "week" else date(2026, 3, 1))
    assert periods.start_of(number) == at(f"{first}T00:00:00", "Europe/London")
    assert periods.number_of(periods.end_of(number)) == number + 1
