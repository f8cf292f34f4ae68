"""The command line, spoken to in process
├── given --json: exactly one JSON object on stdout, whatever happens, usage errors included
├── given each kind of error: its exit code
├── given files that are missing, cut or somebody else's: a message that says what to do, and nothing is lost
└── given settings of another kind: they are named
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from loyaltychain.cli import main as command_line
from loyaltychain.cli.output import exit_code
from loyaltychain.core import errors
from loyaltychain.events.map import MAPS

MAP = str(MAPS / "simulated_shop.yaml")
ROWS = "order_id,customer,kind,at,total,points\nS-1,ann,sale,2026-01-05T10:00:00Z,15.30,\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new project; commands are spoken in its directory."""
    for name in ("HOME", "DATABASE", "NETWORK", "RPC", "PROGRAM"):
        monkeypatch.delenv(f"LOYALTYCHAIN_{name}", raising=False)
    directory = tmp_path / "shop"
    directory.mkdir()
    monkeypatch.chdir(directory)
    return directory


class Speaker:
    """Says command lines and hands back the exit code and what stood on stdout."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def say(self, *arguments: str) -> tuple[int, str]:
        self._monkeypatch.setattr("sys.argv", ["loyaltychain", *arguments])
        self._capsys.readouterr()
        code = 0
        try:
            command_line.main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, self._capsys.readouterr().out

    def error(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        code, out = self.say(*arguments, "--json")
        answer = json.loads(out)
        assert list(answer) == ["error"], answer
        return code, answer["error"]


@pytest.fixture
def speaker(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Speaker:
    speaker = Speaker(monkeypatch, capsys)
    assert speaker.say("init", "--template", "shop")[0] == 0
    return speaker


def test_init__new_directory__answers_one_object(home: Path, speaker: Speaker) -> None:
    code, out = speaker.say("init", "--template", "shop", "--home", str(home / "other"), "--json")

    assert code == 0
    assert json.loads(out)["files"] == sorted(
        ["loyaltychain.toml", "program.yaml"]
        + [f"keys/{role}.key" for role in
           ("admin", "config", "deployer", "guardian", "registrar", "settler", "upgrader")]
    )  # fmt: skip
    assert speaker.error("init", "--template", "shop")[1]["code"] == "ProjectExists"


@pytest.mark.parametrize(
    "line",
    [["ingest"], ["ingest", ".", "--map", MAP], ["chain", "start", "--port", "99999"], ["fly"],
     ["ingest", "x.csv", "--map", MAP, "--format", "xml"], ["receipt"], ["receipt", "verify"]],
)  # fmt: skip
def test_usage_errors__with_json__are_one_object(speaker: Speaker, line: list[str]) -> None:
    code, error = speaker.error(*line)

    assert (code, error["code"]) == (2, "UsageError")
    assert error["message"]


@pytest.mark.parametrize(
    ("line", "code"),
    [(["deploy"], "ChainNotRunning"), (["run", "--once"], "ChainNotRunning"), (["audit"], "ChainNotRunning"),
     (["verify"], "ChainNotRunning"), (["receipt", "show", "--event", "shop/1"], "NotDeployed"),
     (["receipt", "show"], "InvalidSettings"), (["receipt", "verify", "none.json"], "InvalidReceipt"),
     (["receipt", "verify", "program.yaml", "--offline", "--rpc", "http://x"], "InvalidSettings"),
     (["audit", "--manifest", "none.json"], "InvalidSettings"), (["audit", "--rpc", "http://x"], "InvalidSettings"),
     (["audit", "--manifest", "program.yaml", "--rpc", "ftp://x"], "InvalidSettings"),
     (["chain", "reset"], "InvalidSettings"), (["ingest", "none.csv", "--map", MAP], "InvalidSettings"),
     (["ingest", "loyaltychain.toml", "--map", "program.yaml"], "InvalidMap"),
     (["status", "--home", "nowhere"], "ProjectMissing")],
)  # fmt: skip
def test_request_errors__with_json__exit_2_and_name_themselves(speaker: Speaker, line: list[str], code: str) -> None:
    exit_, error = speaker.error(*line)

    assert (exit_, error["code"]) == (2, code)


def test_help__every_subcommand__stands_in_one_panel(speaker: Speaker) -> None:
    in_panels = [name for names in command_line.PANELS.values() for name in names]
    code, out = speaker.say("--help")

    assert sorted(in_panels) == sorted(command_line.COMMANDS)
    assert code == 0
    assert [name for name in (*in_panels, *command_line.PANELS) if name not in out] == []
    assert "Commands" not in out  # the panel of those that stand in none


def test_exit_code__every_branch__as_in_the_readme() -> None:
    assert exit_code(errors.InvalidEvent()) == 2
    assert exit_code(errors.LedgerPaused()) == 3
    assert exit_code(errors.ChainAhead()) == 4


def test_ingest__rejects_that_would_replace_a_file__are_refused_and_nothing_is_lost(
    home: Path, speaker: Speaker
) -> None:
    (home / "orders.csv").write_text(ROWS, encoding="utf-8")
    before = (home / "program.yaml").read_bytes()

    code, error = speaker.error("ingest", "orders.csv", "--map", MAP, "--rejects", "program.yaml")

    assert (code, error["code"]) == (2, "InvalidEvent")
    assert "no rejects file" in error["message"]
    assert (home / "program.yaml").read_bytes() == before
    assert json.loads(speaker.say("ingest", "orders.csv", "--map", MAP, "--json")[1])["taken"] == 1


def test_ingest__types_that_nothing_goes_by__are_named_with_what_was_meant(home: Path, speaker: Speaker) -> None:
    lines = [
        {"source": "shop", "id": str(n), "type": kind, "member": "ann", "occurred_at": "2026-01-05T10:00:00Z",
         "payload": {"amount": 100, "currency": "GBP"}}
        for n, kind in enumerate(["purchase", "purchas", "purchas"])
    ]  # fmt: skip
    (home / "e.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in lines), encoding="utf-8")

    said = speaker.say("ingest", "e.jsonl")[1]

    meant = "Corner Shop Points has nothing for 2 events of the type purchas (did you mean 'purchase'?)."
    assert meant in " ".join(said.split())
    assert json.loads(speaker.say("ingest", "e.jsonl", "--json")[1])["unknown_types"] == {"purchas": 2}


@pytest.mark.parametrize("where", ["/proc/none/x.csv", "."])
def test_ingest__rejects_that_cannot_be_written__says_so(home: Path, speaker: Speaker, where: str) -> None:
    (home / "orders.csv").write_text(ROWS.replace("15.30", "lots"), encoding="utf-8")

    code, error = speaker.error("ingest", "orders.csv", "--map", MAP, "--rejects", where)

    assert code == 2
    assert error["code"] in {"InvalidEvent", "UsageError"}


@pytest.mark.parametrize("content", [b"", b"this is no database at all, but it is long enough to be one" * 40])
def test_database__not_one__says_what_to_do(home: Path, speaker: Speaker, content: bytes) -> None:
    (home / "orders.csv").write_text(ROWS, encoding="utf-8")
    (home / "ledger.sqlite3").write_bytes(content)

    code, out = speaker.say("ingest", "orders.csv", "--map", MAP, "--json")

    if content:
        error = json.loads(out)["error"]
        assert (code, error["code"]) == (2, "InvalidSettings")
        assert "restore the file from a backup" in error["message"]
    else:
        assert (code, json.loads(out)["taken"]) == (0, 1)  # an empty file is a new database


def test_database__in_no_directory__says_what_to_do(
    home: Path, speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOYALTYCHAIN_DATABASE", "sqlite:////no/such/directory/x.db")

    code, error = speaker.error("status")

    assert (code, error["code"]) == (2, "InvalidSettings")


def test_database__server_that_does_not_answer__says_what_to_check(
    home: Path, speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg", reason="PostgreSQL's driver is not installed")
    monkeypatch.setenv("LOYALTYCHAIN_DATABASE", "postgresql+psycopg://me:secret@127.0.0.1:1/books")

    code, error = speaker.error("status")

    assert (code, error["code"]) == (3, "DatabaseUnavailable")
    assert "that the server runs" in error["facts"]["hint"] and "`database`" in error["facts"]["hint"]
    assert "secret" not in json.dumps(error)


def test_status__unknown_network__is_named(home: Path, speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTYCHAIN_NETWORK", "../../etc")

    code, error = speaker.error("status")

    assert (code, error["code"], error["facts"]["profile"]) == (2, "InvalidSettings", "../../etc")


def test_init__where_nobody_can_write__says_so(speaker: Speaker) -> None:
    code, error = speaker.error("init", "--template", "shop", "--home", "/proc/none")

    assert (code, error["code"]) == (2, "InvalidSettings")
    assert "/proc/none" in error["message"]


def test_status__without_json__reads_like_a_page(home: Path, speaker: Speaker) -> None:
    code, out = speaker.say("status")

    assert code == 0
    assert re.search(r"network +local: The local chain is not running", out)
    assert re.search(r"contracts +not deployed: loyaltychain deploy", out)


def test_json__text_beyond_ascii__stays_ascii(home: Path, speaker: Speaker) -> None:
    (home / "ünïcode.csv").write_text(ROWS, encoding="utf-8")

    _, out = speaker.say("ingest", "nöne.csv", "--map", MAP, "--json")

    assert out.isascii()
    assert "nöne.csv" in json.loads(out)["error"]["message"]
