"""Badges that were awarded beside badges that the programme derives. Pure.

A badge is told by its name and its member: a list of badges does not say for which object one was awarded. Where a
member has a badge several times, the earliest of both sides belong together.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from loyaltychain.rules.engine.days import Day


@dataclass(frozen=True, slots=True)
class Award:
    """A badge of a member, and the day when it was given, in the programme's zone."""

    member: str
    badge: str
    day: Day


@dataclass(frozen=True, slots=True)
class Line:
    """One badge, compared.

    Args:
        matched: Awards that both sides have, whatever their days.
        same_day: How many of these are of one day; ``day_after``: were awarded on the day after they are derived, as
            a site does that looks once a day. None where the data does not have the day.
        only_awarded: Members with an award that is not derived, as often as there is one; ``only_derived`` likewise.
    """

    badge: str
    awarded: int
    derived: int
    matched: int
    same_day: int | None
    day_after: int | None
    only_awarded: tuple[str, ...]
    only_derived: tuple[str, ...]


def compare(
    awarded: Iterable[Award], derived: Iterable[Award], *, badges: Iterable[str], without_day: Iterable[str] = ()
) -> list[Line]:
    """A line for each of ``badges``, in their order. ``without_day``: those whose day is not compared."""
    theirs, ours, undated = _days(awarded), _days(derived), frozenset(without_day)
    return [_line(badge, theirs.get(badge, {}), ours.get(badge, {}), has_day=badge not in undated) for badge in badges]


def not_compared(awarded: Iterable[Award], *, badges: Iterable[str]) -> dict[str, int]:
    """How often badges were awarded that are not among ``badges``, the most frequent first."""
    known = frozenset(badges)
    return dict(Counter(each.badge for each in awarded if each.badge not in known).most_common())


_Days = Mapping[str, list[Day]]  # of one badge, by member, ascending


def _days(awards: Iterable[Award]) -> dict[str, dict[str, list[Day]]]:
    found: dict[str, dict[str, list[Day]]] = {}
    for each in sorted(awards, key=lambda award: (award.badge, award.member, award.day)):
        found.setdefault(each.badge, {}).setdefault(each.member, []).append(each.day)
    return found


def _line(badge: str, theirs: _Days, ours: _Days, *, has_day: bool) -> Line:
    matched = same = after = 0
    only: tuple[list[str], list[str]] = ([], [])
    for member in sorted(theirs.keys() | ours.keys()):
        awarded, derived = theirs.get(member, []), ours.get(member, [])
        for their, our in zip_longest(awarded, derived):
            if their is None or our is None:
                only[their is None].append(member)
            else:
                matched += 1
        lags = _lags(awarded, derived)
        same, after = same + lags[0], after + lags[1]
    return Line(
        badge=badge,
        awarded=sum(map(len, theirs.values())),
        derived=sum(map(len, ours.values())),
        matched=matched,
        same_day=same if has_day else None,
        day_after=after if has_day else None,
        only_awarded=tuple(only[0]),
        only_derived=tuple(only[1]),
    )


def _lags(awarded: list[Day], derived: list[Day]) -> tuple[int, int]:
    """How many pairs are of one day, and how many of the others were awarded a day later."""
    left, right = Counter(awarded), Counter(derived)
    same = left & right
    later = (left - same) & Counter({day + 1: times for day, times in (right - same).items()})
    return same.total(), later.total()
