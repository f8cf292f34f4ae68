"""expires_at, inactive_at

given months or days
    they are counted on the calendar of the programme's zone, to the same local time (EDGE 29)
    when the month is too short
        it is its last day
given the end of a day, month, quarter, half-year or year, or a day of the year
    it is the first instant after it in the zone, so that its last day counts (EDGE 25)
given no expiry
    it is never
given a rule with an expiry of its own
    it counts instead of the programme's
given a time that calendars do not reach
    it raises InvalidEvent
given a later time of earning
    it is never an earlier expiry
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.expiry import expires_at, inactive_at
from loyaltychain.program.lifetime import EndOf, Lifetime
from loyaltychain.program.types import Expiry, Inactivity
from tests.program.builders import make_program

LONDON, AUCKLAND = "Europe/London", "Pacific/Auckland"


def instant(text: str, zone: str = LONDON) -> UnixSeconds:
    return UnixSeconds(int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()))


def found(earned: str, *, zone: str = LONDON, months: int | None = None, days: int | None = None,
          end_of: EndOf | None = None, on: str | None = None) -> str:  # fmt: skip
    program = make_program(timezone=zone, expiry=Expiry(months, days, end_of, 30, on=on))
    expiry = expires_at(program, instant(earned, zone))
    assert expiry is not None
    return datetime.fromtimestamp(expiry, ZoneInfo(zone)).replace(tzinfo=None).isoformat(" ", "minutes")


@pytest.mark.parametrize(
    ("earned", "terms", "expiry"),
    [
        ("2026-01-31 10:00", {"months": 1}, "2026-02-28 10:00"),
        ("2024-01-31 10:00", {"months": 1}, "2024-02-29 10:00"),
        ("2026-11-30 10:00", {"months": 3}, "2027-02-28 10:00"),
        ("2026-03-28 09:00", {"days": 1}, "2026-03-29 09:00"),  # clocks go forward in the night between
        ("2026-10-24 09:00", {"days": 1}, "2026-10-25 09:00"),  # and back
        ("2026-05-05 09:00", {"days": 10, "end_of": "day"}, "2026-05-16 00:00"),
        ("2025-12-31 23:59", {"months": 12, "end_of": "day"}, "2027-01-01 00:00"),
        ("2025-12-15 09:00", {"months": 12, "end_of": "year"}, "2027-01-01 00:00"),
        ("2025-12-15 09:00", {"months": 12, "end_of": "month"}, "2027-01-01 00:00"),
        ("2026-01-31 09:00", {"months": 1, "end_of": "month"}, "2026-03-01 00:00"),
        ("2026-01-15 09:00", {"months": 1, "end_of": "quarter"}, "2026-04-01 00:00"),
        ("2026-11-15 09:00", {"days": 1, "end_of": "quarter"}, "2027-01-01 00:00"),
        ("2026-06-29 09:00", {"days": 1, "end_of": "half_year"}, "2026-07-01 00:00"),
        ("2026-06-30 09:00", {"days": 1, "end_of": "half_year"}, "2027-01-01 00:00"),
        ("2026-05-05 09:00", {"on": "12-31"}, "2027-01-01 00:00"),
        ("2026-12-31 23:59", {"on": "12-31"}, "2027-01-01 00:00"),
        ("2026-07-01 00:00", {"on": "06-30"}, "2027-07-01 00:00"),
        ("2026-01-31 09:00", {"months": 1, "on": "02-28"}, "2026-03-01 00:00"),
        ("2026-03-31 09:00", {"months": 12, "on": "03-30"}, "2028-03-31 00:00"),
        ("2026-09-30 23:00", {"days": 1, "end_of": "quarter"}, "2027-01-01 00:00"),
    ],
)
def test_expires_at__calendar__of_the_zone(earned: str, terms: dict[str, object], expiry: str) -> None:
    assert found(earned, **terms) == expiry  # type: ignore[arg-type]
    assert found(earned, zone=AUCKLAND, **terms) == expiry  # type: ignore[arg-type]


def test_expires_at__end_of_the_last_of_december__not_a_day_early_in_utc() -> None:
    program = make_program(timezone="America/New_York", expiry=Expiry(12, None, "year", 30))
    expiry = expires_at(program, instant("2025-06-01 12:00", "America/New_York"))

    assert expiry == int(datetime(2027, 1, 1, 5, tzinfo=UTC).timestamp())


def test_expires_at__programme_without_expiry__never() -> None:
    assert expires_at(make_program(), UnixSeconds(0)) is None


def test_expires_at__own_of_a_rule__instead_of_the_programmes() -> None:
    program, earned_at = make_program(expiry=Expiry(12, None, "year", 30)), instant("2026-01-31 10:00")

    assert expires_at(program, earned_at, own=Lifetime(months=1)) == instant("2026-02-28 10:00")
    assert expires_at(program, earned_at, own=Lifetime()) is None
    assert expires_at(make_program(), earned_at, own=Lifetime(on="12-31")) == instant("2027-01-01 00:00")


def test_inactive_at__months_or_days__on_the_calendar() -> None:
    last = instant("2026-01-31 10:00")

    assert inactive_at(Inactivity(13, None, 30), LONDON, last) == instant("2027-02-28 10:00")
    assert inactive_at(Inactivity(None, 90, 30), LONDON, last) == instant("2026-05-01 10:00")  # clocks went forward


@pytest.mark.parametrize("earned_at", [253_402_300_000, 10**15])
def test_expires_at__beyond_the_calendar__refused(earned_at: int) -> None:
    with pytest.raises(errors.InvalidEvent, match="too far away"):
        expires_at(make_program(expiry=Expiry(1, None, "year", 30)), UnixSeconds(earned_at))


@given(
    st.integers(0, 4_000_000_000),
    st.integers(0, 40_000_000),
    st.sampled_from([(1, None), (12, None), (None, 1), (None, 365)]),
    st.sampled_from([None, "day", "month", "quarter", "half_year", "year", "12-31", "02-28"]),
)
def test_expires_at__later__never_earlier(
    earned_at: int, more: int, after: tuple[int | None, int | None], end: str | None
) -> None:
    end_of, on = (None, end) if end is not None and "-" in end else (end, None)
    program = make_program(expiry=Expiry(*after, end_of, 30, on=on))  # type: ignore[arg-type]
    first, second = (expires_at(program, UnixSeconds(at)) for at in (earned_at, earned_at + more))

    assert first is not None and second is not None
    assert earned_at < first
    if end is not None:  # to the second, the hour that clocks repeat may change places
        assert first <= second
