"""bench way
├── its simulated log has exactly the asked lines, the same for the same seed, with returns among them
├── measure walks all of them to the ledger, and leaves nothing behind
├── through the command: sizes alone in processes of their own, one JSON object under the permanent names
├── a figure beside a baseline says which is better and what its ratio is of: above 1 is better
└── straightness: 1 for a line, less for a bend
"""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loyaltychain.bench.order_log import write_log
from loyaltychain.bench.report import Result, cheaper, compared, straightness
from loyaltychain.bench.way import measure


def test_write_log__asked_lines__exactly_those(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_log(tmp_path / name, lines=1_234, seed=5)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    rows = list(csv.DictReader((tmp_path / "one").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 1_234
    assert any(row["InvoiceNo"].startswith("C") for row in rows)
    assert [row["InvoiceDate"] for row in rows] == sorted(row["InvoiceDate"] for row in rows)


def test_measure__a_small_log__reaches_the_ledger() -> None:
    way = measure(2_000, None)

    assert (way.lines, way.points > 0, way.events > 50) == (2_000, True, True)
    assert way.seconds > 0
    assert way.peak_mb >= way.idle_mb > 0


def test_command__three_sizes__permanent_names() -> None:
    sizes = [argument for size in (200, 400, 800) for argument in ("--lines", str(size))]
    done = subprocess.run(
        [sys.executable, "-m", "loyaltychain", "bench", "way", *sizes, "--json"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip

    document = json.loads(done.stdout)
    assert (document["bench"], set(document["machine"])) == ("way", {"cores", "python", "system"})
    names = {f"way.sqlite.{size}{part}" for size in (200, 400, 800) for part in ("", ".events", ".seconds", ".peak")}
    names |= {"way.sqlite.straightness.seconds", "way.sqlite.straightness.peak"}
    assert {result["name"] for result in document["results"]} == names
    rates = [result for result in document["results"] if result["unit"] == "lines/s"]
    assert all(
        rate["ratio"] == pytest.approx(rate["value"] / rate["baseline_value"], rel=0.01, abs=0.001) for rate in rates
    )
    assert {(rate["better"], rate["ratio_of"]) for rate in rates} == {("more", "value / baseline_value")}
    assert "below 1 is worse" in document["ratio"]


def test_straightness__line_and_bend() -> None:
    assert straightness([(1, 5), (2, 7), (3, 9)]) == 1.0
    assert straightness([(1, 5), (2, 5), (3, 5)]) == 1.0
    assert straightness([(1, 1), (10, 2), (100, 200)]) < 1.0


@pytest.mark.parametrize(("make", "better"), [(compared, "more"), (cheaper, "less")])
@pytest.mark.parametrize(("value", "baseline"), [(8.0, 2.0), (2.0, 8.0)])
def test_result__beside_a_baseline__says_what_is_better(
    make: Callable[..., Result], better: str, value: float, baseline: float
) -> None:
    result = make("x", value, "unit", 1, baseline="another", baseline_value=baseline)

    assert result.ratio_of is not None and result.ratio is not None
    assert result.better == better
    assert (result.ratio > 1) == ((value > baseline) == (better == "more"))
    names = {"value": result.value, "baseline_value": result.baseline_value}
    over, under = (names[name] for name in result.ratio_of.split(" / "))
    assert over is not None and under and result.ratio == over / under
