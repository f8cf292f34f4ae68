"""A lasting chain and a process for each command
├── given deploy, ingest, run and audit in processes of their own, and a power cut between them
│   └── everything is there: balances, receipts, a clean audit
├── given a run that is killed at any moment: the next one finishes, each batch is settled once
├── given a second run at the same time: it is refused
├── given a chain that was reset: run halts, says what happened and what to do, and signs nothing
└── given a chain that is not running: each command that needs it says how to start it
"""

import json
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from loyaltychain.events.map import MAPS
from tests.e2e.processes import Commands

HEADER = "order_id,customer,kind,at,total,points\n"
WEEK = HEADER + "".join(
    [
        "S-1,ann,sale,2026-01-05T10:00:00+00:00,15.30,\n",
        "S-2,bob,sale,2026-01-05T11:00:00+00:00,100.00,\n",
        "R-1,bob,redeem,2026-01-06T11:00:00+00:00,,40\n",
        "R-2,ann,redeem,2026-01-06T12:00:00+00:00,,400\n",
        "S-3,cat,sale,yesterday,5.00,\n",
        "S-4,,sale,2026-01-06T12:00:00+00:00,5.00,\n",
    ]
)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Commands]:
    """A project with blanks in its path, its chain served."""
    commands = Commands(tmp_path / "my shop")
    commands.run("init", "--template", "shop")
    commands.ask("chain", "start")
    yield commands
    commands.run("chain", "stop")


def simulated_map(project: Commands) -> str:
    return project.write("map.yaml", (MAPS / "simulated_shop.yaml").read_text(encoding="utf-8"))


def test_four_processes__power_cut_between_them__everything_is_there(project: Commands) -> None:
    deployed = project.ask("deploy")
    assert (deployed["new"], deployed["published"], deployed["from_position"]) == (True, True, 1)
    project.kill_chain()

    ingested = project.ask("ingest", project.write("week.csv", WEEK), "--map", simulated_map(project))
    assert {name: ingested[name] for name in ("read", "taken", "known", "left_out", "rejected")} == {
        "read": 6, "taken": 4, "known": 0, "left_out": 1, "rejected": 1}  # fmt: skip
    rejects = Path(ingested["rejects_file"]).read_text(encoding="utf-8").splitlines()
    assert rejects[1].startswith("6,") and "yesterday" in rejects[1]

    project.ask("chain", "start")
    done = project.ask("run", "--once")
    assert {name: done[name] for name in ("events", "entries", "refused", "batches", "updates")} == {
        "events": 4, "entries": 3, "refused": 1, "batches": 1, "updates": 2}  # fmt: skip

    project.kill_chain()
    project.ask("chain", "start")
    report = project.ask("audit")
    assert (report["findings"], report["batches"], report["members"], report["supply"]) == ([], 1, 2, 75)
    assert report["sources"] == ["logs", "contracts", "database"]
    assert project.ask("verify")["different"] == []

    receipt = str(project.home / "receipt.json")
    project.run("receipt", "show", "--event", "shop/S-2", "--out", receipt)
    assert project.ask("receipt", "verify", receipt)["ok"] is True
    again = project.ask("ingest", project.write("week.csv", WEEK), "--map", simulated_map(project))
    assert (again["taken"], again["known"]) == (0, 4)
    assert project.ask("run", "--once")["batches"] == 0


def test_receipt__one_digit_changed__is_refused(project: Commands) -> None:
    project.ask("deploy")
    project.ask("ingest", project.write("week.csv", WEEK), "--map", simulated_map(project))
    project.ask("run", "--once")
    receipt = project.home / "receipt.json"
    project.run("receipt", "show", "--event", "shop/S-2", "--out", str(receipt))
    document = json.loads(receipt.read_text(encoding="utf-8"))
    document["amount"] += 1
    receipt.write_text(json.dumps(document), encoding="utf-8")

    verdict = project.ask("receipt", "verify", str(receipt), exit_code=1)

    assert verdict["ok"] is False
    assert {check["name"] for check in verdict["checks"] if not check["ok"]} == {"amount", "proof"}


def test_run__killed_at_any_moment__each_batch_settles_once(project: Commands) -> None:
    project.ask("deploy")
    dice = random.Random(7)
    total = 0
    for number in range(4):
        lines = [f"K-{number}-{n},m{n % 40},sale,2026-02-0{number + 1}T10:00:00Z,{n + 1}.50,\n" for n in range(400)]
        total += sum(n + 1 for n in range(400))
        project.ask("ingest", project.write(f"{number}.csv", HEADER + "".join(lines)), "--map", simulated_map(project))
        worker = project.spawn("run", "--settle-every", "0")
        time.sleep(dice.uniform(1.5, 5.0))
        worker.send_signal(signal.SIGKILL)
        worker.communicate()

    project.ask("run", "--once")

    report = project.ask("audit")
    assert (report["findings"], report["members"], report["supply"]) == ([], 40, total)
    assert project.ask("status")["batches"] == {"final": report["batches"]}


def wait_until_held(lock: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            FileLock(lock, timeout=0).acquire().lock.release()
        except Timeout:
            return
        time.sleep(0.2)
    raise AssertionError("nobody took the lock")


def test_run__second_one__is_refused(project: Commands) -> None:
    project.ask("deploy")
    worker = project.spawn("run")
    try:
        wait_until_held(project.home / "ledger.sqlite3.worker.lock")
        error = project.ask("run", "--once", exit_code=3)["error"]
        assert (error["code"], "one per project" in error["message"]) == ("DatabaseBusy", True)
    finally:
        worker.send_signal(signal.SIGTERM)
        _, complaint = worker.communicate(timeout=20)
    assert (worker.returncode, complaint) == (0, "")


def test_run__chain_was_reset__halts_and_signs_nothing(project: Commands) -> None:
    project.ask("deploy")
    project.ask("ingest", project.write("week.csv", WEEK), "--map", simulated_map(project))
    project.ask("chain", "reset", "--yes")
    project.ask("chain", "start")

    error = project.ask("run", "--once", exit_code=4)["error"]

    assert error["code"] == "WrongChain"
    assert "This chain is new, or another one" in error["message"]
    assert "begin a fresh project in another directory" in error["message"]
    assert project.ask("status")["batches"] == {}
    assert project.ask("deploy", exit_code=4)["error"]["code"] == "WrongChain"


def test_commands__chain_not_running__say_how_to_start_it(tmp_path: Path) -> None:
    project = Commands(tmp_path)
    project.run("init", "--template", "shop")

    for command in (["deploy"], ["run", "--once"], ["audit"], ["verify"]):
        error = project.ask(*command, exit_code=2)["error"]
        assert error["code"] == "ChainNotRunning"
        assert "loyaltychain chain start" in json.dumps(error)
