"""A request's body as a JSON value, or a refusal: JSON as RFC 8259 has it, and nothing that two readers read apart.

Two readers: a fast one for what it can show to be plain, and a slow one that refuses with a reason. They never differ
in what they read, and what the fast one cannot vouch for is the slow one's.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson

from loyaltychain.core.json_text import parse_json

NESTING_MAX = 32
KEYS_MAX = 1_000  # of one object: each unknown one is told of, and so costs many times its length
EXACT_MAX = 2**53 - 1  # of an integer that every reader of JSON reads alike (RFC 8785)

_DEEP, _LARGE, _INEXACT, _INFINITE, _WIDE = 1, 2, 4, 8, 16
_ESCAPED_COLON = re.compile(rb"\\u003a", re.IGNORECASE)


class Parsed(NamedTuple):
    """A body. ``same``: its one encoding with sorted keys, by which two bodies are compared."""

    value: Any
    same: bytes
    is_exact: bool  # every integer in it has an exact encoding


def parse_body(body: bytes) -> Parsed:
    """The value and its encoding.

    Raises ValueError for what is no UTF-8 or no JSON, for NaN and infinities, an object that names a key twice, half
    a surrogate pair, nesting deeper than ``NESTING_MAX``, and objects of more than ``KEYS_MAX`` keys.
    """
    return _parse_plain(body) or _parse_slowly(body)


def _parse_plain(body: bytes) -> Parsed | None:
    """What the slow reader would read; None where that cannot be told without it."""
    try:
        value = orjson.loads(body)
        same = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONDecodeError, TypeError):
        return None
    # A key that is named twice is read once, with its colon; an escaped colon could make up for that.
    if body.count(b":") != same.count(b":") or _ESCAPED_COLON.search(body):
        return None
    found = _survey((value,), NESTING_MAX)
    if found & (_DEEP | _LARGE | _WIDE):
        return None
    return Parsed(value, same, not found & _INEXACT)


def _survey(parts: Iterable[Any], room: int) -> int:
    """What lies in there: a nesting deeper than ``room``; a float that may be an integer of more than 64 bits."""
    found = 0
    for each in parts:
        kind = type(each)
        if kind is int:
            if not -EXACT_MAX <= each <= EXACT_MAX:
                found |= _INEXACT
        elif kind is dict or kind is list:
            if room == 0:
                return found | _DEEP
            if kind is dict and len(each) > KEYS_MAX:
                found |= _WIDE
            found |= _survey(each.values() if kind is dict else each, room - 1)
        elif kind is float and not -EXACT_MAX <= each <= EXACT_MAX:
            found |= _LARGE if math.isfinite(each) else _LARGE | _INFINITE
    return found


def _parse_slowly(body: bytes) -> Parsed:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise ValueError(f"it is not UTF-8 at byte {problem.start}") from problem
    value = parse_json(text, parse_constant=_refuse_constant, object_pairs_hook=_object)
    found = _survey((value,), NESTING_MAX)
    if found & _DEEP:
        raise ValueError(f"it is nested deeper than {NESTING_MAX}")
    if found & _WIDE:
        raise ValueError(f"an object has more than {KEYS_MAX:,} keys")
    if found & _INFINITE:
        raise ValueError("it holds a number that is out of range")
    return Parsed(value, _encode(value), not found & _INEXACT)


def _encode(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer of more than 64 bits, or half a surrogate pair
        pass
    try:
        same = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return same.encode("utf-8")
    except UnicodeEncodeError as problem:
        raise ValueError("it holds half a surrogate pair") from problem


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]  # one pass: the body is a stranger's
        raise ValueError(f"an object names the key {twice[:60]!r} twice")
    return found
