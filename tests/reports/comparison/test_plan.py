"""find_comparison, load_comparison

given the packaged comparison
    it is found by name, with its programme and maps; another name lists what there is
given a comparison in a file
    its maps and programme lie beside it
    when it breaks a rule, or names what is not there
        it raises InvalidMap or InvalidProgram saying what
"""

import shutil
from pathlib import Path

import pytest

from loyaltychain.core import errors
from loyaltychain.events.map import MAPS
from loyaltychain.reports.comparison.plan import EXAMPLES, find_comparison, load_comparison


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES / "stack_exchange", tmp_path / "mine"))


def test_find_comparison__packaged__with_programme_and_maps() -> None:
    found = find_comparison("stack_exchange")

    assert found.name == "stack_exchange"
    assert list(found.acts) == ["posts.csv", "votes.csv", "comments.csv", "posthistory.csv", "users.csv"]
    sources = [event_map.source for maps in found.acts.values() for event_map in maps]
    assert len(sources) == len(set(sources)) == 7
    assert found.names["self-learner"] == "Self-Learner"


def test_find_comparison__another_name__lists_them() -> None:
    with pytest.raises(errors.InvalidMap, match=r"no such comparison.*there_are: stack_exchange"):
        find_comparison("stackexchange")


def test_find_comparison__a_file__named_after_its_folder(copy: Path) -> None:
    assert find_comparison(str(copy / "comparison.yaml")).name == "mine"
    with pytest.raises(errors.InvalidMap, match="cannot be read"):
        find_comparison(str(copy / "other.yaml"))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("program: program.yaml", "program: other.yaml", "no programme file"),
        ("[stack_exchange_votes]", "[maps/other.yaml]", "map cannot be read"),
        ("[stack_exchange_votes]", "[stack_votes]", r"no such map.*stack_votes"),
        ("[stack_exchange_votes]", "[online_retail]", "id of its own.*online_retail"),
        ("[stack_exchange_votes]", "[]", "at least 1"),
        ("votes.csv: [", "../votes.csv: [", "pattern"),
        ("  member: UserId\n", "", r"badges.member: .*\(add it\)"),
        ("supporter,", "suporter,", "no such achievements.*suporter"),
        ("acts:", "act:", "act: there is no such field"),
    ],
)
def test_load_comparison__breaks_a_rule__says_what(copy: Path, old: str, new: str, problem: str) -> None:
    file = copy / "comparison.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")

    with pytest.raises((errors.InvalidMap, errors.InvalidProgram), match=problem):
        load_comparison(file)


def test_load_comparison__a_map_beside_it__is_that(copy: Path) -> None:
    mine = (MAPS / "stack_exchange_votes.yaml").read_text("utf-8")
    (copy / "votes.yaml").write_text(mine.replace("source: se-votes", "source: my-votes"), "utf-8")
    file = copy / "comparison.yaml"
    file.write_text(file.read_text("utf-8").replace("[stack_exchange_votes]", "[votes.yaml]"), "utf-8")

    (event_map,) = load_comparison(file).acts["votes.csv"]

    assert event_map.source == "my-votes"


def test_load_comparison__two_achievements_of_one_name__refused(copy: Path) -> None:
    program = copy / "program.yaml"
    text = program.read_text("utf-8")
    assert "name: Critic" in text
    program.write_text(text.replace("name: Critic", "name: Supporter"), "utf-8")

    with pytest.raises(errors.InvalidProgram, match=r"Two achievements have one name.*Supporter"):
        load_comparison(copy / "comparison.yaml")


def test_load_comparison__programme_without_achievements__refused(copy: Path) -> None:
    program = copy / "program.yaml"
    text = program.read_text("utf-8")
    program.write_text(text[: text.index("achievements:")], "utf-8")

    with pytest.raises(errors.InvalidProgram, match="no achievements to compare"):
        load_comparison(copy / "comparison.yaml")
