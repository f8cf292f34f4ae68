"""A request's body as a JSON value, or a refusal: JSON as RFC 8259 has it, and nothing that two readers read apart."""

import json
from collections import Counter
from typing import Any

from loyaltychain.core.json_text import parse_json

NESTING_MAX = 32


def parse_body(body: bytes) -> tuple[Any, bytes]:
    """The value, and its one encoding with sorted keys, by which two bodies are compared.

    Raises ValueError for what is no UTF-8 or no JSON, for NaN and infinities, an object that names a key twice, half
    a surrogate pair, and nesting deeper than ``NESTING_MAX``.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise ValueError(f"it is not UTF-8 at byte {problem.start}") from problem
    value = parse_json(text, parse_constant=_refuse_constant, object_pairs_hook=_object)
    if _depth(value) > NESTING_MAX:
        raise ValueError(f"it is nested deeper than {NESTING_MAX}")
    try:
        same = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return value, same.encode("utf-8")
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


def _depth(value: Any) -> int:
    """How deep lists and objects lie in one another. Its own depth is bounded by ``parse_json``."""
    if isinstance(value, dict):
        return 1 + max((_depth(each) for each in value.values() if isinstance(each, dict | list)), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(each) for each in value if isinstance(each, dict | list)), default=0)
    return 0
