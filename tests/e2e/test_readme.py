"""The README tells the truth
├── given its demo: every line that it shows is printed, but for how long it took
├── given its walk, line by line: every command succeeds, and the audit is clean
├── given its lines for auditors: a stranger with the manifest, and with a log file alone, finds nothing
├── given its recipes for apps: with curl against a chain, a worker and the API, each succeeds
└── given the command line: each subcommand stands in it
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loyaltychain.cli.main import COMMANDS
from loyaltychain.events.map import MAPS
from tests.api.processes import serving
from tests.e2e.processes import Commands
from tests.e2e.shell import put_command, run_script, wait_for

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def console_after(mark: str) -> list[str]:
    """The commands of the first console block behind ``mark``."""
    block = re.search(r"```console\n(.*?)```", README[README.index(mark) :], re.DOTALL)
    assert block, mark
    return [line.removeprefix("$ ") for line in block[1].splitlines() if line.startswith("$ ")]


def run(command: str, directory: Path) -> str:
    program, *arguments = shlex.split(command)
    assert program == "loyaltychain", command
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOYALTYCHAIN_")}
    done = subprocess.run([sys.executable, "-m", "loyaltychain", *arguments], cwd=directory, check=False,
                          capture_output=True, text=True, env=environment)  # fmt: skip
    assert done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def without_gas(lines: list[str]) -> list[str]:
    """Gas hangs on how many bytes of a random deployment id and of salts are zero: 12 less for each."""
    return [re.sub(r"[\d,]+ gas", "… gas", line.rstrip()) for line in lines]


def test_readme__its_demo__every_line_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = re.search(r"```text\n(loyaltychain demo: a SIMULATED shop.*?)```", README, re.DOTALL)
    assert shown
    monkeypatch.setenv("COLUMNS", "80")

    printed = run("loyaltychain demo", tmp_path)

    *lines, took = shown[1].splitlines()
    assert took.startswith(" took ")
    assert without_gas(printed.splitlines())[: len(lines)] == without_gas(lines)


def test_readme__its_walk_and_its_audit__succeed(tmp_path: Path) -> None:
    csv = re.search(r"```csv\n(.*?)```", README, re.DOTALL)
    assert csv
    (tmp_path / "orders.csv").write_text(csv[1], encoding="utf-8")
    shutil.copy(MAPS / "simulated_shop.yaml", tmp_path / "map.yaml")
    walk = console_after("<!-- walk")
    assert walk[-1] == "loyaltychain chain stop"

    said = {command: run(command, tmp_path) for command in walk[:-1]}
    try:
        endpoint = json.loads((tmp_path / "chain" / "endpoint.json").read_text(encoding="utf-8"))["url"]
        shutil.copy(tmp_path / "deployments" / "local.json", tmp_path / "local.json")
        online, offline = console_after("## For auditors")
        stranger = tmp_path / "stranger"
        stranger.mkdir()
        shutil.move(tmp_path / "local.json", stranger)
        said["online"] = run(online.replace("http://127.0.0.1:8545", endpoint), stranger)
    finally:
        run(walk[-1], tmp_path)
    said["offline"] = run(offline, stranger)

    assert "Nothing was found." in said["loyaltychain audit"]
    assert "Nothing was found." in said["online"]
    assert "Nothing was found." in said["offline"]
    assert "It is on chain." in said["loyaltychain receipt verify receipt.json"]
    assert "1 final" in said["loyaltychain status"]


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="the recipes need curl and bash")
def test_readme__its_recipes__earn_redeem_and_verify(tmp_path: Path) -> None:
    recipes = re.search(r"```bash\n(.*?)```", README[README.index("<!-- recipes") :], re.DOTALL)
    assert recipes
    setting, earn, redeem, verify = re.split(r"\n\n# ", recipes[1])
    project = Commands(tmp_path / "shop")
    project.run("init", "--template", "orders")
    put_command(project.home)
    project.run("chain", "start")
    try:
        project.run("deploy")
        worker = project.spawn("run", "--settle-every", "0")
        with serving(project) as (_, url):
            known = run_script(
                setting.replace("http://127.0.0.1:8000", url) + "\ndeclare -p API KEY ASK", project.home, "bash"
            )

            def say(recipe: str) -> str:
                return run_script(f"set -eu\n{known}\n# {recipe}", project.home, "bash")

            earned = say(earn)
            look = 'look\ncurl "${ASK[@]}" "$API/v1/events/shop/S-1"'
            wait_for(lambda: '"state":"final"' in say(look))
            redeemed, verified = say(redeem), say(verify)
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=60)
    finally:
        project.run("chain", "stop")

    assert '"id":"S-1"' in earned
    assert '"available":120,' in redeemed
    assert "It is on chain." in verified


def test_readme__every_subcommand__is_named() -> None:
    assert [name for name in COMMANDS if not re.search(rf"\b{name}\b", README)] == []
