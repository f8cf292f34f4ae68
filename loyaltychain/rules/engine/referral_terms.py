"""By what referrals are compared and counted, as the version of the programme says that was in force for each. Pure.

A field is compared in events from when a version first names it; what a later version leaves out is compared on, since
referrals that were told before go on.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from loyaltychain.program.behaviours import Per, Referral
from loyaltychain.program.types import Program

_PERIODS: tuple[Per, ...] = ("day", "week", "month", "year", "ever")
Clock = tuple[str, Per]  # a time zone, and the period by which referrals are counted there


@dataclass(frozen=True)
class ReferralTerms:
    """What all versions say.

    Args:
        starts: The first position of an event for which each counts, ascending.
        programs: The versions in the same order; None: nobody knows what counted.
    """

    starts: Sequence[int]
    programs: Sequence[Program | None]

    @classmethod
    def of(cls, program: Program) -> "ReferralTerms":
        """Of one version that counts for every event."""
        return cls([0], [program])

    @cached_property
    def types(self) -> frozenset[str]:
        """Types of events that say who sent their member."""
        return frozenset(each.event for told in self._told for each in told)

    @cached_property
    def widest(self) -> Per | None:
        """The longest period by which somebody's referrals are counted; None where they are not."""
        found = [each.velocity.per for told in self._told for each in told if each.velocity is not None]
        return max(found, key=_PERIODS.index, default=None)

    @property
    def compares(self) -> bool:
        """Whether any field is ever compared."""
        return bool(self._fields and self._fields[-1])

    def fields_at(self, position: int) -> frozenset[str]:
        """The fields that are compared in the event at this position."""
        place = bisect_right(self.starts, position) - 1
        return self._fields[place] if place >= 0 else frozenset()

    def clock_at(self, position: int, type_: str) -> Clock | None:
        """By what the referral of this type at this position is counted among its referrer's; None: it is not."""
        place = bisect_right(self.starts, position) - 1
        return self._clocks[place].get(type_) if place >= 0 else None

    @cached_property
    def _told(self) -> list[tuple[Referral, ...]]:
        return [
            () if program is None or program.conduct is None else program.conduct.referrals
            for program in self.programs
        ]  # fmt: skip

    @cached_property
    def _fields(self) -> list[frozenset[str]]:
        found: list[frozenset[str]] = []
        named: frozenset[str] = frozenset()
        for told in self._told:
            named |= {name for each in told for name in (*each.hold_on, *each.signal_on)}
            found.append(named)
        return found

    @cached_property
    def _clocks(self) -> list[dict[str, Clock]]:
        return [
            {
                each.event: (program.timezone, each.velocity.per)
                for each in told
                if program is not None and each.velocity is not None
            }
            for program, told in zip(self.programs, self._told, strict=True)
        ]
