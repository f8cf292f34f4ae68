"""member, approvals, spoken to in process
├── show, alias, merge, unmerge, close: each answers one JSON object with --json, and words that fit 80 columns without
├── a wallet that is bound on chain keeps its number from being merged; a chain that does not answer is told
├── adjust above the project's limit waits; another person approves or rejects it
├── the project's cool-down keeps an app from redeeming after a merge
└── what cannot be done ends with its code and a message
"""

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
    assert speaker.say("init")[0] == 0
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
    assert answer(speaker, "approvals", "approve", "operator/b", *second)["entry_id"] == "adjust:operator/b"
    assert "rejected" in shown(speaker, "approvals", "reject", "operator/c", *second)

    found = answer(speaker, "approvals", "list")["approvals"]
    assert [(each["id"], each["state"]) for each in found] == [("operator/b", "approved"), ("operator/c", "rejected")]
    assert "operator/b" in shown(speaker, "approvals", "list")
    assert answer(speaker, "approvals", "list", "--state", "pending")["approvals"] == []
    assert shown(speaker, "approvals", "list", "--state", "lapsed") == "There is none.\n"
    assert answer(speaker, "balance", "ann")["available"] == 201


def test_safety__cooldown_of_the_project__keeps_apps_from_redeeming(
    speaker: Speaker, books: Engine, tmp_path: Path
) -> None:
    limit(tmp_path, "cooldown_hours = 0", "cooldown_hours = 24")
    answer(speaker, "member", "merge", "bob", "ann", *SAID)
    bounds = read_bounds(open_project(tmp_path, {}))

    with pytest.raises(errors.CoolingDown), transaction(books) as tx:
        redeem(tx, source="app", id_="r", member=MemberNumber(1), points=5, now=system_clock(), bounds=bounds)


def limit(home: Path, before: str, after: str) -> None:
    file = home / "loyaltychain.toml"
    text = file.read_text()
    assert text.count(before) == 1
    file.write_text(text.replace(before, after))
