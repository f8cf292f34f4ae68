"""bench ledger
├── given an empty SQLite file: every figure stands beside its baseline, and what was written proves itself
├── given a database that may lose commits: it refuses to give a figure
└── the load
    ├── is the same in every run, a tenth of it redemptions
    └── --long: windows, the first and the last rate and the peak
"""

import json
from pathlib import Path

import pytest
from sqlalchemy import event
from typer.testing import CliRunner

from loyaltychain.bench import ledger
from loyaltychain.bench.ledger import check_durable, run_ledger, run_long
from loyaltychain.bench.ledger_load import BATCH, Entries, Events
from loyaltychain.cli.main import make_app
from loyaltychain.core import errors
from loyaltychain.db.engine import open_database, reading
from loyaltychain.ledger.checks import check_entries
from loyaltychain.operations.store import read_outcomes
from tests.database import ENGINES, fresh_postgresql_url


def test_bench_ledger__json__one_object() -> None:
    done = CliRunner().invoke(make_app(), ["bench", "ledger", "--long", "--n", "1000", "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["bench"] == "ledger"
    assert [(each["name"], each["unit"]) for each in document["results"]] == [
        ("way.sqlite.1k.first100k", "events/s"), ("way.sqlite.1k.last100k", "events/s"),
        ("way.sqlite.1k.first100k.cpu", "µs/event"), ("way.sqlite.1k.last100k.cpu", "µs/event"),
        ("way.sqlite.1k.peak", "MB"),
        ("way.sqlite.1k.window001", "events/s"),
    ]  # fmt: skip


def test_run_ledger__a_file__what_was_written_proves_itself(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bench.db'}"
    found = {each.name: each for each in run_ledger(url, n=2 * BATCH, on_step=lambda done, of: None)}
    assert {name: each.unit for name, each in found.items()} == {
        "post.sqlite": "entries/s", "way.sqlite": "events/s",
        "way.sqlite.capture": "µs/event", "way.sqlite.earn": "µs/event",
    }  # fmt: skip
    for name in ("post.sqlite", "way.sqlite"):
        assert found[name].ratio == pytest.approx(found[name].value / found[name].baseline_value, abs=1e-2)
    engine = open_database(url)
    with reading(engine) as tx:
        assert check_entries(tx) == []
        outcomes = read_outcomes(tx, 0, 10_000)
    engine.dispose()
    assert [each.outcome for each in outcomes] == ["posted"] * 2 * BATCH
    assert sum(each.entry_id.startswith("redeem:") for each in outcomes) == 2 * BATCH // 10


def test_check_durable__commits_may_be_lost__refuses(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'bench.db'}")
    check_durable(engine)
    engine.dispose()
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = NORMAL"))
    with pytest.raises(errors.InvalidSettings, match="synchronous: 1"):
        check_durable(engine)
    engine.dispose()


@pytest.mark.parametrize("engine_name", sorted({*ENGINES} - {"sqlite"}))
def test_check_durable__test_server_without_fsync__refuses(engine_name: str) -> None:
    engine = open_database(fresh_postgresql_url())
    with pytest.raises(errors.InvalidSettings, match="fsync: off"):
        check_durable(engine)
    engine.dispose()


def test_load__two_runs__are_the_same() -> None:
    assert Events().batch() == Events().batch()
    assert Entries().batch() == Entries().batch()
    kinds = [each.type for each in Events().batch()]
    assert (kinds.count("purchase"), kinds.count("redemption")) == (900, 100)


def test_run_long__some_windows__first_last_and_peak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "WINDOW", 1_000)
    results = run_long(f"sqlite:///{tmp_path / 'bench.db'}", n=3_000, on_step=lambda done, of: None)
    found = {each.name: each for each in results}
    rates = [found[f"way.sqlite.3k.window{n:03}"].value for n in (1, 2, 3)]
    assert found["way.sqlite.3k.first100k"].value == rates[0]
    assert found["way.sqlite.3k.last100k"].value == rates[-1]
    assert found["way.sqlite.3k.last100k"].ratio == pytest.approx(rates[-1] / rates[0], abs=1e-3)
    assert found["way.sqlite.3k.peak"].value > 10
