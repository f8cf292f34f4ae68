"""loyaltychain run --retry
└── given a batch that a pause has halted
    ├── when run without it: exit code 4, and the message says what to run
    └── when run with it: the batch is settled, the audit finds nothing
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
    commands.run("init")
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
