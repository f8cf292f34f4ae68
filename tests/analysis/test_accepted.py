"""
the list of accepted findings
├── given a finding that an entry covers, nothing is unexplained
├── given a finding that none covers, it is
├── given an entry that covers nothing any more, it is a finding itself
├── given an entry for another tool, it plays no part
└── given an entry without a reason, the list is refused
the list of this repository
└── every entry has its reason, and no two are the same
"""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "scripts" / "analysis"))

from findings import Accepted, Finding, Outcome, read_accepted, unexplained  # noqa: E402

FOUND = Finding("slither", "timestamp", "PointsLedger.settle", "block.timestamp is read")
ENTRY = Accepted("slither", "timestamp", "PointsLedger.*", "time is what it is about")


def test_covered_finding_is_explained() -> None:
    assert unexplained(Outcome("slither", findings=[FOUND]), [ENTRY]) == []


@pytest.mark.parametrize(
    "entry",
    [
        Accepted("slither", "reentrancy", "PointsLedger.settle", "another detector"),
        Accepted("slither", "timestamp", "MemberRegistry.*", "another place"),
    ],
)
def test_other_finding_is_not(entry: Accepted) -> None:
    new = unexplained(Outcome("slither", findings=[FOUND]), [ENTRY, entry])
    assert [finding.place for finding in new] == [entry.place]
    assert FOUND in unexplained(Outcome("slither", findings=[FOUND]), [entry])


def test_entry_that_covers_nothing_is_a_finding() -> None:
    (outlived,) = unexplained(Outcome("slither"), [ENTRY])
    assert (outlived.detector, outlived.place) == ("timestamp", "PointsLedger.*")
    assert "no longer" in outlived.text


def test_other_tools_entries_play_no_part() -> None:
    assert unexplained(Outcome("oz"), [ENTRY]) == []


@pytest.mark.parametrize("why", ["why: ''", ""])
def test_entry_without_reason_is_refused(tmp_path: Path, why: str) -> None:
    path = tmp_path / "accepted.yaml"
    path.write_text(f"- tool: slither\n  detector: timestamp\n  place: PointsLedger.*\n  {why}\n")
    with pytest.raises(ValueError, match="why"):
        read_accepted(path)


def test_list_of_this_repository() -> None:
    accepted = read_accepted(ROOT / "contracts" / "analysis" / "accepted.yaml")
    places = [(entry.tool, entry.detector, entry.place) for entry in accepted]
    assert places
    assert len(set(places)) == len(places)
