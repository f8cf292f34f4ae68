"""Acts between the same two members: worth less from one to the next, and nothing where they only return a favour.

Knows nothing of what an act is worth, and who its two members are is for the caller to say. An act that was taken back
is not told to these functions: so what it had made cheaper is worth its whole again.
"""

from typing import Any, NamedTuple

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.behaviours import Behaviour
from loyaltychain.rules.engine.types import Reason

DAY = 86_400
WHOLE = 100  # percent

#: Of one member: what she was done, ``{"done": {behaviour: {counterpart: [period, times]}}}``, and when she last did
#: the same for others, ``{"given": {behaviour: {counterpart: at}}}``. JSON as it is.
PairsPart = dict[str, dict[str, dict[str, Any]]]


class Weighed(NamedTuple):
    """What an act is worth, in percent; ``nth``: its place among those of the pair in the period, from 1."""

    percent: int
    nth: int
    reason: Reason | None


def new_pairs() -> PairsPart:
    """Of a member who did nothing yet."""
    return {"done": {}, "given": {}}


def copy_pairs(part: PairsPart) -> PairsPart:
    """The same, to go on with alone."""
    return {name: {behaviour: dict(held) for behaviour, held in each.items()} for name, each in part.items()}


def note_given(part: PairsPart, behaviour: str, counterpart: MemberNumber, at: UnixSeconds) -> None:
    """The member did this for somebody else: what that one does for her in return may be worth nothing."""
    part["given"].setdefault(behaviour, {})[str(counterpart)] = at


def weigh(
    part: PairsPart, behaviour: Behaviour, counterpart: MemberNumber, at: UnixSeconds, period: str | int
) -> Weighed:
    """What this act between the member and ``counterpart`` is worth; counts it.

    Args:
        behaviour: One that has ``pairs``.
        period: The label of the period, by ``pairs.per``, that ``at`` lies in; acts come in the order of time.
    """
    assert behaviour.pairs is not None, behaviour.id
    who = str(counterpart)
    done = part["done"].setdefault(behaviour.id, {})
    before = done.get(who)
    nth = before[1] + 1 if before is not None and before[0] == period else 1
    done[who] = [period, nth]
    if _is_returned(part, behaviour, who, at):
        return Weighed(0, nth, "reciprocal")
    weights = behaviour.pairs.weights
    percent = weights[min(nth, len(weights)) - 1]
    return Weighed(percent, nth, None if percent >= WHOLE else "pair-weight")


def weighted(points: int, percent: int) -> int:
    """So many percent of these points, rounded towards zero."""
    size = abs(points) * percent // WHOLE
    return size if points >= 0 else -size


def _is_returned(part: PairsPart, behaviour: Behaviour, who: str, at: UnixSeconds) -> bool:
    assert behaviour.pairs is not None, behaviour.id
    days = behaviour.pairs.reciprocal_days
    given = part["given"].get(behaviour.id, {}).get(who)
    return days is not None and given is not None and at - given < days * DAY
