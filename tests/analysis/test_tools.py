"""
the contracts under analysis
├── slither finds nothing that is not explained
├── OpenZeppelin's validator finds nothing that is not explained
├── forge's fuzz and invariant suites pass on the shipped code
└── halmos proves its checks
    each skipped with its reason where the tool cannot be had; slither and halmos only when asked for
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASKED = bool(os.environ.get("LOYALTYCHAIN_TEST_ANALYSIS"))


def analyse(tool: str, *options: str) -> dict[str, object]:
    command = [sys.executable, str(ROOT / "scripts" / "analysis"), tool, "--json", *options]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.stdout, done.stderr
    verdict = json.loads(done.stdout)[tool]
    if verdict["skipped"]:
        pytest.skip(f"{tool}: {verdict['skipped']}")
    assert done.returncode == (1 if verdict["unexplained"] else 0)
    return verdict


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("tool", ["oz", "forge"])
def test_nothing_is_unexplained(tool: str) -> None:
    assert analyse(tool)["unexplained"] == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("tool", ["slither", "halmos"])
def test_nothing_is_unexplained_after_a_long_look(tool: str) -> None:
    if not ASKED:
        pytest.skip("LOYALTYCHAIN_TEST_ANALYSIS=1 runs slither and halmos, a minute or two each")
    assert analyse(tool)["unexplained"] == []
