"""report, actions, backup, restore, spoken to in process
├── report roll-forward: JSON, CSV and a table of one and the same; --entries has the lines behind it
├── report close: the same bytes ever after; twice, or a month that is not over, is refused
├── report liability: what the project's cost makes of it; curves where asked for; what has no end by the programme
├── actions: what was done, its head, and what a kept head says of a log that was cut; keys by their ids
├── backup, restore: into a new file, which says that it was restored; an existing one is refused
└── balance --at: a past moment is answered by what was known then
"""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from loyaltychain.cli.output import stdout
from loyaltychain.core.clock import system_clock
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import open_database, reading, transaction
from loyaltychain.db.migrate import open_migrated
from loyaltychain.db.restores import unreconciled
from loyaltychain.events import identity
from tests.cli.test_commands import Speaker
from tests.operations.member_world import give

YESTERDAY = 86_400


@pytest.fixture
def speaker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Speaker:
    for name in ("HOME", "DATABASE", "NETWORK", "RPC", "PROGRAM"):
        monkeypatch.delenv(f"LOYALTYCHAIN_{name}", raising=False)
    monkeypatch.setattr(stdout, "_width", 80)
    monkeypatch.chdir(tmp_path)
    speaker = Speaker(monkeypatch, capsys)
    assert speaker.say("init", "--template", "shop")[0] == 0
    return speaker


