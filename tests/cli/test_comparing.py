"""program compare
├── given a community's folder: a table of badges, and what is compared with nothing; exit 0
├── given --json: one object, in which each side's members are named
├── given rows that are no acts: they are named by file and line, and the rest is compared; exit 0
├── given another order: it says whether the set is the same one
└── given a folder without a file, or a comparison that there is not: exit 2, and what to do
"""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from loyaltychain.cli.main import make_app
from tests.reports.comparison.builders import community, write_community


def run(*arguments: str) -> Result:
    return CliRunner().invoke(make_app("program"), ["program", "compare", *arguments])


def test_compare__a_community__a_table(tmp_path: Path) -> None:
    folder = write_community(tmp_path / "small_meta", community())

    done = run(str(folder), "--shuffle", "5", "--twice", "--late")

    assert done.exit_code == 0, done.output
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["Student", "3", "2", "2", "2", "0"] in lines
    assert ["Critic", "2", "2", "2", "-", "-"] in lines
    assert done.stdout.startswith("small_meta, by 'Community badges': 69 acts\n")
    assert "Not in the programme: Yearling 1." in done.stdout
    assert "Neither awarded nor derived: Good Question," in done.stdout
    assert "Shuffled (5), twice, late: the same set" in done.stdout


def test_compare__json__names_whom_one_side_has_alone(tmp_path: Path) -> None:
    folder = write_community(tmp_path / "small_meta", community())

    done = run(str(folder), "--json")

    assert done.exit_code == 0, done.output
    document: dict[str, Any] = json.loads(done.stdout)
    student = next(each for each in document["badges"] if each["badge"] == "Student")
    assert student == {
        "badge": "Student", "awarded": 3, "derived": 2, "matched": 2, "same_day": 2, "day_after": 0,
        "only_awarded": ["4"], "only_derived": [],
    }  # fmt: skip
    assert document["folder"] == "small_meta"
    assert document["rows"] == {"events": 69, "repeated": 0, "left_out": 16, "rejected": 0}
    assert document["not_in_the_programme"] == {"Yearling": 1}
    assert document["held"]["badges"] == sum(each["derived"] for each in document["badges"])
    assert "again" not in document


def test_compare__late__says_that_the_set_is_the_same(tmp_path: Path) -> None:
    folder = write_community(tmp_path / "small_meta", community(), packed=False)

    document = json.loads(run(str(folder), "--late", "--json").stdout)

    again = document["again"]
    assert (again["shuffle"], again["twice"], again["late"], again["same"]) == (None, False, True, True)
    assert again["digest"] == document["held"]["digest"]


def test_compare__rows_that_are_no_acts__named_by_file_and_line(tmp_path: Path) -> None:
    files = community()
    files["votes"].insert(0, {"Id": "999", "PostId": "1", "VoteTypeId": "2", "CreationDate": "some day"})
    folder = write_community(tmp_path / "small_meta", files)

    plain, document = run(str(folder)), json.loads(run(str(folder), "--json").stdout)

    assert plain.exit_code == 0, plain.output
    assert "69 acts, 1 rejected" in plain.stdout
    assert "Rejected: votes.csv.gz, line 2: This is not a time of the map's format." in " ".join(plain.stdout.split())
    assert [(each["file"], each["line"]) for each in document["rejects"]] == [("votes.csv.gz", 2)]


def test_compare__a_file_is_missing__exit_2(tmp_path: Path) -> None:
    folder = write_community(tmp_path / "small_meta", community())
    (folder / "votes.csv.gz").unlink()

    done = run(str(folder), "--json")

    assert done.exit_code == 2
    assert "has no file votes.csv or votes.csv.gz" in json.loads(done.stdout)["error"]["message"]


def test_compare__a_comparison_that_there_is_not__exit_2(tmp_path: Path) -> None:
    done = run(str(tmp_path), "--with", "another", "--json")

    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"]["facts"]["there_are"] == ["stack_exchange"]
