"""docs/API.md tells the truth
├── given its walk, block by block, with curl against a chain, a worker and the API as processes: each succeeds
├── given its recipes after that, each as it stands: it says what it promises
├── given its table of routes: exactly those of the contract
└── given its table of statuses: every code, under its status
"""

import json
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


WALK, RECIPES = PAGE[: PAGE.index("## Recipes")], PAGE[PAGE.index("## Recipes") : PAGE.index("## Conventions")]
LETTERS = [
    {"source": "shop", "id": "S-1", "type": "order", "member": "ann", "occurred_at": "2026-01-05T10:00:00Z",
     "payload": {"currency": "GBP", "lines": [
         {"line": "1", "item": "teapot", "quantity": 1, "amount": 4200},
         {"line": "2", "item": "cup", "quantity": 6, "amount": 1830}]}},
    {"source": "shop", "id": "N-1", "type": "newsletter", "member": "bob", "occurred_at": "2026-01-05T10:00:00Z",
     "payload": {}},
    {"source": "shop", "id": "N-2", "type": "order", "member": "bob", "occurred_at": "2026-01-05T10:00:00Z",
     "payload": {}},
]  # fmt: skip


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", WALK, re.DOTALL)


def recipes() -> dict[str, tuple[str, str]]:
    found = re.findall(r"<!-- recipe: ([a-z ]+) -->\n\n```(python|bash)\n(.*?)```", RECIPES, re.DOTALL)
    assert len(found) == RECIPES.count("```") // 2
    return {name: (language, script) for name, language, script in found}


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="the recipes need curl and bash")
def test_walk__block_by_block__succeeds(tmp_path: Path) -> None:
    [console] = blocks("console")
    commands = [line.removeprefix("$ loyaltychain ").split() for line in console.splitlines()]
    assert commands[-2:] == [["worker"], ["serve"]]
    project = Commands(tmp_path / "shop")
    project.run(*commands[0])
    put_command(project.home)
    for command in commands[1:-2]:
        project.run(*command)
    worker = project.spawn("run")
    try:
        with serving(project) as (_, url):
            said = walk(project.home, url)
            told = follow(project, url, said["setting"])
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=60)
        project.run("chain", "stop")

    assert '"available":160' in said["balance"]
    assert '"points":40' in said["till"] and '"points":5' in said["refund"]
    assert "It is on chain." in said["receipt"]
    assert re.fullmatch(r"\d+ points, by batch 0x[0-9a-f]{64}\n", said["proof"])
    assert told["checkout"].startswith("open 42 points 42 points.")
    assert told["return"].splitlines() == [
        "She would keep 34 points of this order.",
        "partially_returned 10 points refunded. 8 points taken back.",
        told["return"].splitlines()[2],
    ]
    assert told["return"].splitlines()[2].startswith("return-refused more-than-bought 2 pieces came back")
    assert re.fullmatch(r"[1-9]\d* entries True\n", told["export"])
    assert told["dead letters"] == "{'accepted': 1, 'known': 1, 'refused': 1}\n"
    [letter] = (project.home / "refused.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(letter)["problem"]["code"] == "invalid-event"


def follow(project: Commands, url: str, setting: str) -> dict[str, str]:
    """What each recipe says, in their order; the key that they use is the one that the walk made."""
    key = re.search(r'KEY="([^"]+)"', setting)
    assert key
    managing = project.run("key", "new", "office", "--source", "office", "--manages").strip()
    letters = "".join(json.dumps(letter) + "\n" for letter in LETTERS)
    project.write("dead-letters.jsonl", letters)
    names = {"API": url, "KEY": key[1], "MANAGING_KEY": managing}
    said = {}
    for name, (language, script) in sorted(recipes().items(), key=lambda each: each[0] == "rotate"):  # it ends the key
        if language == "python":
            known = f"import os\nos.environ |= {names!r}\n"
            said[name] = run_script(known + script, project.home, sys.executable)
        else:
            known = "".join(f"export {each}={value}\n" for each, value in names.items())
            said[name] = run_script(f"set -euo pipefail\n{known}{script}", project.home, "bash")
    keys = {each["name"]: each for each in project.ask("key", "list")["keys"] if each["revoked_at"] is None}
    assert keys["till"]["id"] != key[1].split("_")[2]
    return said


def walk(home: Path, url: str) -> dict[str, str]:
    """What each block says; the first one's variables are known to all."""
    first, *rest = blocks("bash")
    names = ["order", "balance", "till", "refund", "receipt"]
    assert len(rest) == len(names)
    setting = run_script(first.replace("http://127.0.0.1:8000", url) + "declare -p API KEY ASK", home, "bash")
    said = {"setting": setting}
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

    assert told == contract


def named(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def test_codes__the_table__has_them_all() -> None:
    table = PAGE[PAGE.index("| status |") : PAGE.index("The Python client makes")]
    rows = {row.split("|")[1]: row for row in table.splitlines()[2:] if row.startswith("|")}

    for code, (status, _) in KINDS.items():
        [row] = [row for statuses, row in rows.items() if str(status) in statuses]
        assert f"`{code}`" in row, code
    assert {*re.findall(r"`([a-z-]+)`", "".join(row.split("|")[3] for row in rows.values()))} == KINDS.keys()
