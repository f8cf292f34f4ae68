"""Which purchases the goods came from that a member brought back without naming an order. Pure.

A fold over all that one member bought and brought back of one article, by when it happened: so the answer does not
depend on the order in which it was told.
"""

from collections.abc import Sequence
from dataclasses import dataclass

Key = tuple[int, str, str, int, str]  # when it happened, source, event, and the place in the event


@dataclass(frozen=True, slots=True)
class Bought:
    """A line of an order. ``free`` pieces did not come back by a return that names it.

    ``until`` is the instant from which it cannot be returned any more; None: for ever.
    """

    key: Key
    free: int
    until: int | None = None


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """A line of a return."""

    key: Key
    quantity: int


def match(bought: Sequence[Bought], brought_back: Sequence[BroughtBack]) -> tuple[list[int], list[int]]:
    """How many pieces of each line of either kind are matched.

    Each return, in their order, takes from the latest purchases before it that still have something. What it does not
    find stays unmatched.

    Args:
        bought: of one member and article, in any order, as ``brought_back`` is.
    """
    matched, found = [0] * len(bought), [0] * len(brought_back)
    steps = [(line.key, 0, place) for place, line in enumerate(bought)]
    steps += [(line.key, 1, place) for place, line in enumerate(brought_back)]
    open_lines: list[int] = []  # places in ``bought`` of lines that still have something, the latest at the end
    for key, kind, place in sorted(steps):
        if kind == 0:
            if bought[place].free > 0:
                open_lines.append(place)
            continue
        wanted = brought_back[place].quantity
        for line in reversed(open_lines):
            if wanted == 0:
                break
            until = bought[line].until
            if until is not None and key[0] >= until:
                continue
            part = min(wanted, bought[line].free - matched[line])
            matched[line] += part
            wanted -= part
        found[place] = brought_back[place].quantity - wanted
        open_lines = [line for line in open_lines if matched[line] < bought[line].free]
    return matched, found
