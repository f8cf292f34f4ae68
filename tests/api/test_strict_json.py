"""A request's body as JSON
├── given any JSON value in any spelling: both readers read the same value and encode it alike
├── given any bytes: the fast reader reads what the slow one reads, or leaves it to it
├── given a key named twice, however it is spelt or hidden: refused by name
├── given integers of any size: read exactly, and said to be inexact beyond 2**53 - 1
├── given NaN, infinities, half a surrogate pair, no UTF-8: refused
├── given an object of very many keys: refused
└── given any nesting: bounded, and never a crash
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.api import strict_json
from loyaltychain.api.strict_json import EXACT_MAX, KEYS_MAX, NESTING_MAX, parse_body

LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([EXACT_MAX, EXACT_MAX + 1, -EXACT_MAX - 1, 2**63, 2**64 - 1, 2**64, -(2**63) - 1, 0.1, -0.0])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from([":", "\\u003a", "a:b", "\0", "\x7f", "😀"])
)
JSON = st.recursive(
    LEAF, lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=4), part), max_leaves=20
)
PIECES = st.sampled_from(
    [b"\xef\xbb\xbf", b'{"a":1', b',"a":2', b',"b":":"', b"}", b"[", b"]", b"1e400", b"1e308", b"-0",
     b"\\u003a", b'"\\u003A"', b'"a"',
     b"\xff", b'"\\ud800"', b'"\\ud83d\\ude00"', b"NaN", b"Infinity", b" ", b"\t", b",", b":", b"1", b"01", b"1.",
     b"\0",
     b"12345678901234567890123", b"true", b"null", b'{"a":{"b":1,"b":2}}']
)  # fmt: skip


@given(JSON, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_any_spelling__is_one_value_to_both_readers(value: Any, is_ascii: bool, indent: Any) -> None:
    body = json.dumps(value, ensure_ascii=is_ascii, indent=indent).encode()
    parsed = parse_body(body)

    assert same(parsed.value, value)
    assert same(json.loads(parsed.same), value)
    assert parse_body(json.dumps(value, separators=(" ,", ": ")).encode()).same == parsed.same
    assert strict_json._parse_slowly(body) == parsed
    assert parsed.is_exact == all(abs(number) <= EXACT_MAX for number in integers(value))


@given(st.lists(PIECES, max_size=8).map(b"".join) | st.binary(max_size=30))
def test_any_bytes__the_fast_reader_never_reads_what_the_slow_one_does_not(body: bytes) -> None:
    fast = strict_json._parse_plain(body)
    if fast is not None:
        assert strict_json._parse_slowly(body) == fast


@pytest.mark.parametrize(
    "body",
    [b'{"a":1,"a":1}', b'{"a":1,"\\u0061":1}', b'{"a":1,"a":"\\u003a"}', b'{"a":1,"a":"\\u003A"}',
     b'[{"x":{"a":1,"a":":"}}]', b'{"a":{"a":1},"a":{"b":1}}'],
)  # fmt: skip
def test_key_named_twice__is_refused_by_name(body: bytes) -> None:
    with pytest.raises(ValueError, match="'a' twice"):
        parse_body(body)


@given(JSON, st.text(max_size=4), JSON, JSON)
def test_key_named_twice__with_any_values__is_refused(around: Any, name: str, first: Any, second: Any) -> None:
    spelt = json.dumps(name)
    twice = f"{{{spelt}:{json.dumps(first)},{spelt}:{json.dumps(second)}}}"

    with pytest.raises(ValueError, match="twice"):
        parse_body(f"[{json.dumps(around)},{twice}]".encode())


def test_key_named_twice__in_a_large_object__is_named() -> None:
    names = [f"{number:x}" for number in range(100_000)]
    body = "{" + ",".join(f'"{name}":1' for name in [*names, names[-1]]) + "}"

    with pytest.raises(ValueError, match="'1869f' twice"):
        parse_body(body.encode())


@pytest.mark.parametrize(
    "body", [b"NaN", b"[-Infinity]", b"1e400", b"[-1e999]", b'"\\ud800"', b'"\\udfff\\ud800"', b'"\xff"', b"", b"{",
             b"\xef\xbb\xbf{}", b'"\0"', b"01", b"9" * 9_000]
)  # fmt: skip
def test_what_is_no_json__is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        parse_body(body)


def test_object__of_very_many_keys__is_refused() -> None:
    def wide(count: int) -> bytes:
        return json.dumps({"a": {str(number): 1 for number in range(count)}}).encode()

    parse_body(wide(KEYS_MAX))
    with pytest.raises(ValueError, match="more than 1,000 keys"):
        parse_body(wide(KEYS_MAX + 1))


@pytest.mark.parametrize(("open_", "close"), [("[", "]"), ('{"a":', "}")])
def test_nesting__is_bounded(open_: str, close: str) -> None:
    def nested(depth: int) -> bytes:
        return (open_ * depth + "1" + close * depth).encode()

    parse_body(nested(NESTING_MAX))
    for depth in (NESTING_MAX + 1, 65, 100_000):
        with pytest.raises(ValueError, match="deeper"):
            parse_body(nested(depth))


def same(one: Any, other: Any) -> bool:
    """Alike in kind too: 1 is not 1.0, which is not True."""
    return repr(one) == repr(other) or (
        one == other and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    )


def integers(value: Any) -> list[int]:
    if isinstance(value, dict):
        return [number for part in value.values() for number in integers(part)]
    if isinstance(value, list):
        return [number for part in value for number in integers(part)]
    return [value] if type(value) is int else []
