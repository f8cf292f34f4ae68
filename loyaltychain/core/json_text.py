"""Reading JSON that strangers wrote. Everything else about JSON is the standard library's.

py-evm raises the interpreter's recursion limit, and with it a deeply nested text no longer ends in a RecursionError
but in a crash of the whole process. So nesting is measured before parsing.
"""

import json
import re
from typing import Any

NESTING_MAX = 64

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")


def parse_json(text: str, **options: Any) -> Any:
    """What the JSON ``text`` holds; ``options`` as for ``json.loads``.

    Raises:
        ValueError: it is not JSON, or nested deeper than ``NESTING_MAX``.
    """
    if _is_deep(text):
        raise ValueError(f"nested deeper than {NESTING_MAX}")
    return json.loads(text, **options)


def _is_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= NESTING_MAX:
        return False
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > NESTING_MAX:
            return True
    return False
