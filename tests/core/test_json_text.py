"""parse_json
├── given JSON: it reads as the standard library does, also with many brackets side by side or in strings
├── given nesting up to the limit: it reads
└── given deeper nesting, closed or not, objects or lists: it raises ValueError, whatever the recursion limit
"""

import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core.json_text import NESTING_MAX, parse_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


@settings(deadline=None, max_examples=200)
@given(values)
def test_parse_json__any_value__as_the_standard_library(value: object) -> None:
    assert parse_json(json.dumps(value)) == value


def test_parse_json__brackets_in_strings_and_side_by_side__read() -> None:
    flat = [[] for _ in range(500)]
    assert parse_json(json.dumps(flat)) == flat
    text = {"a": '[{"\\' * 500, "b": ["\\"] * 100}
    assert parse_json(json.dumps(text)) == text


def test_parse_json__at_the_limit__reads() -> None:
    assert parse_json("[" * NESTING_MAX + "]" * NESTING_MAX) == json.loads("[" * NESTING_MAX + "]" * NESTING_MAX)


@pytest.mark.parametrize(
    "deep", ["[" * 200_000, "[" * 65 + "]" * 65, '{"a":' * 65 + "1" + "}" * 65, '"\\"' + "[{" * 99]
)
def test_parse_json__deeper__raises_value_error(deep: str) -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        with pytest.raises(ValueError, match=r"nested deeper than 64|JSON|Unterminated"):
            parse_json(deep)
    finally:
        sys.setrecursionlimit(limit)