@pytest.fixture
def books(speaker: Speaker, tmp_path: Path) -> Iterator[Engine]:
    """Ann got 100 points two days ago."""
    engine = open_migrated(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    now = system_clock()
    with transaction(engine) as tx:
        ann = identity.join(tx, "ann", now)
    give(engine, ann, 100, "=shop/1", at=now - 2 * YESTERDAY)
    yield engine
    engine.dispose()


def answer(speaker: Speaker, *line: str, code: int = 0) -> dict[str, Any]:
    found, out = speaker.say(*line, "--json")
    assert found == code, out
    return dict(json.loads(out))


def said(speaker: Speaker, *line: str) -> str:
    code, out = speaker.say(*line)
    assert code == 0, out
    return str(out)


def day(ago: int) -> str:
    return format_instant(system_clock() - ago * YESTERDAY)[:10]


def test_roll_forward__each_form__one_report(speaker: Speaker, books: Engine, tmp_path: Path) -> None:
    report = answer(speaker, "report", "roll-forward", "--entries", "lines.csv")
    assert report["totals"]["points"]["issued"] == 100
    rows = list(csv.DictReader(io.StringIO(said(speaker, "report", "roll-forward", "--format", "csv"))))
    assert [{name: value or None for name, value in row.items()} for row in rows] == [
        {name: None if value is None else str(value) for name, value in row.items()} for row in report["rows"]
    ]
    canonical = json.loads(said(speaker, "report", "roll-forward", "--format", "json"))
    assert canonical["rows"] == report["rows"]
    assert "issued" in said(speaker, "report", "roll-forward", "--from", day(9), "--to", day(0))
    [line] = list(csv.DictReader(io.StringIO((tmp_path / "lines.csv").read_text())))
    assert (line["cause"], line["figure"], line["amount"]) == ("'=shop/1", "issued", "100")
    assert answer(speaker, "report", "roll-forward", "--format", "xml", code=2)["error"]["code"] == "InvalidOperation"
    assert answer(speaker, "report", "roll-forward", "--from", "October", code=2)["error"]["code"] == "InvalidOperation"


def test_close__a_day_that_is_over__same_bytes_ever_after(speaker: Speaker, books: Engine) -> None:
    closed = answer(speaker, "report", "close", "--until", day(1), "--actor", "eve")
    assert (closed["period"], closed["report"]["totals"]["points"]["closing"]) == (1, 100)
    before = said(speaker, "report", "roll-forward", "--period", "1", "--format", "json")
    answer(speaker, "adjust", "ann", "5", "--reason", "goodwill", "--actor", "eve")
    assert said(speaker, "report", "roll-forward", "--period", "1", "--format", "json") == before
    for until, words in ((day(1), "closed already"), (day(0), "not ended")):
        refused = answer(speaker, "report", "close", "--until", until, "--actor", "eve", code=2)["error"]
        assert (refused["code"], words in refused["message"]) == ("PeriodRefused", True)
    assert [each["sha256"] for each in answer(speaker, "report", "periods")["periods"]] == [closed["sha256"]]
    table = said(speaker, "report", "periods")
    assert "1 to 1" in table and closed["sha256"] in table.split()
    assert answer(speaker, "report", "roll-forward", "--period", "2", code=2)["error"]["code"] == "UnknownPeriod"


def test_liability__cost_of_the_project__in_minor_units(speaker: Speaker, books: Engine, tmp_path: Path) -> None:
    assert answer(speaker, "report", "liability")["totals"]["cost"] is None
    assert "not said" in said(speaker, "report", "liability")
    refused = answer(speaker, "report", "liability", "--redemption-rate", "0.5", code=2)
    assert "needs a cost" in refused["error"]["message"]
    settings = tmp_path / "loyaltychain.toml"
    assert '# cost_per_point = "0.008"' in settings.read_text()
    settings.write_text(settings.read_text().replace('# cost_per_point = "0.008"', 'cost_per_point = "0.008"'))
    found = answer(speaker, "report", "liability", "--redemption-rate", "0.5", "--curves")
    assert (found["totals"]["cost"], found["totals"]["expected_cost"]) == (80, 40)
    assert [cohort["outstanding"] for cohort in found["cohorts"]] == [100]
    assert "0.80" in said(speaker, "report", "liability", "--curves")


def test_liability__points_without_an_end__never_or_while_active(
    speaker: Speaker, books: Engine, tmp_path: Path
) -> None:
    assert "never expires" in said(speaker, "report", "liability")
    program = tmp_path / "program.yaml"
    text = program.read_text()
    for policy, words in (("{months: 12}", "while active (12 months)"), ("{days: 31}", "while active (31 days)")):
        program.write_text(f"{text}\nexpiry: {{inactivity: {policy}}}\n")
        table = said(speaker, "report", "liability")
        assert words in table and "never expires" not in table


def test_actions__log_that_was_cut__a_kept_head_shows_it(speaker: Speaker, books: Engine) -> None:
    assert "Nothing was done" in said(speaker, "actions", "list")
    answer(speaker, "reward", "set", "mug", "--name", "A mug", "--cost", "30")
    answer(speaker, "report", "close", "--until", day(1), "--actor", "eve")
    assert [each["action"] for each in answer(speaker, "actions", "list")["actions"]] == ["period.close", "reward.set"]
    assert "reward:mug" in said(speaker, "actions", "list")
    kept = said(speaker, "actions", "head").strip()
    assert answer(speaker, "actions", "head")["head"] == kept
    assert answer(speaker, "actions", "verify", "--head", kept)["problems"] == []
    assert "2 actions" in said(speaker, "actions", "verify")
    with transaction(books) as tx:
        tx.execute(text("DROP TRIGGER no_delete_actions"))
        tx.execute(text("DELETE FROM actions WHERE position = 2"))
    assert answer(speaker, "actions", "verify")["problems"] == []
    cut = answer(speaker, "actions", "verify", "--head", kept, code=1)["problems"]
    assert [problem["code"] for problem in cut] == ["action-cut"]


def test_backup__restored_into_a_new_file__says_so(speaker: Speaker, books: Engine, tmp_path: Path) -> None:
    made = answer(speaker, "backup", "night.backup")
    assert answer(speaker, "backup", "night.backup", code=2)["error"]["code"] == "FileExists"
    back = answer(speaker, "restore", "night.backup", "--into", "sqlite:///new.sqlite3")
    assert (back["rows"], back["sha256"]) == (made["rows"], made["sha256"])
    with reading(open_database(f"sqlite:///{tmp_path / 'new.sqlite3'}")) as tx:
        assert unreconciled(tx) is not None
    again = answer(speaker, "restore", "night.backup", "--into", "sqlite:///new.sqlite3", code=2)
    assert again["error"]["code"] == "BackupRefused"
    assert "loyaltychain reconcile" in said(speaker, "restore", "night.backup", "--into", "sqlite:///other.sqlite3")
    assert "rows" in said(speaker, "backup", "other.backup")


def test_balance__a_past_moment__what_was_known_then(speaker: Speaker, books: Engine) -> None:
    now = system_clock()
    found = [answer(speaker, "balance", "ann", "--at", format_instant(now - days * YESTERDAY)) for days in (3, 1, -1)]
    assert [each["available"] for each in found] == [0, 100, 100]


def test_actions__keys__each_step_by_its_id(speaker: Speaker, books: Engine) -> None:
    key = answer(speaker, "key", "new", "till", "--source", "shop")
    answer(speaker, "key", "revoke", key["key"])
    [revoked, made] = answer(speaker, "actions", "list")["actions"]
    assert (made["action"], revoked["action"]) == ("key.new", "key.revoke")
    assert made["subject"] == revoked["subject"] == f"key:{key['id']}"
    assert key["key"].split("_")[3] not in json.dumps([made, revoked])
