"""docs/API.md tells the truth
├── given its walk, block by block, with curl against a chain, a worker and the API as processes: each succeeds
├── given its table of routes: exactly those of the contract
└── given its table of statuses: every code, under its status
"""

import re
import shutil
import signal
import sys
from pathlib import Path

import pytest

from loyaltychain.api.problems import KINDS
from tests.api.processes import serving
from tests.api.serving import Served
from tests.e2e.processes import Commands
from tests.e2e.shell import put_command, run_script, wait_for

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "API.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="the recipes need curl and bash")
def test_walk__block_by_block__succeeds(tmp_path: Path) -> None:
    [console] = blocks("console")
    commands = [line.removeprefix("$ loyaltychain ").split() for line in console.splitlines()]
    assert commands[-2:] == [["run"], ["serve"]]
    project = Commands(tmp_path / "shop")
    project.run(*commands[0])
    put_command(project.home)
    for command in commands[1:-2]:
        project.run(*command)
    worker = project.spawn("run")
    try:
        with serving(project) as (_, url):
            said = walk(project.home, url)
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=60)
        project.run("chain", "stop")

    assert '"available":160' in said["balance"]
    assert '"points":40' in said["till"] and '"points":5' in said["refund"]
    assert "It is on chain." in said["receipt"]
    assert re.fullmatch(r"\d+ points, by batch 0x[0-9a-f]{64}\n", said["proof"])


def walk(home: Path, url: str) -> dict[str, str]:
    """What each block says; the first one's variables are known to all."""
    first, *rest = blocks("bash")
    names = ["order", "balance", "till", "refund", "receipt"]
    assert len(rest) == len(names)
    setting = run_script(first.replace("http://127.0.0.1:8000", url) + "declare -p API KEY ASK", home, "bash")
    said = {}
    for name, block in zip(names, rest, strict=True):
        if name == "receipt":
            wait_for(lambda: '"state":"final"' in run_script(
                f'set -eu\n{setting}\ncurl "${{ASK[@]}}" "$API/v1/events/shop/S-1"', home, "bash"))  # fmt: skip
        said[name] = run_script(f"set -eu\n{setting}\n{block}", home, "bash")
        if name == "order":
            wait_for(lambda: '"outcome":{' in run_script(
                f'set -eu\n{setting}\ncurl "${{ASK[@]}}" "$API/v1/events/shop/S-1"', home, "bash"))  # fmt: skip
    [script] = blocks("python")
    key = re.search(r'KEY="([^"]+)"', setting)
    assert key
    known = f"import os\nos.environ |= {{'API': {url!r}, 'KEY': {key[1]!r}}}\n"
    said["proof"] = run_script(known + script, home, sys.executable)
    return said


def test_routes__the_table_and_the_contract__are_the_same(shared: Served) -> None:
    paths = shared.http.get("/openapi.json").json()["paths"]
    contract = {f"{method.upper()} {named(path)}" for path, methods in paths.items() for method in methods}
    table = PAGE[PAGE.index("## Routes") : PAGE.index("## Running it")]
    told = {f"{method} {named(path)}" for method, path in re.findall(r"`(GET|POST|PUT) (/[^`]*)`", table)}
    told |= {"POST /v1/holds/{}/{}/release", "GET /v1/batches/{}"}  # told together with the route before

    assert told == contract


def named(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def test_codes__the_table__has_them_all() -> None:
    table = PAGE[PAGE.index("| status |") : PAGE.index("Make a call again")]
    rows = {row.split("|")[1]: row for row in table.splitlines()[2:] if row.startswith("|")}

    for code, (status, _) in KINDS.items():
        [row] = [row for statuses, row in rows.items() if str(status) in statuses]
        short = code.removeprefix("unknown") if code.startswith("unknown-") else code
        assert f"`{code}`" in row or f"`{short}`" in row, code
