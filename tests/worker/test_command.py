"""loyaltychain run --retry
└── given a batch that a pause has halted
    ├── when run without it: exit code 4, and the message says what to run
    └── when run with it: the batch is settled, the audit finds nothing
loyaltychain batch
├── given a batch that is halted, and opened again: its entries are settled in another one, the audit finds nothing
└── log: each transition with its reason, also of what was opened
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loyaltychain.config.project import open_project
from loyaltychain.core import errors
from loyaltychain.events.map import MAPS
from loyaltychain.wiring import open_world
from loyaltychain.worker import run_once
from tests.e2e.processes import Commands
from tests.worker.builders import HEADER, SALES, MeddledRpc, act, once


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Commands]:
    """A deployed project whose config role acts at once, its chain served by its own process."""
    commands = Commands(tmp_path / "shop")
    commands.run("init", "--template", "shop")
    settings = commands.home / "loyaltychain.toml"
    settings.write_text(settings.read_text("utf-8").replace("config = 60", "config = 0"), encoding="utf-8")
    commands.ask("chain", "start")
    commands.ask("deploy")
    yield commands
    commands.run("chain", "stop")


@pytest.mark.slow
def test_run__retry_of_a_halted_batch__settled(project: Commands) -> None:
    project.ask("ingest", project.write("sales.csv", HEADER + SALES), "--map", str(MAPS / "simulated_shop.yaml"))
    home = open_project(project.home, {})
    world = open_world(home)
    meddled: Any = MeddledRpc(world.rpc, once(lambda: act(world, "guardian", "pause")))
    with pytest.raises(errors.IntentReverted):
        run_once(open_world(home, rpc=meddled))
    act(world, "config", "unpause")

    refused = project.ask("run", "--once", exit_code=4)
    settled = project.ask("run", "--once", "--retry")

    assert refused["error"]["code"] == "IntentReverted"
    assert "`loyaltychain run --retry` sends the same batch again" in refused["error"]["message"]
    assert (settled["batches"], settled["waiting_for"]) == (1, None)
    assert project.ask("audit")["findings"] == []


@pytest.mark.slow
def test_batch__halted_and_opened_again__settled_anew(project: Commands) -> None:
    project.ask("ingest", project.write("sales.csv", HEADER + SALES), "--map", str(MAPS / "simulated_shop.yaml"))
    world = open_world(open_project(project.home, {}))
    meddled: Any = MeddledRpc(world.rpc, once(lambda: act(world, "guardian", "pause")))
    with pytest.raises(errors.IntentReverted):
        run_once(open_world(open_project(project.home, {}), rpc=meddled))
    act(world, "config", "unpause")
    named = ("--by", "operator:eve", "--reason", "the caps are lower now")

    missing = project.ask("batch", "reopen", "2", *named, exit_code=2)
    opened = project.ask("batch", "reopen", "1", *named)
    settled = project.ask("run", "--once")
    log = project.ask("batch", "log", "1")["transitions"]

    assert "Batch 2 is not halted, nor on its way: batch 1 is halted" in missing["error"]["message"]
    assert (opened, settled["batches"], settled["waiting_for"]) == ({"opened": [1]}, 1, None)
    ways = [(line["from"], line["to"]) for line in log if line["kind"] == "batch"]
    assert sorted(ways, key=str) == sorted(
        [
            (None, "sealed"), ("sealed", "submitted"), ("submitted", "halted"), ("halted", "void"),
            (None, "sealed"), ("sealed", "submitted"), ("submitted", "final"),
        ],
        key=str,
    )  # fmt: skip
    assert {line["id"] for line in log if line["kind"] == "intent"} == {"settle:1", "settle:1:2"}
    (halted,) = [line for line in log if line["to"] == "halted"]
    assert "LedgerIsPaused()" in halted["reason"]
    assert project.ask("batch", "log")["transitions"] == log
    assert project.ask("audit")["findings"] == []
