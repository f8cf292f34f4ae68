"""What is to happen in a play, and what has happened."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from loyaltychain.core.failpoints import FAILPOINTS


@dataclass(frozen=True)
class Script:
    """What is to happen."""

    seed: int
    kills: int
    reorgs: int


def short(seed: int) -> Script:
    """Each failpoint once, and three kills at random."""
    return Script(seed, kills=len(FAILPOINTS) + 3, reorgs=5)


def long(seed: int) -> Script:
    """Half of the kills at failpoints, half at random."""
    return Script(seed, kills=100, reorgs=50)


@dataclass
class Summary:
    """What has happened, and what it came to."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    reorgs: Counter[int] = field(default_factory=Counter)  # by blocks taken away
    reorgs_of_ours: int = 0  # that took a settlement away
    reorgs_with_ours_back: int = 0  # and brought one back, in another block
    faults: Counter[str] = field(default_factory=Counter)
    answers_spoilt: int = 0
    restarts: int = 0  # of workers that asked for it: the database was away when they started
    operator_restarts: Counter[str] = field(default_factory=Counter)
    checks: int = 0
    events: int = 0
    grants: int = 0  # of points and badges that stand
    batches: int = 0
    transactions: int = 0
    failed_transactions: int = 0
    points: int = 0
    lost: int = 0
    doubled: int = 0
    findings: list[str] = field(default_factory=list)
    seconds: int = 0

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        counts = {name: value for name, value in vars(self).items() if isinstance(value, Counter)}
        return vars(self) | {
            name: {str(key): count for key, count in sorted(of.items())} for name, of in counts.items()
        }
