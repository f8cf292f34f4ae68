"""What many awards of behaviours come to together: caps, budgets, supplies, and badges that are given once.

Sums are looked at when a run of the operator's is over, as entries tell by their ``recorded_at``: within one, what a
late event gives may stand before what it takes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Key = tuple[str | int | None, ...]  # what is summed up: a rule, a cap, its period, a member


@dataclass(frozen=True, slots=True)
class Sum:
    """One limit that an award counts towards: ``points``, or awards above nothing (``times``)."""

    key: Key
    unit: Literal["points", "times"]
    most: int


@dataclass(slots=True)
class Sums:
    """All of them, as far as entries have passed.

    A limit is as high as the highest version has it by which anything was given.
    """

    _of: dict[int, tuple[int, tuple[Sum, ...]]] = field(default_factory=dict)  # by award: what stands, its limits
    _total: Counter[Key] = field(default_factory=Counter)
    _most: dict[Key, int] = field(default_factory=dict)
    _touched: dict[Key, str] = field(default_factory=dict)  # since the run began, with the entry

    def give(self, award: int, sums: Sequence[Sum]) -> None:
        """From now on, what stands for the award counts towards these, unless it does already."""
        if sums and award not in self._of:
            self._of[award] = 0, tuple(sums)
        for each in sums:
            self._most[each.key] = max(self._most.get(each.key, 0), each.most)

    def stands(self, award: int, net: int, entry: str) -> None:
        """So much stands for the award since this entry."""
        if award not in self._of:
            return
        before, sums = self._of[award]
        self._of[award] = net, sums
        for each in sums:
            new, old = (net, before) if each.unit == "points" else (net > 0, before > 0)
            self._total[each.key] += max(new, 0) - max(old, 0)
            self._touched[each.key] = entry

    def end_run(self) -> Iterator[tuple[str, Key, int, int]]:
        """What is too much now: the last entry of it, what it is, the most, and how much there is."""
        for key, entry in self._touched.items():
            if self._total[key] > self._most[key]:
                yield entry, key, self._most[key], self._total[key]
        self._touched.clear()


def sums_of_caps(caps: Sequence[Mapping[str, Any]], name: str, member: int, *, at: int, timezone: str) -> list[Sum]:
    """The sums of these caps: those by the member, or by all together, that count nothing apart.

    Raises:
        OverflowError: no calendar has the instant.
    """
    day = (_EPOCH + timedelta(seconds=at)).astimezone(ZoneInfo(timezone)).date()
    week = day.isocalendar()
    periods = {"day": day.toordinal(), "week": week.year * 100 + week.week, "month": day.year * 12 + day.month,
               "year": day.year, "ever": 0}  # fmt: skip
    return [
        Sum((name, each["unit"], each["per"], periods[each["per"]], None if each.get("shared", False) else member),
            each["unit"], each["most"])
        for each in caps if "each" not in each
    ]  # fmt: skip


def sums_of_badge(achievement: Mapping[str, Any], what: Literal["badge", "points"], member: int) -> list[Sum]:
    """A badge that is not given again, or its points: once to the member, and to so many of them."""
    if achievement.get("repeat", "never") != "never":
        return []
    id_ = str(achievement["id"])
    found = [Sum((what, id_, member), "times", 1)]
    return (
        found if "supply" not in achievement else [*found, Sum((what, id_, "of all"), "times", achievement["supply"])]
    )
