"""What members share, answered anew in the order of the asking, or as it was once decided."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from loyaltychain.core.calendar import UnixSeconds

Asked = tuple[str, str]  # resource, key


@dataclass(slots=True)
class TakenAnew:
    """Whoever asks first has it, as long as there is some. The same question has the same answer."""

    taken: Counter[str] = field(default_factory=Counter)
    answers: dict[Asked, int] = field(default_factory=dict)

    def take(self, resource: str, key: str, wanted: int, *, most: int, at: UnixSeconds) -> int:
        """As ``Shared.take``."""
        known = self.answers.get((resource, key))
        if known is not None:
            return min(known, wanted)
        granted = max(min(wanted, most - self.taken[resource]), 0)
        self.taken[resource] += granted
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

    def take(self, resource: str, key: str, wanted: int, *, most: int, at: UnixSeconds) -> int:
        """As ``Shared.take``; what nobody decided is given nothing."""
        self.asked[resource, key] = wanted, most
        return min(self.decided.get((resource, key), (0, 0))[1], wanted)
