"""Small matters of wording."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 batch``, ``2 batches``: the number and its noun; ``many`` defaults to ``one`` with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def complaint(found: Mapping[str, Any]) -> str:
    """What is wrong with one field, of an error of pydantic's: without its wrapping, and text counted in characters."""
    bounds = {"too_long": ("most", "max_length"), "too_short": ("least", "min_length")}
    if found["type"] in bounds and isinstance(found["input"], str):
        word, name = bounds[found["type"]]
        return f"String should have at {word} {counted(found['ctx'][name], 'character')}"
    return str(found["msg"]).removeprefix("Value error, ")


def nearest(word: str, known: Iterable[str], *, prefix: str = "") -> str:
    """`` (did you mean 'achievements'?)``, to put behind a complaint about an unknown word; empty when none is near.

    Args:
        prefix: What stands before all of them.
    """
    by_small = {each.lower(): each for each in known}
    found = get_close_matches(word.lower(), by_small, n=1)
    return f" (did you mean {prefix + by_small[found[0]]!r}?)" if found else ""
