"""The operating commands, spoken in process to a project whose local chain is served by a process of its own
├── caps: lowered at once, raised after the delay; the guardian takes a raise back; the wrong way is refused
├── settler: another key after the delay; the guardian takes it back
├── pause and unpause: at once, and after the delay
├── mode: propose, count in parts, activate after the contest, unpause: the ledger is in root mode, and in the manifest
├── upgrade: refused, checked, rehearsed on a copy that leaves no trace, scheduled, executed
└── a role whose key is not here: named
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loyaltychain.chain.rpc import Web3Rpc
from loyaltychain.cli import main as command_line
from loyaltychain.config.project import open_project
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import transaction
from loyaltychain.deploy.readback import read_back
from loyaltychain.events import identity
from loyaltychain.localchain.process import stop
from loyaltychain.wiring import World, open_world
from tests.upgrades.compiling import solc_or_skip
from tests.upgrades.variants import VARIANTS
from tests.upgrades.world import WAIT, ask, settle

BALANCES = {1: 250, 8: 31, 16: 5, 40: 9}


class Operator:
    """Speaks command lines in one project; each answers one JSON object."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def say(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        self._monkeypatch.setattr("sys.argv", ["loyaltychain", *arguments, "--home", str(self.home), "--json"])
        self._capsys.readouterr()
        ended = 0
        try:
            command_line.main()
        except SystemExit as end:
            ended = int(end.code or 0)
        out = self._capsys.readouterr().out
        assert ended == code, out
        answer: dict[str, Any] = json.loads(out)
        return answer

    @property
    def world(self) -> World:
        return open_world(open_project(self.home, {}))

    def wait(self) -> None:
        """Let the delays pass."""
        rpc = self.world.rpc
        assert isinstance(rpc, Web3Rpc)
        rpc.ask("evm_increaseTime", hex(WAIT))
        rpc.ask("evm_mine")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployed project whose chain does not run; not to be changed."""
    home = tmp_path_factory.mktemp("built") / "shop"
    for command in (["init", "--template", "shop"], ["chain", "start"], ["deploy"], ["chain", "stop"]):
        line = [sys.executable, "-m", "loyaltychain", *command, "--home", str(home)]
        subprocess.run(line, check=True, capture_output=True)
    return home


@pytest.fixture
def operator(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Operator]:
    for name in ("HOME", "DATABASE", "NETWORK", "RPC", "PROGRAM"):
        monkeypatch.delenv(f"LOYALTYCHAIN_{name}", raising=False)
    home = tmp_path / "shop"
    shutil.copytree(built, home)
    operator = Operator(home, monkeypatch, capsys)
    operator.say("chain", "start")
    try:
        yield operator
    finally:
        stop(home)


def test_settler__another_key__after_the_delay_and_back_by_the_guardian(operator: Operator) -> None:
    other = "0x" + "ab" * 20
    assert operator.say("settler", "0x12", code=2)["error"]["code"] == "InvalidSettings"
    assert operator.say("settler", other)["done"] == "scheduled"
    assert operator.say("settler", other, "--cancel")["done"] == "cancelled"
    operator.say("settler", other)
    operator.wait()
    assert operator.say("settler", other)["done"] == "acted"
    assert operator.say("settler", other)["done"] == "nothing"
    assert operator.world.manifest["roles"]["settler"] == other


def test_caps__lowered_at_once_and_raised_after_the_delay(operator: Operator) -> None:
    assert operator.say("caps", "lower", "--issue-per-batch", "500")["done"] == "acted"
    assert operator.say("caps", "show")["issuePerBatch"] == 500
    assert operator.say("caps", "lower", "--issue-per-batch", "500")["done"] == "nothing"
    assert operator.say("caps", "lower", "--issue-per-batch", "501", code=2)["error"]["code"] == "InvalidOperation"
    assert operator.say("caps", "raise", "--issue-per-batch", "499", code=2)["error"]["code"] == "InvalidOperation"

    scheduled = operator.say("caps", "raise", "--issue-per-batch", "700", "--period-seconds", "60")

    assert (scheduled["done"], scheduled["guardian_may_cancel"]) == ("scheduled", True)
    assert operator.say("caps", "raise", "--issue-per-batch", "700", "--period-seconds", "60")["done"] == "waits"
    assert operator.say("caps", "raise", "--issue-per-batch", "700", "--period-seconds", "60", "--cancel")["done"] == (
        "cancelled"
    )
    assert operator.say("caps", "raise", "--issue-per-batch", "700", "--period-seconds", "60")["done"] == "scheduled"
    operator.wait()
    assert operator.say("caps", "raise", "--issue-per-batch", "700", "--period-seconds", "60")["done"] == "acted"
    facts = operator.say("caps", "show")
    assert (facts["issuePerBatch"], facts["periodSeconds"]) == (700, 60)
    assert operator.world.manifest["caps"]["issuePerBatch"] == 700
    assert operator.say("verify")["different"] == []


def test_pause__at_once__and_unpause_after_the_delay(operator: Operator) -> None:
    assert operator.say("unpause")["done"] == "nothing"
    assert (operator.say("pause")["done"], operator.say("pause")["done"]) == ("acted", "nothing")
    assert ask(operator.world, "PointsLedger", "paused") is True
    assert operator.say("unpause")["done"] == "scheduled"
    assert operator.say("unpause", "--cancel")["done"] == "cancelled"
    operator.wait()
    assert ask(operator.world, "PointsLedger", "paused") is True
    assert operator.say("unpause")["done"] == "scheduled"
    operator.wait()
    assert operator.say("unpause")["done"] == "acted"
    assert ask(operator.world, "PointsLedger", "paused") is False
    # Once more, months later: the same call again, and not the one of then.
    assert operator.say("pause")["done"] == "acted"


def test_pause__without_the_guardians_key__names_it(operator: Operator) -> None:
    (operator.home / "keys" / "guardian.key").unlink()

    error = operator.say("pause", code=2)["error"]

    assert error["facts"]["role"] == "guardian"
    assert "keys/guardian.key" in error["message"]


def test_mode__the_whole_switch(operator: Operator) -> None:
    world = operator.world
    with transaction(world.engine) as tx:
        identity.join_all(tx, [f"m{number}" for number in range(1, 49)], UnixSeconds(1_780_000_000))
    settle(world, BALANCES)
    assert "Pause the ledger" in operator.say("mode", "propose", "--window", "30", code=2)["error"]["message"]
    assert operator.say("mode", "count", code=2)["error"]["code"] == "InvalidOperation"
    operator.say("pause")
    assert operator.say("mode", "propose", "--window", "30")["done"] == "scheduled"
    operator.wait()
    assert operator.say("mode", "propose", "--window", "30")["done"] == "acted"
    assert operator.say("mode", "status")["switch"].startswith("words are to be counted")
    assert operator.say("mode", "activate", code=2)["error"]["code"] == "InvalidOperation"

    counted = operator.say("mode", "count", "--chunk", "2")

    # Seven words in four parts; the third part holds nothing, and is not sent.
    assert (counted["words"], counted["transactions"]) == (7, 3)
    assert operator.say("mode", "count", "--chunk", "2")["transactions"] == 0
    assert operator.say("mode", "activate", code=3)["error"]["code"] == "NotDue"
    operator.wait()
    operator.say("mode", "activate")
    facts = operator.say("mode", "status")
    assert (facts["mode"], facts["challenge_window"], facts["switch"], facts["paused"]) == ("root", 30, "none", True)
    assert (operator.world.manifest["mode"], operator.world.manifest["challenge_window"]) == ("root", 30)
    operator.say("unpause")
    operator.wait()
    assert operator.say("unpause")["done"] == "acted"
    assert [check for check in read_back(operator.world.rpc, operator.world.manifest) if not check.ok] == []
    # The batch was settled past the database, which `verify` has to say.
    assert operator.say("verify", code=4)["error"]["code"] == "ChainAhead"


def test_mode__a_switch_that_was_proposed__can_be_cancelled(operator: Operator) -> None:
    operator.say("pause")
    operator.say("mode", "propose", "--window", "30")
    operator.wait()
    operator.say("mode", "propose", "--window", "30")  # no batch yet: there is nothing to count
    assert operator.say("mode", "status")["switch"].startswith("contest")
    operator.say("mode", "cancel")
    operator.wait()
    assert operator.say("mode", "cancel")["done"] == "acted"
    assert operator.say("mode", "status")["switch"] == "none"
    assert operator.say("mode", "cancel")["done"] == "nothing"


def test_upgrade__by_commands__the_whole_way(operator: Operator, tmp_path: Path) -> None:
    solc_or_skip()
    good = str(tmp_path / "RegistryV2.sol")
    Path(good).write_text(VARIANTS["RegistryV2"].text("RegistryV2"), encoding="utf-8")
    assert operator.say("upgrade", "check", "Shop", "--to", good, code=2)["error"]["code"] == "InvalidSettings"
    assert operator.say("upgrade", "check", "ProgramRegistry", "--to", "release")["refusals"] == []
    head = operator.world.rpc.block("latest").number

    rehearsed = operator.say("upgrade", "rehearse", "ProgramRegistry", "--to", good)

    assert (rehearsed["ground"], rehearsed["different"], rehearsed["clean"]) == ("a copy of the local chain", {}, True)
    assert operator.world.rpc.block("latest").number == head
    scheduled = operator.say("upgrade", "schedule", "ProgramRegistry", "--to", good)
    assert scheduled["done"] == "scheduled"
    assert operator.say("upgrade", "execute", "ProgramRegistry", code=3)["error"]["code"] == "NotDue"
    operator.wait()
    done = operator.say("upgrade", "execute", "ProgramRegistry")
    assert (done["implementation"], done["different"]) == (scheduled["implementation"], [])
    assert operator.say("verify")["different"] == []
    assert operator.say("upgrade", "cancel", "ProgramRegistry", code=2)["error"]["code"] == "InvalidOperation"
    back = operator.say("upgrade", "check", "ProgramRegistry", "--to", "release", code=1)
    assert [refusal.split(": ")[:2] for refusal in back["refusals"]] == [
        ["removed", "erc7201:loyaltychain.storage.ProgramRegistry._added"]
    ]
