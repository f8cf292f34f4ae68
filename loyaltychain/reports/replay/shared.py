"""What members share, answered anew in the order of the asking, or as it was once decided."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.operations.conduct.shared import own_key

Asked = tuple[str, str]  # resource, key
NOBODY = MemberNumber(0)


@dataclass(slots=True)
class TakenAnew:
    """Whoever asks first has it, as long as there is some. Who asks again has what she had, and more if there is."""

    taken: Counter[str] = field(default_factory=Counter)
    answers: dict[Asked, int] = field(default_factory=dict)
    _member: MemberNumber = NOBODY

    def turn(self, member: MemberNumber) -> None:
        """What is asked next is asked for this member."""
        self._member = member

    def take(self, resource: str, key: str, wanted: int, *, most: int, at: UnixSeconds) -> int:
        """As ``Shared.take``."""
        key = own_key(self._member, key)
        known = self.answers.get((resource, key), 0)
        granted = min(known, wanted) + max(min(wanted - known, most - self.taken[resource]), 0)
        self.taken[resource] += granted - known
        self.answers[resource, key] = granted
        return granted


@dataclass(slots=True)
class AsDecided:
    """The answers of decisions that were recorded: by question how much was wanted and granted.

    Args:
        asked: What was asked, with how much was wanted and how much there was in all.
    """

    decided: Mapping[Asked, tuple[int, int]]
    asked: dict[Asked, tuple[int, int]] = field(default_factory=dict)
    _numbers: tuple[MemberNumber, ...] = ()

    def turn(self, numbers: tuple[MemberNumber, ...]) -> None:
        """What is asked next is asked for her: her number, then those of whoever went over into her."""
        self._numbers = numbers

    def take(self, resource: str, key: str, wanted: int, *, most: int, at: UnixSeconds) -> int:
        """As ``Shared.take``; what nobody decided is given nothing."""
        names = [(resource, own_key(number, key)) for number in self._numbers]
        there = [name for name in names if name in self.decided]
        name = next((each for each in there if self.decided[each][1]), there[0] if there else names[0])
        self.asked[name] = wanted, most
        needed, granted = self.decided.get(name, (1, 0))
        return min(granted, wanted) if granted < needed else wanted  # who needed no more was not refused
