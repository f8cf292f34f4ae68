"""``bench api``
├── given a few requests: every figure, each beside its baseline, from requests that all succeeded
├── the load tells each event once
└── given one database without the other: refused, since the comparison would be of two kinds
"""

import json

import pytest

from loyaltychain.bench.api import BATCH, run_api
from loyaltychain.bench.load import event
from loyaltychain.bench.report import document
from loyaltychain.cli import main as command_line

NAMES = ["batch100", "single", "single.p50", "single.p99", "bare.p99", "single.p99_over_bare"]


def test_few_requests__every_figure_beside_its_baseline() -> None:
    steps: list[tuple[int, int]] = []
    results = run_api(200, None, None, lambda done, of: steps.append((done, of)))

    found = {result.name: result for result in results}
    assert list(found) == NAMES
    assert all(result.value > 0 and result.baseline for result in results)
    assert found["batch100"].n == 10 * BATCH and found["single"].n == 200
    over = found["single.p99"].value / found["bare.p99"].value
    assert found["single.p99_over_bare"].value == pytest.approx(over, rel=0.01, abs=0.001), "rounded to thousandths"
    assert json.loads(json.dumps(document("api", results)))["bench"] == "api"
    assert steps == [(0, 3), (1, 3), (2, 3)]


def test_load__tells_each_event_once() -> None:
    told = [event("run", number) for number in range(2_000)]

    assert len({each["id"] for each in told}) == 2_000
    assert len({each["member"] for each in told}) > 1_000


def test_one_database_without_the_other__is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["loyaltychain", "bench", "api", "--database", "sqlite://", "--json"])

    with pytest.raises(SystemExit) as end:
        command_line.main()

    assert end.value.code == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "InvalidSettings"
