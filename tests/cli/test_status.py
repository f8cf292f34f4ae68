"""read_status: it says which batch waits and why, and whether the rules in the programme file count."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call
from loyaltychain.core import errors
from loyaltychain.events.ingest import ingest_file
from loyaltychain.events.map import packaged_map
from loyaltychain.status import read_status
from loyaltychain.worker import run_once
from tests.deploy.test_readback import act
from tests.projects import NOW, ProjectWorld, project_world, run_deploy


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[ProjectWorld]:
    with project_world(tmp_path / "project") as world:
        run_deploy(world.open())
        yield world


def test_read_status__paused_ledger__says_which_batch_waits_and_why(deployed: ProjectWorld) -> None:
    world = deployed.open()
    file = deployed.project.home / "orders.csv"
    file.write_text("order_id,customer,kind,at,total,points\nS-1,ann,sale,2026-01-05T10:00:00Z,10.00,\n", "utf-8")
    event_map = packaged_map("simulated_shop")
    ingest_file(world.engine, file, format="csv", event_map=event_map, received_at=NOW,
                rejects=file.with_suffix(".rejects"))  # fmt: skip
    assert read_status(deployed.project)["events_waiting"] == 1
    ledger = world.manifest["contracts"]["PointsLedger"]["address"]
    act(world, "guardian", ledger, encode_call(artifacts.load("PointsLedger").abi, "pause", ()))

    with pytest.raises(errors.LedgerPaused):
        run_once(world)

    status = read_status(deployed.project)
    assert (status["events_waiting"], status["points_outstanding"], status["batches"]) == (0, 10, {"submitted": 1})
    assert status["waiting_for"] == "batch 1: LedgerIsPaused()"


def test_read_status__nothing_to_settle__waits_for_nothing(deployed: ProjectWorld) -> None:
    status = read_status(deployed.project)

    assert (status["waiting_for"], status["batches"], status["entries"]) == (None, {}, 0)
    assert status["ledger_contract"] == deployed.open().manifest["contracts"]["PointsLedger"]["address"]


def test_read_status__rules__says_whether_they_count(deployed: ProjectWorld) -> None:
    assert read_status(deployed.project)["rules"] == "Corner Shop Points 1, in force from ledger position 1"
    file = deployed.project.program_file
    text = file.read_text(encoding="utf-8")

    file.write_text(text.replace("version: 1", "version: 2"), encoding="utf-8")
    assert read_status(deployed.project)["rules"] == "Corner Shop Points 2, not published: loyaltychain deploy"

    file.unlink()
    assert read_status(deployed.project)["rules"].startswith("program.yaml cannot be used: ")
