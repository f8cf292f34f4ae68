"""HTML from values: every text is escaped, and nothing else makes markup. Knows no page."""

import unicodedata
from collections.abc import Sequence
from html import escape
from typing import Final

_LINE: Final = "\n"
_TEXT_MAX: Final = 2_000  # characters of one value; a chain's text may be of any length
_VOID: Final = frozenset({"br", "hr", "meta"})


class Markup(str):
    """Text that is HTML already. Only this module makes it of something else than a literal."""

    __slots__ = ()


def say(value: object) -> Markup:
    """A value as text. What steers a terminal or the direction of writing is shown by its code: it could hide what
    stands beside it."""
    if isinstance(value, Markup):
        return value
    text = str(value)
    if len(text) > _TEXT_MAX:
        text = f"{text[:_TEXT_MAX]}… ({len(text):,} characters)"
    shown = "".join(each if _is_plain(each) else f"[U+{ord(each):04X}]" for each in text)
    return Markup(escape(shown))


def tag(name: str, /, *content: object, **attributes: str) -> Markup:
    """An element. Of attributes a trailing underscore is dropped, others become hyphens: ``class_``, ``data_label``."""
    told = "".join(f' {key.rstrip("_").replace("_", "-")}="{say(value)}"' for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{told}>")
    return Markup(f"<{name}{told}>{''.join(map(say, content))}</{name}>")


def join(*parts: object) -> Markup:
    """Parts after one another, each on a line of its own."""
    return Markup(_LINE.join(map(say, parts)))


def table(heads: tuple[str, ...], rows: Sequence[tuple[object, ...]], *, numbers: tuple[int, ...] = ()) -> Markup:
    """A table: one row a line, columns of ``numbers`` to the right. Each cell also bears its column's head, for narrow
    screens on which a row becomes a list."""
    kinds = ["number" if index in numbers else "words" for index in range(len(heads))]
    head = tag("tr", *(tag("th", name, scope="col", class_=kind) for name, kind in zip(heads, kinds, strict=True)))
    lines = [
        tag("tr", *(
            tag("td", cell, class_=kind, data_label=name) for name, kind, cell in zip(heads, kinds, row, strict=True)
        ))
        for row in rows
    ]  # fmt: skip
    return tag("table", tag("thead", head), tag("tbody", _LINE, join(*lines), _LINE))


def _is_plain(character: str) -> bool:
    return character == _LINE or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
