"""A streak as it is counted: which periods an act of a moment may count for, and where its runs are kept."""

from collections.abc import Iterator

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.achievements import Streak
from loyaltychain.rules.engine.member_zone import ZonePart, zones_at
from loyaltychain.rules.engine.state import Part
from loyaltychain.rules.engine.streak_runs import StreakRun, Window, is_plain, new_run
from loyaltychain.rules.engine.zoned_days import ZonedPeriods, zoned_periods


class Track:
    """A streak as it is counted: its periods in any zone, and where its runs stand in the part."""

    __slots__ = ("_grace", "_home", "_is_members", "_periods", "is_plain", "key", "rewards", "streak", "topic")

    def __init__(self, streak: Streak, home: str) -> None:
        self.streak = streak
        self.key = f"{streak.id}|{streak.period}"
        self.topic = f"streak:{streak.id}"
        self.rewards = dict(streak.rewards)
        self.is_plain = is_plain(streak)
        self._home = home
        self._is_members = streak.zone == "member"
        self._grace = 3600 * streak.grace_hours
        self._periods: dict[str, ZonedPeriods] = {}

    @property
    def is_members(self) -> bool:
        """Whether it counts days where the member lives."""
        return self._is_members

    def periods(self, zone: str) -> ZonedPeriods:
        """Its periods for a member whose zone this is."""
        try:
            return self._periods[zone]
        except KeyError:
            name = zone if self._is_members else self._home
            found = self._periods[zone] = zoned_periods(name, self.streak.day_ends, self.streak.period)
            return found

    def window(self, zone: ZonePart, at: UnixSeconds) -> tuple[Window, ZonedPeriods]:
        """The periods that an act of that time may count for, and the calendar that they are numbered by."""
        name, waiting = zones_at(zone, at)
        periods = self.periods(name)
        highest = periods.number_of(at)
        early = UnixSeconds(at - self._grace)
        lowest = periods.number_of(early) if self._grace else highest
        if waiting is not None and self._is_members:
            other = self.periods(waiting)
            lowest, highest = min(lowest, other.number_of(early)), max(highest, other.number_of(at))
        return Window(lowest, highest), periods

    def runs(self, part: Part) -> Iterator[tuple[str, StreakRun]]:
        """Her runs of it: her own, and those of members who were merged into her later."""
        for key, run in part["runs"].items():
            if key == self.key or key.startswith(f"{self.key}@"):
                yield key, run

    def own_run(self, part: Part) -> StreakRun:
        """Her own run, begun if there is none."""
        run: StreakRun | None = part["runs"].get(self.key)
        if run is None:
            run = part["runs"][self.key] = new_run(self.streak)
        return run
