"""Which adjustments wait for a second person: large ones, and those with which one person adjusts too much a day.

What somebody adjusted alone is added up from the audit log, which has a line for each adjustment in the transaction
that made it. Names are what callers say, so a key counts as a person too: making names up gives no more room.
"""

from collections.abc import Iterator

from loyaltychain.actions.log import Action, read_actions
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.words import counted
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.post import lock_posts
from loyaltychain.operations.request import is_named
from loyaltychain.operations.types import Bounds

DAY = 86_400
_PAGE = 500
_SKEW = 3_600  # a line's time may lie so far before that of an earlier one: clocks differ, and writers wait for turns


def check_alone(tx: Tx, points: int, *, actor: str, key: str | None, now: UnixSeconds, bounds: Bounds) -> None:
    """Raise ApprovalNeeded unless actor and key may adjust by so many points (signed) without a second person.

    Nobody else adjusts anything until the transaction ends: two at once cannot both find room for themselves.
    """
    size = abs(points)
    if bounds.approve_above is not None and size > bounds.approve_above:
        raise errors.ApprovalNeeded(
            f"An adjustment of more than {counted(bounds.approve_above, 'point')} waits for a second person.",
            points=points,
            limit=bounds.approve_above,
        )
    if bounds.approve_a_day is None:
        return
    lock_posts(tx)
    done = adjusted_alone(tx, actor, key=key, now=now) if size <= bounds.approve_a_day else 0
    if done + size > bounds.approve_a_day:
        raise errors.ApprovalNeeded(
            f"What one person or key adjusts within a day beyond {counted(bounds.approve_a_day, 'point')}, up and down "
            "added up, waits for a second person.",
            points=points,
            limit_a_day=bounds.approve_a_day,
            adjusted=done,
        )


def adjusted_alone(tx: Tx, actor: str, *, key: str | None = None, now: UnixSeconds) -> int:
    """The points, up and down added up, that were adjusted without a second person within the day before ``now``.

    Args:
        actor: By this person, however the name is written (``request.is_named``),
        key: or under this key (``key:<id>``), whatever name was given.
    """
    total = 0
    for made in _made_since(tx, UnixSeconds(now - DAY)):
        details = made.details or {}
        if details.get("approved_by") is not None:
            continue
        if is_named(actor, [details.get("by", made.actor)]) or key == made.actor:
            total += abs(details["points"])
    return total


def _made_since(tx: Tx, since: UnixSeconds) -> Iterator[Action]:
    """The adjustments that the log has after ``since``, the newest first. Reads no more of it than that day."""
    before: int | None = None
    while page := read_actions(tx, before=before, limit=_PAGE):
        yield from (each for each in page if each.action == "adjustment.make" and each.at > since)
        before = page[-1].position
        if max(each.at for each in page) <= since - _SKEW:
            return
