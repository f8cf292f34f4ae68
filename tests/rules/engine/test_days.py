"""Days and periods agree with the zone database and the calendar, at every instant."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.rules.engine.days import make_days, period_of

ZONES = [
    "UTC", "Europe/London", "America/St_Johns", "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Chatham",
    "Asia/Kathmandu", "Africa/Casablanca", "America/Sao_Paulo", "Etc/GMT+12", "Antarctica/Troll", "Asia/Amman",
]  # fmt: skip


@given(st.sampled_from(ZONES), st.integers(min_value=0, max_value=4_000_000_000))
def test_a_day_is_what_clocks_there_say(zone: str, at: int) -> None:
    assert make_days(zone)(at) == datetime.fromtimestamp(at, ZoneInfo(zone)).toordinal()


@pytest.mark.parametrize("zone", ZONES)
def test_every_midnight_of_two_years_with_its_changes_of_clocks(zone: str) -> None:
    day_of, place = make_days(zone), ZoneInfo(zone)
    start = int(datetime(2006, 1, 1, tzinfo=UTC).timestamp())
    for quarter in range(0, 730 * 96, 2):
        at = start + quarter * 900
        assert day_of(at) == datetime.fromtimestamp(at, place).toordinal(), at


def test_pacific_apia_left_out_a_day() -> None:
    day_of = make_days("Pacific/Apia")
    before = int(datetime(2011, 12, 30, 9, 59, 59, tzinfo=UTC).timestamp())
    assert (date.fromordinal(day_of(before)), date.fromordinal(day_of(before + 1))) == (
        date(2011, 12, 29), date(2011, 12, 31),
    )  # fmt: skip


@given(st.dates(min_value=date(1970, 1, 1), max_value=date(2200, 1, 1)))
def test_periods_change_where_the_calendar_says(on: date) -> None:
    day, next_day = on.toordinal(), on.toordinal() + 1
    after = on + timedelta(days=1)
    assert (period_of(day, "week") != period_of(next_day, "week")) == (after.weekday() == 0)
    assert (period_of(day, "month") != period_of(next_day, "month")) == (after.day == 1)
    assert (period_of(day, "year") != period_of(next_day, "year")) == (after.day == 1 and after.month == 1)
    assert period_of(day, "ever") == period_of(next_day, "ever")
    assert period_of(next_day, "day") == period_of(day, "day") + 1


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_beyond_the_calendars_ends_it_is_the_last_day_that_there_is(zone: str) -> None:
    day_of = make_days(zone)
    assert (day_of(-(10**12)), day_of(10**12)) == (date(2, 1, 1).toordinal(), date(9998, 1, 1).toordinal())
