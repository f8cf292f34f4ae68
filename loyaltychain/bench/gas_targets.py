"""The most that a figure of ``bench gas`` may come to. What is missed is said, not hidden: nothing fails by it."""

from collections.abc import Sequence
from dataclasses import dataclass

from loyaltychain.bench.report import Result

MOST: dict[str, int] = {
    "rice.20pct.1000": 105,
    "rice.20pct.10000": 68,
    "records.20pct.1000": 140,
    "records.20pct.10000": 103,
    "push.dense.1000": 780,
    "push.20pct.1000": 2_950,
    "batch.fixed": 66_000,
    "challenge.records.1000": 300_000,
    "challenge.records.10000": 1_900_000,
    "challenge.rice.1000": 600_000,
    "challenge.rice.10000": 5_300_000,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A figure beside its target. ``over`` is by how many percent it lies above; below, it is negative."""

    result: Result
    most: int

    @property
    def is_met(self) -> bool:
        """Whether the figure is at most the target."""
        return self.result.value <= self.most

    @property
    def over(self) -> float:
        """Percent above the target."""
        return round(100 * (self.result.value / self.most - 1), 1)


def judge(results: Sequence[Result]) -> list[Verdict]:
    """The figures that have a target, in the order of the targets."""
    by_name = {result.name: result for result in results}
    return [Verdict(by_name[name], most) for name, most in MOST.items() if name in by_name]
