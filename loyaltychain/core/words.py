"""Small matters of wording."""

from collections.abc import Mapping
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
