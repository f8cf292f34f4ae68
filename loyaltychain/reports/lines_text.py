"""Rows as CSV or as JSON lines. Pure.

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break as a formula. Such texts
get an apostrophe in front, and so do texts that begin with one: take one off and every text is what it was. Numbers
are numbers: a signed amount gets none. JSON lines are exact: an object that is hashed stands in them byte for byte.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal


class Json(str):
    """Canonical JSON, as the database has it: a value of its own in JSON lines, a text in CSV."""

    __slots__ = ()


Format = Literal["csv", "jsonl"]
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def encode_rows(fields: Sequence[str], rows: Iterable[Mapping[str, Any]], *, format_: Format, header: bool) -> bytes:
    """The rows as UTF-8, each on a line, columns in the order of ``fields``.

    Args:
        header: A first line with the fields' names; CSV only.
    """
    if format_ == "jsonl":
        return b"".join(_json_line({name: row[name] for name in fields}) for row in rows)
    text = io.StringIO()
    writer = csv.writer(text)  # lines end in CR LF, as RFC 4180 has it: a CR inside a cell is quoted then
    if header:
        writer.writerow(fields)
    writer.writerows([cell(row[name]) for name in fields] for row in rows)
    return text.getvalue().encode()


def cell(value: Any) -> str:
    """A value as a CSV cell; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return str(value)


def _json_line(row: Mapping[str, Any]) -> bytes:
    return f"{{{','.join(f'{_json(name)}:{_json(value)}' for name, value in row.items())}}}\n".encode()


def _json(value: Any) -> str:
    return value if isinstance(value, Json) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
