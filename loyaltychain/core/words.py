"""Small matters of wording."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 batch``, ``2 batches``: the number and its noun; ``many`` defaults to ``one`` with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
