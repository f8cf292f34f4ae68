"""Backoff
├── given failures: each wait is from half to the whole of a step that doubles up to the longest
├── given an answer: it begins anew
└── given a node's own wish: as long, and ten minutes at most
parse_retry_after
├── given seconds, or a date beside the answer's own: seconds, never below zero
└── given neither: none
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.chain.backoff import ASKED_MAX, Backoff, parse_retry_after


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=60))
def test_backoff__failures__waits_double_with_chance(chances: list[float]) -> None:
    left = iter(chances)
    backoff = Backoff(first=0.5, longest=30.0, clock=lambda: 1000.0, chance=lambda: next(left))
    assert backoff.left() == 0

    for failures in range(len(chances)):
        backoff.fail()
        step = min(0.5 * 2**failures, 30.0)
        assert step / 2 <= round(backoff.left(), 9) <= step
    backoff.succeed()
    assert backoff.left() == 0


@pytest.mark.parametrize(("asked", "left"), [(0.0, 1.0), (7.0, 7.0), (10_000.0, ASKED_MAX)])
def test_backoff__a_wish__counts_if_it_is_longer(asked: float, left: float) -> None:
    backoff = Backoff(first=1.0, longest=1.0, clock=lambda: 0.0, chance=lambda: 1.0)
    backoff.fail(asked=asked)
    assert backoff.left() == left


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("7", None, 7.0),
        (" 0 ", None, 0.0),
        ("99999999", None, ASKED_MAX),
        ("Thu, 01 Jan 2026 00:00:30 GMT", "Thu, 01 Jan 2026 00:00:00 GMT", 30.0),
        ("Thu, 01 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:30 GMT", 0.0),
        ("Thu, 01 Jan 2026 00:00:30 GMT", None, None),
        (None, None, None),
        ("soon", None, None),
        ("-5", None, None),
        ("1.5", None, None),
        ("٣", None, None),
    ],
)
def test_parse_retry_after__as_the_header_says(value: str | None, date: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, date=date) == seconds
