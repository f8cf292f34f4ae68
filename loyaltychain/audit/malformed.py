"""What the readers of a batch's content answer (PROTOCOL §3): changes, or why there are none."""

from dataclasses import dataclass

Changes = tuple[tuple[int, int], ...]
"""(member number, delta in whole points) by ascending number."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why bytes are not a batch's content, and at which byte."""

    reason: str
    offset: int
