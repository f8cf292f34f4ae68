"""Instants and cursors by themselves
├── given any instant: written and read back it is the same; any offset and fraction name the second they lie in
└── given a place in a list: its cursor names it and no other
"""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.api.cursor import make_cursor, parse_cursor
from loyaltychain.api.instants import parse_instant
from loyaltychain.api.problems import Problem
from loyaltychain.core.times import format_instant


@given(st.integers(0, 253_402_300_799))
def test_instant__written_and_read__is_the_same(at: int) -> None:
    assert parse_instant(format_instant(at)) == at


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(9998, 1, 1)),  # noqa: DTZ001 - the offset is drawn
    st.integers(-1439, 1439),
)
def test_instant__any_offset_and_fraction__is_the_second_it_lies_in(local: datetime, minutes: int) -> None:
    moment = local.replace(tzinfo=timezone(timedelta(minutes=minutes)))

    assert parse_instant(moment.isoformat()) == (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


@pytest.mark.parametrize(
    "text",
    ["", "2026-01-05", "2026-01-05T10:00:00", "2026-01-05 10:00:00Z", "2026-01-05T10:00Z", "20260105T100000Z",
     "2026-13-05T10:00:00Z", "2026-01-05T24:00:01Z", "2026-01-05T10:00:60Z", "2026-01-05T10:00:00+24:00",
     "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00Z", "2026-01-05T10:00:00z",
     "2026-01-05T10:00:00Z\n",
     "２０２６-01-05T10:00:00Z", "2026-W01-1T10:00:00Z"],
)  # fmt: skip
def test_instant__anything_else__is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_instant(text)


KEY, OTHER = b"k" * 32, b"o" * 32


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.text(max_size=90), st.text(max_size=20), st.data())
def test_cursor__names_its_place__in_its_list_alone(number: int, text: str, listed: str, data: st.DataObject) -> None:
    cursor = make_cursor(KEY, listed, number, text)

    assert parse_cursor(KEY, listed, cursor, int, str) == (number, text)
    for key, of, kinds in ((KEY, listed, (int,)), (KEY, listed, (str, int)), (OTHER, listed, (int, str)),
                           (KEY, listed + "x", (int, str))):  # fmt: skip
        with pytest.raises(Problem):
            parse_cursor(key, of, cursor, *kinds)
    place = data.draw(st.integers(0, len(cursor) - 2))  # the last letter may hold bits that mean nothing
    changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
    with pytest.raises(Problem):
        parse_cursor(KEY, listed, changed, int, str)


@given(st.text())
def test_cursor__any_text__is_a_problem(text: str) -> None:
    with pytest.raises(Problem):
        parse_cursor(KEY, "a list", text, int, str)
