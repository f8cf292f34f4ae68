"""Instants, cursors and strict JSON by themselves
├── given any instant: written and read back it is the same; any offset and fraction name the second they lie in
├── given a place in a list: its cursor names it and no other
└── given any JSON value in any spelling: read as the same value with the same encoding; nesting is bounded
"""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.api.cursor import make_cursor, parse_cursor
from loyaltychain.api.instants import parse_instant
from loyaltychain.api.problems import Problem
from loyaltychain.api.strict_json import NESTING_MAX, parse_body
from loyaltychain.core.times import format_instant

LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
JSON = st.recursive(
    LEAF, lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=4), part), max_leaves=20
)


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


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.text().filter(lambda text: "\0" not in text and len(text) < 90))
def test_cursor__names_its_place(number: int, text: str) -> None:
    cursor = make_cursor(number, text)

    assert parse_cursor(cursor, int, str) == (number, text)
    for kinds in ((int,), (str, int), (int, str, int)):
        with pytest.raises(Problem):
            parse_cursor(cursor, *kinds)


@given(st.text())
def test_cursor__any_text__is_a_place_or_a_problem(text: str) -> None:
    with suppress(Problem):
        number, name = parse_cursor(text, int, str)
        assert (type(number), type(name)) == (int, str)


@pytest.mark.parametrize("text", ["\0", "\ud800"])
def test_cursor__text_that_no_database_takes__problem(text: str) -> None:
    with pytest.raises(Problem):
        parse_cursor(make_cursor(1, text), int, str)


def test_json__key_twice_in_a_large_object__named() -> None:
    names = [f"{number:x}" for number in range(100_000)]
    body = "{" + ",".join(f'"{name}":1' for name in [*names, names[-1]]) + "}"

    with pytest.raises(ValueError, match="'1869f' twice"):
        parse_body(body.encode())


@given(JSON, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_json__any_spelling__is_one_value(value: Any, is_ascii: bool, indent: Any) -> None:
    body = json.dumps(value, ensure_ascii=is_ascii, indent=indent)
    read, same = parse_body(body.encode())

    assert (read, json.loads(same)) == (value, value)
    assert parse_body(json.dumps(value, separators=(" ,", ": ")).encode())[1] == same


@pytest.mark.parametrize(("open_", "close"), [("[", "]"), ('{"a":', "}")])
def test_json__nesting__is_bounded(open_: str, close: str) -> None:
    def nested(depth: int) -> bytes:
        return (open_ * depth + "1" + close * depth).encode()

    parse_body(nested(NESTING_MAX))
    for depth in (NESTING_MAX + 1, 65, 100_000):
        with pytest.raises(ValueError, match="deeper"):
            parse_body(nested(depth))
