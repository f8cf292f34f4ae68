"""Reading JSON that strangers wrote. Everything else about JSON is the standard library's.

py-evm raises the interpreter's recursion limit, and with it a deeply nested text no longer ends in a RecursionError
but in a crash of the whole process. So nesting is measured before parsing.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, TextIO

NESTING_MAX = 64
#: Characters of one line of a file: a hundred times what our longest need.
LINE_MAX: Final = 2**24

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


def bounded_lines(file: TextIO) -> Iterator[str]:
    """The lines of a text that may have no end. Raises ValueError for one that is longer than ``LINE_MAX``."""
    while line := file.readline(LINE_MAX + 1):
        if len(line) > LINE_MAX:
            raise ValueError(f"a line is longer than {LINE_MAX} characters")
        yield line


def _is_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= NESTING_MAX:
        return False
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > NESTING_MAX:
            return True
    return False
