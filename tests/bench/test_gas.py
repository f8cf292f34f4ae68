"""bench gas
├── given the quick run through the command
│   ├── one JSON object, permanent names, ratios that are baseline over value
│   ├── every figure of gas and bytes is exactly what it was: a change of cost is seen, and is meant
│   └── for people: each target with its verdict, each figure in a table, and that it is simulated
├── given batches of 10,000, they cost exactly
├── given the same batch twice, the second is refused with the contract's reason
├── given push mode, the balances that the benchmark keeps are the contract's
└── judge: met up to the target, missed above it, by how much
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from loyaltychain.bench.gas_baselines import Minted
from loyaltychain.bench.gas_batches import PUSH_CODEC, ROOT_CODECS, measure_batch
from loyaltychain.bench.gas_chain import Chain
from loyaltychain.bench.gas_ledger import Ledger
from loyaltychain.bench.gas_targets import MOST, judge
from loyaltychain.bench.report import Result
from loyaltychain.cli.gas_tables import print_gas
from loyaltychain.core.errors import InvariantError
from tests.bench.gas_figures import LARGE, QUICK

READ_BY_OTHERS = {
    *("rice.20pct.1000", "records.20pct.1000", "push.dense.1000", "push.20pct.1000", "oz_loop.repeat.1000"),
    *("batch.fixed", "challenge.records.1000", "challenge.rice.1000", "sync.8"),
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "loyaltychain", "bench", "gas", "--quick", "--json"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture
def chain() -> Iterator[Chain]:
    chain = Chain()
    yield chain
    chain.close()


@pytest.fixture
def root(chain: Chain) -> Ledger:
    return Ledger(chain, "root")


@pytest.mark.slow
@pytest.mark.timeout(600)
class TestQuick:
    def test_shape__names_and_ratios(self, document: dict[str, Any]) -> None:
        results = {result["name"]: result for result in document["results"]}

        assert (document["bench"], set(document["machine"])) == ("gas", {"cores", "python", "system"})
        assert len(results) == len(document["results"])
        assert results.keys() >= READ_BY_OTHERS
        compared = [result for result in results.values() if result["ratio"] is not None]
        assert compared
        assert all(
            each["ratio"] == pytest.approx(each["baseline_value"] / each["value"], rel=0.01) for each in compared
        )

    def test_figures__exactly(self, document: dict[str, Any]) -> None:
        assert {result["name"]: result["value"] for result in document["results"]} == QUICK

    def test_tables__every_figure_and_verdict(
        self, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("COLUMNS", "80")
        results = [Result(**result) for result in document["results"]]

        print_gas(results)

        text = capsys.readouterr().out
        assert all(verdict.result.name in text for verdict in judge(results))
        assert text.count(" met ") + text.count(" MISSED ") == len(judge(results))
        assert "SIMULATED" in text
        assert all(f"{value:,}" in text for value in (int(QUICK["batch.fixed"]), int(QUICK["sync.8"])))
        assert all(len(line) <= 80 for line in text.splitlines())


def test_batches_of_10000__in_root_mode__cost_exactly(root: Ledger) -> None:
    loop = Minted(members=10_000, first=1, repeat=1, repeat_bytes=1)
    results = [each for how in ROOT_CODECS for each in measure_batch(root, how, percent=20, size=10_000, loop=loop)]

    assert {result.name: result.value for result in results} == LARGE


def test_settle__twice_the_same_batch__is_refused_with_the_reason(root: Ledger) -> None:
    last = root.last
    root.settle({8: 5}, b"\x01\x08\x00\x05")
    root.last = last

    with pytest.raises(InvariantError) as refused:
        root.settle({8: 5}, b"\x01\x08\x00\x05")
    assert "WrongBatchId" in refused.value.context["reason"]


def test_push__credits_and_debits__balances_are_the_contracts(chain: Chain) -> None:
    push = Ledger(chain, "push")
    push.settle({8: 500, 9: 70}, PUSH_CODEC.encode({8: 500, 9: 70}))
    with push.rolled_back():
        push.settle({8: 1}, PUSH_CODEC.encode({8: 1}))
    push.settle({8: -200}, PUSH_CODEC.encode({8: -200}))

    assert [push.ask("balanceOfMember", member) for member in (8, 9)] == [300, 70]
    assert push.balances == {8: 300, 9: 70}
    assert push.ask("totalSupply") == push.last.supply == 370


def test_judge__targets__met_and_missed() -> None:
    results = [Result("batch.fixed", 66_000, "gas", 1), Result("rice.20pct.1000", 126.0, "gas/member", 1_000)]

    missed, met = judge(results)

    assert (missed.result.name, missed.is_met, missed.over) == ("rice.20pct.1000", False, 20.0)
    assert (met.result.name, met.is_met, met.over) == ("batch.fixed", True, 0.0)
    assert MOST["batch.fixed"] == 66_000
