"""bench rules, small
├── every figure has its permanent name, those that are compared a baseline of the same run
├── engine, loop and DuckDB come to the same points, and to badges besides
└── without DuckDB its figure is left out
"""

import importlib.util
import json
import sys

import pytest
from typer.testing import CliRunner

from loyaltychain.bench.conduct_log import PROGRAM, make_acts
from loyaltychain.bench.rules import fold_acts
from loyaltychain.bench.rules_baselines import count_by_windows, count_plainly
from loyaltychain.cli.main import make_app
from loyaltychain.program.load import parse_program
from loyaltychain.rules.engine.engine import compile_engine


def test_command__json__permanent_names() -> None:
    done = CliRunner().invoke(make_app(), ["bench", "rules", "--n", "2000", "--json"])

    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    results = {each["name"]: each for each in document["results"]}
    compared = {"engine.per_core", "refold.10k.checkpoint", "refold.10k.middle", "step.per_core"}
    if importlib.util.find_spec("duckdb") is not None:
        compared.add("engine.per_core.duckdb")
    assert document["bench"] == "rules"
    assert {name for name, each in results.items() if each["ratio"] is not None} == compared
    assert results.keys() - compared == {
        "engine.points", "engine.badges", "refold.10k.full", "refold.10k.late_by", "refold.10k.checkpoint_every",
        "step.grants", "step.late.10k.checkpoint", "step.late.10k.middle", "step.late.10k.full",
    }  # fmt: skip
    assert results["engine.badges"]["value"] > 0


def test_three_ways__the_same_points() -> None:
    acts = make_acts(20, 3000, seed=3)
    plain, windows = count_plainly(acts), count_by_windows(acts)

    assert fold_acts(compile_engine(parse_program(PROGRAM)), acts).points == plain.points > 1000
    if windows is None:
        pytest.skip("duckdb is not installed")
    assert windows.points == plain.points


def test_without_duckdb__left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    done = CliRunner().invoke(make_app(), ["bench", "rules", "--n", "1000"])

    assert done.exit_code == 0, done.output
    assert "engine.per_core.duckdb" not in done.output
    assert "DuckDB: no figure" in done.output
