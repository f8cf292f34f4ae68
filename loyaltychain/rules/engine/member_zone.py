"""Where a member lives: the zone that her streaks' days are counted in, and how it changes.

One change counts every seven days; one that comes sooner waits until then. While it waits, an act counts for its date
in either zone, whichever is still missing, so that nobody who acts on each of her own days loses one. A change to a
zone whose clocks are ahead cuts days short or leaves them out: these are excused. Nothing here adds a day.

Its part of the state is ``[zone, counted at, zone that waits, excused at]``.
"""

from dataclasses import dataclass
from typing import Any

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.rules.engine.days import DAY_SECONDS
from loyaltychain.rules.engine.zoned_days import zoned_days

BETWEEN_CHANGES = 7 * DAY_SECONDS
ZonePart = list[Any]


@dataclass(frozen=True, slots=True)
class Leap:
    """Clocks of the member went ahead, from one zone to another: the dates in which she was in both are short."""

    before: str
    after: str


def new_zone(name: str) -> ZonePart:
    """Of a member who lives in this zone (IANA)."""
    return [name, None, None, None]


def settle_zone(part: ZonePart, at: UnixSeconds) -> None:
    """Let the change that waits take place, if its time has come."""
    if part[2] is not None and at >= part[1] + BETWEEN_CHANGES:
        part[0], part[1], part[2] = part[2], part[1] + BETWEEN_CHANGES, None


def zones_at(part: ZonePart, at: UnixSeconds) -> tuple[str, str | None]:
    """The zone that counts then, and the one that waits. Changes nothing."""
    if part[2] is not None and at >= part[1] + BETWEEN_CHANGES:
        return part[2], None
    return part[0], part[2]


def change_zone(part: ZonePart, to: str, at: UnixSeconds) -> Leap | None:
    """The member is in another zone now. Gives what has to be excused for it.

    Raises ValueError when there is no such zone.
    """
    settle_zone(part, at)
    zoned_days(to)
    was, is_first = part[2] or part[0], part[1] is None
    if is_first or at >= part[1] + BETWEEN_CHANGES:
        if to != part[0]:
            part[0], part[1] = to, at
    else:
        part[2] = to if to != part[0] else None
    if zoned_days(to).offset_at(at) <= zoned_days(was).offset_at(at):
        return None
    if part[3] is not None and at < part[3] + BETWEEN_CHANGES:
        return None
    part[3] = None if is_first else at  # where she was before her first word nobody knows
    return Leap(was, to)
