"""member, approvals, spoken to in process
├── show, alias, merge, unmerge, close: each answers one JSON object with --json, and words that fit 80 columns without
├── a wallet that is bound on chain keeps its number from being merged; a chain that does not answer is told
├── adjust above the project's limit waits; another person approves or rejects it, by the id as it is printed
├── an id is never broken over lines; members are named by theirs
├── the project's cool-down keeps an app from redeeming after a merge
└── what cannot be done ends with its code and a message
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from loyaltychain.cli import people
from loyaltychain.cli.output import stdout
from loyaltychain.config.project import open_project
from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.clock import system_clock
from loyaltychain.core.times import parse_instant
from loyaltychain.db.engine import transaction
from loyaltychain.db.migrate import open_migrated
from loyaltychain.deploy.bounds import read_bounds
from loyaltychain.events import identity
from loyaltychain.operations.redeem import redeem
from tests.cli.test_commands import Speaker
from tests.cli.test_members import answer, shown

SAID = ("--reason", "one person", "--actor", "eve@shop")


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
    """A new project of which ann and bob are members; bob has 50 points."""
    engine = open_migrated(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    with transaction(engine) as tx:
        for name in ("ann", "bob"):
            identity.join(tx, name, system_clock())
    answer(speaker, "adjust", "bob", "50", *SAID)
    yield engine
    engine.dispose()


def test_member__merge_and_unmerge__tell_what_moved(speaker: Speaker, books: Engine) -> None:
    done = answer(speaker, "member", "merge", "bob", "ann", *SAID)
    assert (done["merged"], done["survivor"], done["points"], done["is_replay"], done["wallet_asked"]) == (
        2, 1, 50, False, True,
    )  # fmt: skip
    assert "it was done already" in shown(speaker, "member", "merge", "bob", "ann", *SAID)
    found = answer(speaker, "member", "show", "ann")
    assert [(each["member_id"], each["kind"]) for each in found["ids"]] == [("ann", "joined"), ("bob", "merged")]
    assert "went over into" in shown(speaker, "member", "show", "bob")
    assert answer(speaker, "balance", "bob")["member"] == 1
    assert "came with members" in shown(speaker, "balance", "bob")

    answer(speaker, "adjust", "ann", "-20", *SAID)
    own = ("--reason", "x", "--actor", "bob")
    assert speaker.error("member", "unmerge", "bob", *own)[1]["code"] == "InvalidOperation"
    parted = answer(speaker, "member", "unmerge", "bob", *SAID)
    assert (parted["points"], [lot["short"] for lot in parted["shortage"]]) == (30, [20])
    answer(speaker, "member", "merge", "bob", "ann", *SAID)
    assert "member 2, out of member 1" in shown(speaker, "member", "unmerge", "bob", *SAID)
    assert "undone" in shown(speaker, "member", "show", "bob")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (["member", "merge", "bob", "zoe", *SAID], "UnknownMember"),
        (["member", "merge", "bob", "bob", *SAID], "InvalidOperation"),
        (["member", "merge", "bob", "ann", "--reason", "x", "--actor", "ann"], "InvalidOperation"),
        (["member", "unmerge", "bob", *SAID], "MergeRefused"),
        (["member", "show", "zoe"], "UnknownMember"),
        (["approvals", "approve", "operator/none", *SAID], "UnknownApproval"),
    ],
)
def test_people__what_cannot_be_done__exit_2(speaker: Speaker, books: Engine, line: list[str], code: str) -> None:
    exit_code, error = speaker.error(*line)

    assert (exit_code, error["code"]) == (2, code)


def test_member__alias_and_close__once(speaker: Speaker, books: Engine) -> None:
    assert answer(speaker, "member", "alias", "bob@work", "bob")["member"] == 2
    assert "are member 2" in shown(speaker, "member", "alias", "bob@work", "bob")
    since = answer(speaker, "member", "close", "bob@work", "--reason", "asked for it")["closed_at"]
    assert answer(speaker, "member", "close", "bob", "--reason", "again")["closed_at"] == since
    assert "closed since" in shown(speaker, "member", "show", "bob")


def test_member__merge_without_a_chain__says_so(
    speaker: Speaker, books: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deployments").mkdir(exist_ok=True)
    project = open_project(tmp_path, {})
    project.manifest_file.write_text("{}")  # deployed, and the local chain has no process

    assert people._find_wallet(project, MemberNumber(2)) == (None, False)


def test_approvals__two_persons__adjust(speaker: Speaker, books: Engine, tmp_path: Path) -> None:
    limit(tmp_path, "# adjust_above = 1000", "adjust_above = 100")
    assert answer(speaker, "adjust", "ann", "100", "--id", "a", *SAID)["points"] == 100
    asked = answer(speaker, "adjust", "ann", "101", "--id", "b", *SAID)
    assert (asked["state"], asked["id"]) == ("pending", "operator/b")
    assert "a second person" in shown(speaker, "adjust", "ann", "-101", "--id", "c", "--may-owe", *SAID)

    assert speaker.error("approvals", "approve", "operator/b", *SAID)[1]["code"] == "ApprovalRefused"
    second = ("--reason", "well argued", "--actor", "adam")
    [waits, _] = answer(speaker, "approvals", "list")["approvals"]
    assert (waits["member_id"], waits["decided_at"]) == ("ann", None)
    assert parse_instant(waits["until"], pattern="iso", zone=None) > system_clock()
    done = answer(speaker, "approvals", "approve", "operator/b", *second)
    assert (done["entry_id"], done["member_id"]) == ("adjust:operator/b", "ann")
    rejected = shown(speaker, "approvals", "reject", "c", *second)  # as `adjust --id` was given it
    assert re.search(r"id +operator/c\nstate +rejected\nmember +ann\n", rejected)

    found = answer(speaker, "approvals", "list")["approvals"]
    assert [(each["id"], each["state"]) for each in found] == [("operator/b", "approved"), ("operator/c", "rejected")]
    assert "operator/b" in shown(speaker, "approvals", "list")
    assert answer(speaker, "approvals", "list", "--state", "pending")["approvals"] == []
    assert shown(speaker, "approvals", "list", "--state", "lapsed") == "There is none.\n"
    assert answer(speaker, "balance", "ann")["available"] == 201


@pytest.mark.parametrize("given", ["X 7", "operator/Y", "o/1"])
def test_approvals__command_that_is_printed__is_taken(
    speaker: Speaker, books: Engine, tmp_path: Path, given: str
) -> None:
    limit(tmp_path, "# adjust_above = 1000", "adjust_above = 1")
    asked = shown_whole(speaker, "adjust", "ann", "5", "--id", given, *SAID)

    [line] = [line for line in asked.splitlines() if line.startswith("Next: ")]
    command = shlex.split(line.removeprefix("Next: loyaltychain "))

    words = {"NAME": "adam", "WHY": "well argued"}
    assert answer(speaker, *(words.get(each, each) for each in command))["state"] == "approved"


def test_lists__80_columns__each_id_on_one_line(speaker: Speaker, books: Engine, tmp_path: Path) -> None:
    limit(tmp_path, "# adjust_above = 1000", "adjust_above = 1")
    asked = answer(speaker, "adjust", "ann", "5", *SAID)["id"]

    assert asked in shown(speaker, "approvals", "list").splitlines()
    log = shown(speaker, "actions", "list")
    assert f"entry:adjust:{asked}" in log.split() and "eve@shop" in log.split()


def test_approvals__more_a_day_than_one_person_may__waits(speaker: Speaker, books: Engine, tmp_path: Path) -> None:
    limit(tmp_path, "# adjust_above = 1000", "adjust_above = 10")  # the books' 50 points were adjusted before: of 100
    for number in range(5):
        assert answer(speaker, "adjust", "ann", "10", "--id", f"d{number}", *SAID)["points"] == 10
    assert answer(speaker, "adjust", "ann", "10", "--id", "more", *SAID)["state"] == "pending"

    limit(tmp_path, "# adjust_a_day = 10000", "adjust_a_day = 110")
    assert answer(speaker, "adjust", "ann", "10", "--id", "one-more", *SAID)["points"] == 10
    assert answer(speaker, "adjust", "ann", "1", "--id", "last", *SAID)["state"] == "pending"
    assert answer(speaker, "actions", "verify")["problems"] == []


def test_safety__cooldown_of_the_project__keeps_apps_from_redeeming(
    speaker: Speaker, books: Engine, tmp_path: Path
) -> None:
    limit(tmp_path, "cooldown_hours = 0", "cooldown_hours = 24")
    answer(speaker, "member", "merge", "bob", "ann", *SAID)
    bounds = read_bounds(open_project(tmp_path, {}))

    with pytest.raises(errors.CoolingDown), transaction(books) as tx:
        redeem(tx, source="app", id_="r", member=MemberNumber(1), points=5, now=system_clock(), bounds=bounds)


def shown_whole(speaker: Speaker, *line: str) -> str:
    """What is said where a command to copy may be longer than the terminal is wide."""
    code, out = speaker.say(*line)
    assert code == 0, out
    return out


def limit(home: Path, before: str, after: str) -> None:
    file = home / "loyaltychain.toml"
    text = file.read_text()
    assert text.count(before) == 1
    file.write_text(text.replace(before, after))
