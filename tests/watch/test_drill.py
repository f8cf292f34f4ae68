"""The drill, and the page that walks it
├── given the drill: each step says what really happened, and only a void is left to find
├── given the drill as JSON: one object, which says that it is simulated
└── given the page: what it shows is what the drill prints, and all of it
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from loyaltychain.demo.drill import Drill, Step, run_drill
from loyaltychain.demo.drill_stage import WINDOW
from loyaltychain.demo.forge import CREDITED, LOGGED

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "FRAUD.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def drill() -> Drill:
    """One drill for all."""
    return run_drill()


def step(drill: Drill, number: int) -> Step:
    return drill.steps[number - 1]


def test_drill__ends_with_a_void_and_nothing_else(drill: Drill) -> None:
    assert len(drill.steps) == 9
    assert [(finding.code, finding.severity) for finding in drill.audit.findings] == [("batch-voided", "warning")]
    assert drill.is_clean


def test_drill__the_lie_is_found_shown_and_gone(drill: Drill) -> None:
    deployed, honest, forged, word, watched, after = (step(drill, number).facts for number in range(1, 7))

    assert deployed["challenge_window"] == WINDOW
    assert [(batch["batch"], batch["true"]) for batch in honest["batches"]] == [(1, True), (2, True)]
    assert forged["batch"] == 3
    assert forged["balance_in_his_tree"] == forged["balance_before"] + LOGGED + CREDITED
    assert word["refused"].startswith(f"WrongProof(expected={forged['root']}")
    assert [call["function"] for call in watched["calls"]] == ["retrace"]
    assert after == {
        "last_batch": 3,
        "hash": honest["batches"][1]["hash"],
        "supply": forged["supply"] - LOGGED,
        "paused": True,
        "balance": forged["balance_before"],
    }


def test_drill__the_programme_goes_on(drill: Drill) -> None:
    exchanged, again, audited = (step(drill, number).facts for number in range(7, 10))

    assert exchanged["old_key"].startswith("NotSettler(")
    assert not exchanged["paused"]
    assert (again["batch"], again["true"]) == (4, True)
    assert again["hangs_on"] == step(drill, 2).facts["batches"][1]["hash"]
    assert (audited["batches"], audited["supply"]) == (3, again["supply"])


def test_drill__who_paid(drill: Drill) -> None:
    paid = {number: [(one.what, one.payer) for one in step(drill, number).paid] for number in range(1, 10)}
    (thief,), (watcher,) = paid[3], paid[5]

    assert (thief[0], watcher[0]) == ("settle", "retrace")
    assert thief[1] != watcher[1]
    assert [what for what, _ in paid[7]] == [
        "schedule setSettler", "schedule unpause", "execute setSettler", "execute unpause",
    ]  # fmt: skip
    assert all(one.gas > 21_000 for each in drill.steps for one in each.paid)


def masked(text: str) -> list[str]:
    """Lines without what differs from run to run."""
    text = re.sub(r"0x[0-9a-f]{9,}", "0x", text)
    text = re.sub(r"[\d,]+ gas\b", "N gas", text)
    text = re.sub(r"gas: [\d,]+", "gas: N", text)
    return [re.sub(r"after [\d.]+ s", "after N s", line).strip() for line in text.splitlines() if line.strip()]


def test_page__shows_what_the_drill_prints() -> None:
    command = [sys.executable, "-m", "loyaltychain", "drill"]
    printed = masked(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    shown = [line for block in re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL) for line in masked(block)]

    assert shown == printed


def test_drill__as_json__is_one_object_that_says_what_it_is(drill: Drill) -> None:
    document = json.loads(json.dumps(drill.document()))

    assert document["simulated"] is True
    assert [each["number"] for each in document["steps"]] == list(range(1, 10))
    assert [finding["code"] for finding in document["findings"]] == ["batch-voided"]
