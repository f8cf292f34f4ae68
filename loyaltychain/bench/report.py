"""What a benchmark prints: our figure and a baseline of the same run, as a ratio. The names are permanent."""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

RATIO = "how many times better than the baseline: 2 is twice as good, below 1 is worse"


@dataclass(frozen=True, slots=True)
class Result:
    """One figure. ``ratio`` says how many times better than its baseline it is, below 1 worse: ``ratio_of`` says of
    what, ``better`` whether more or less of the unit is. All three are None where nothing is compared.
    """

    name: str
    value: float
    unit: str
    n: int
    baseline: str | None = None
    baseline_value: float | None = None
    ratio: float | None = None
    ratio_of: str | None = None
    better: Literal["more", "less"] | None = None


def compared(name: str, value: float, unit: str, n: int, *, baseline: str, baseline_value: float) -> Result:
    """A figure of which more is better, beside its baseline."""
    ratio = round(value / baseline_value, 3) if baseline_value else None
    of = "value / baseline_value"
    return Result(name, round(value, 1), unit, n, baseline, round(baseline_value, 1), ratio, of, "more")


def cheaper(name: str, value: float, unit: str, n: int, *, baseline: str, baseline_value: float) -> Result:
    """A figure of which less is better, beside its baseline."""
    ratio = round(baseline_value / value, 3) if value else None
    of = "baseline_value / value"
    return Result(name, round(value, 2), unit, n, baseline, round(baseline_value, 2), ratio, of, "less")


def document(bench: str, results: Sequence[Result]) -> dict[str, Any]:
    """The one JSON object of ``bench NAME --json``."""
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system().lower()}
    return {"bench": bench, "machine": machine, "ratio": RATIO, "results": [asdict(result) for result in results]}


def straightness(points: Sequence[tuple[float, float]]) -> float:
    """R² of the least-squares line through the points: 1.0 is a straight line.

    Raises AssertionError for fewer than three points.
    """
    assert len(points) >= 3, points
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
    off = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in points)
    spread = sum((y - mean_y) ** 2 for _, y in points)
    return round(1 - off / spread, 5) if spread else 1.0
