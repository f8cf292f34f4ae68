"""program check, diff and schema, spoken to in process
├── check: 0 and a word for a good file; 1 with code, line, reason and what to do for an unwise one; 2 for a wrong one
├── check --economics: cost is looked at; --allow leaves a piece of advice out
├── diff: what changes and what surprises, of two files, of a published document, and with what is published
└── schema: a JSON Schema that takes the templates
"""

import json
from pathlib import Path

import pytest
import yaml

from loyaltychain.chain.tables import deployments
from loyaltychain.core import canonical, errors
from loyaltychain.core.strict_yaml import parse_yaml
from loyaltychain.db.engine import transaction
from loyaltychain.db.migrate import open_migrated
from loyaltychain.deploy import published
from loyaltychain.program.load import parse_program, template
from tests.cli.test_commands import Speaker, home, speaker
from tests.program.lint_builders import GOOD_TEXT, spoilt

__all__ = ["home", "speaker"]  # fixtures


@pytest.fixture
def good(home: Path) -> Path:
    file = home / "good.yaml"
    file.write_text(GOOD_TEXT, encoding="utf-8")
    return file


@pytest.fixture
def other(home: Path) -> Path:
    file = home / "other.yaml"
    file.write_text(
        spoilt((", freezes: {initial: 1, most: 1}", ""), ("name: Returner", "name: 2 days")), encoding="utf-8"
    )
    return file


def test_check__good__says_so(speaker: Speaker, good: Path) -> None:
    assert speaker.say("program", "check", str(good)) == (
        0,
        "good.yaml: Bike Forum, version 1, is valid; nothing to advise.\n",
    )


def test_check__unwise__exit_1_with_place_and_reason(speaker: Speaker, other: Path) -> None:
    code, out = speaker.say("program", "check", "other.yaml")
    answer = json.loads(speaker.say("program", "check", "other.yaml", "--json")[1])

    line = next(n for n, text in enumerate(other.read_text(encoding="utf-8").splitlines(), 1) if "weekly: {" in text)
    assert code == 1
    assert f"line {line} streaks.weekly: warning streak-unprotected" in out
    assert "docs/PROGRAMS.md#streak-protection" in out
    assert [each["code"] for each in answer["findings"]] == ["streak-unprotected", "name-counts"]
    assert answer["findings"][0]["line"] == line
    assert {"severity", "place", "message", "advice", "rests_on"} < set(answer["findings"][0])


@pytest.mark.usefixtures("other")
def test_check__allowed__left_out(speaker: Speaker) -> None:
    code, out = speaker.say("program", "check", "other.yaml", "--allow", "streak-unprotected")

    assert code == 0
    assert "0 warnings, 1 note" in out
    assert speaker.error("program", "check", "other.yaml", "--allow", "streaks")[0] == 2


def test_check__economics__looked_at(speaker: Speaker, good: Path) -> None:
    (good.parent / "economics.yaml").write_text('cost_per_point: "0.01"\nworth: {profile: "4.00"}\n', encoding="utf-8")

    code, out = speaker.say("program", "check", "good.yaml", "--economics", "economics.yaml")

    assert code == 1
    assert "behaviours.profile: warning reward-over-share" in out


def test_check__wrong__exit_2_with_line(speaker: Speaker, good: Path) -> None:
    good.write_text(GOOD_TEXT.replace("  visit: {event", "  visit: {evnt"), encoding="utf-8")

    code, error = speaker.error("program", "check", "good.yaml")

    assert (code, error["code"]) == (2, "InvalidProgram")
    assert "did you mean 'event'?" in error["message"]


@pytest.mark.usefixtures("good", "other")
def test_diff__two_files__changes_and_surprises(speaker: Speaker) -> None:
    code, out = speaker.say("program", "diff", "good.yaml", "other.yaml")
    answer = json.loads(speaker.say("program", "diff", "good.yaml", "other.yaml", "--json")[1])

    assert code == 0
    assert "~ streaks.weekly" in out
    assert "    name: Returner -> 2 days" in out
    assert "! streaks.weekly: protection-removed\n  One missed period ends it from now on.\n" in out
    assert [each["code"] for each in answer["warnings"]] == ["version-not-raised", "protection-removed"]
    assert {each["section"] for each in answer["changes"]} == {"streaks", "achievements"}


@pytest.mark.usefixtures("good")
def test_diff__published__file_or_project(speaker: Speaker, home: Path) -> None:
    missing = speaker.error("program", "diff", "good.yaml", "--published")
    old = parse_program(template("new-community"))
    text = canonical.encode_text(old.document)
    (home / "old.json").write_text(text, encoding="utf-8")
    engine = open_migrated(f"sqlite:///{home / 'ledger.sqlite3'}")
    with transaction(engine) as tx:
        row = {"network": "local", "chain_id": 1, "genesis_hash": "0x0a", "instance_id": "0x0b", "manifest": "{}"}
        tx.execute(deployments.insert(), [row])
        published.insert(tx, "local", published.Publication(1, old.digest, 1), document=text, block_number=1)
    engine.dispose()

    by_project = speaker.say("program", "diff", "good.yaml", "--published", "--json")
    by_file = speaker.say("program", "diff", "old.json", "good.yaml", "--json")

    assert missing[1]["code"] == "NotDeployed"
    assert by_project == by_file
    assert json.loads(by_file[1])["old"]["digest"] == "0x" + old.digest.hex()


def test_check_and_diff__a_programme_in_json__is_the_same(speaker: Speaker, good: Path) -> None:
    content = parse_yaml(good.read_text(encoding="utf-8"), file="good.yaml", error=errors.InvalidProgram)
    assert isinstance(content, dict)
    content["streaks"]["weekly"]["rewards"] = {4: 50, 12: 200}  # lengths, which JSON can only have as texts
    good.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    (good.parent / "good.json").write_text(json.dumps(content), encoding="utf-8")

    checked = [json.loads(speaker.say("program", "check", each, "--json")[1]) for each in ("good.yaml", "good.json")]
    code, told = speaker.say("program", "diff", "good.yaml", "good.json", "--json")

    assert checked[0]["digest"] == checked[1]["digest"]
    assert (code, json.loads(told)["changes"]) == (0, [])


@pytest.mark.usefixtures("good")
def test_diff__a_file_that_is_not_there__by_its_name(speaker: Speaker) -> None:
    for missing in ("old.yaml", "old.json"):
        error = speaker.error("program", "diff", missing, "good.yaml")[1]
        assert (error["code"], missing in error["message"]) == ("InvalidProgram", True)


@pytest.mark.usefixtures("good")
def test_diff__one_file_alone__refused(speaker: Speaker) -> None:
    assert speaker.error("program", "diff", "good.yaml")[1]["code"] == "InvalidSettings"
    assert speaker.error("program", "diff", "good.yaml", "good.yaml", "--published")[1]["code"] == "InvalidSettings"


def test_schema__is_one(speaker: Speaker) -> None:
    code, out = speaker.say("program", "schema")

    assert code == 0
    assert json.loads(out)["$schema"].endswith("2020-12/schema")


def test_init__template_with_examples__writes_them(speaker: Speaker, home: Path) -> None:
    _, out = speaker.say("init", "--template", "publisher", "--home", str(home / "gazette"), "--json")

    assert "events.example.jsonl" in json.loads(out)["files"]
    assert (
        speaker.say("ingest", str(home / "gazette" / "events.example.jsonl"), "--home", str(home / "gazette"))[0] == 0
    )
