"""run_comparison, derive, through ingest, the steps and a database

given a tiny community
    each badge is derived for whom the published rule gives it to, on the day when it was reached
        before a post was made its votes count from its making on; a closed question still counts as well received
        what a deleted member, post or comment had is missing, and nothing else is
        nobody, who stands for voters and for members without a name, holds nothing
    in any order, twice and late, on each database, the set of badges is the same one
given acts that a map cannot take
    they are counted, and the rest is compared
"""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.reports.comparison.dealing import Disorder
from loyaltychain.reports.comparison.plan import find_comparison
from loyaltychain.reports.comparison.run import Compared, derive, run_comparison
from tests.reports.comparison.builders import community, day, history, noon, post, votes, write_community

COMPARISON = find_comparison("stack_exchange")
NOW = UnixSeconds(1_700_000_000)  # November 2023

#: awarded, derived, matched, of the same day, of the day after
EXPECTED = {
    "Student": (3, 2, 2, 2, 0),
    "Nice Question": (1, 1, 1, 1, 0),
    "Popular Question": (1, 1, 1, None, None),
    "Scholar": (1, 1, 1, 1, 0),
    "Teacher": (2, 2, 2, 2, 0),
    "Self-Learner": (1, 1, 1, 1, 0),
    "Nice Answer": (1, 1, 1, 1, 0),
    "Enlightened": (1, 1, 1, 0, 1),
    "Necromancer": (1, 1, 1, 1, 0),
    "Commentator": (1, 1, 1, 0, 0),
    "Editor": (1, 1, 1, 1, 0),
    "Organizer": (1, 1, 1, 1, 0),
    "Tag Editor": (1, 1, 1, 1, 0),
    "Cleanup": (1, 1, 1, 1, 0),
    "Supporter": (3, 3, 3, None, None),
    "Critic": (2, 2, 2, None, None),
    "Civic Duty": (1, 1, 1, None, None),
    "Autobiographer": (1, 1, 1, None, None),
}


def figures(compared: Compared) -> dict[str, tuple[int | None, ...]]:
    return {
        line.badge: (line.awarded, line.derived, line.matched, line.same_day, line.day_after)
        for line in compared.lines
        if line.awarded or line.derived
    }


def test_run_comparison__tiny_community__its_badges(tmp_path: Path) -> None:
    folder = write_community(tmp_path / "community", community())

    compared = run_comparison(COMPARISON, folder, Disorder(seed=3, twice=True, late=True), now=NOW)

    assert figures(compared) == EXPECTED
    assert {line.badge: line.only_awarded for line in compared.lines if line.only_awarded} == {"Student": ("4",)}
    assert not any(line.only_derived for line in compared.lines)
    assert compared.others == {"Yearling": 1}
    derived, again = compared.derived, compared.again
    assert (derived.events, derived.repeated, derived.left_out, derived.rejected) == (69, 0, 16, 0)
    assert again is not None
    assert (again.events, again.repeated, again.left_out, again.rejected) == (69, 69, 32, 0)
    assert compared.is_same


@pytest.mark.parametrize("seed", [1, 2])
def test_derive__shuffled_twice_and_late__the_same_set(database: Engine, tmp_path: Path, seed: int) -> None:
    folder = write_community(tmp_path / "community", community())
    plain = run_comparison(COMPARISON, folder, Disorder(), now=NOW).derived

    disorder = Disorder(seed=seed, twice=True, late=True)
    again = derive(database, COMPARISON, folder, disorder, now=NOW, scratch=tmp_path)

    assert again.badges == plain.badges
    assert again.digest == plain.digest


def test_derive__one_badge_more__another_digest(tmp_path: Path) -> None:
    files = community()
    before = run_comparison(COMPARISON, write_community(tmp_path / "a", files), Disorder(), now=NOW).derived
    files["posts"].append(post(9, "1", "2023-03-30T00:00:00.000", owner="9", views="1000"))
    after = run_comparison(COMPARISON, write_community(tmp_path / "b", files), Disorder(), now=NOW).derived

    assert len(after.badges) == len(before.badges) + 1
    assert after.digest != before.digest


def test_run_comparison__what_no_dump_here_has__by_the_published_rules(tmp_path: Path) -> None:
    files = community()
    files["posts"] += [
        *(post(number, "1", noon(1), owner=owner) for number, owner in ((20, "8"), (21, "8"), (22, "9"))),
        post(30, "2", "2023-04-01T11:00:00.000", parent="20", owner="9"),  # the first, 30 days and 23 hours later
        post(31, "2", "2023-03-31T12:00:01.000", parent="21", owner="9"),  # the first, 30 days later
        post(32, "2", "2023-04-09T12:00:00.000", parent="21", owner="7"),  # the second
        post(33, "2", "2023-03-31T11:59:59.000", parent="22", owner="7"),  # a second too early
    ]
    files["votes"] += [
        *votes(1000, 20, "5", 25, day(5)),
        *votes(1100, 21, "5", 24, day(5)),
        *votes(1200, 22, "5", 100, day(5)),
        *(each for post_id in (30, 31, 32, 33) for each in votes(2000 + post_id * 10, post_id, "2", 2, "2023-05-01")),
    ]
    # Tags of a post that is gone were nobody's question, or anybody's.
    files["posthistory"].append(history(90, "6", 404, noon(9), user="7"))

    compared = run_comparison(COMPARISON, write_community(tmp_path / "community", files), Disorder(), now=NOW)

    held = {(line.badge, line.only_derived) for line in compared.lines if line.only_derived}
    assert held >= {
        ("Favorite Question", ("8", "9")),
        ("Stellar Question", ("9",)),
        ("Revival", ("9", "9")),
    }  # fmt: skip
    assert not any(line.only_derived for line in compared.lines if line.badge == "Organizer")


def test_run_comparison__rows_that_are_no_acts__counted(tmp_path: Path) -> None:
    files = community()
    files["votes"].append({"Id": "999", "PostId": "", "VoteTypeId": "2", "CreationDate": "some day"})
    folder = write_community(tmp_path / "community", files)

    compared = run_comparison(COMPARISON, folder, Disorder(), now=NOW)

    assert compared.derived.rejected == 1
    assert figures(compared) == EXPECTED
