"""run_comparison of a real community, where its folder is present

given the acts of bicycles.meta.stackexchange.com, 2010 to 2023, and the badges that its site awarded
    each badge is derived at least as often, and matched at least as often, as an independent replication did
    nothing is derived that was not awarded, and the days are the site's
    shuffled, twice and late the set of badges is the same one
    the table in docs/GROUND_TRUTH.md is what comes out, to the digest
"""

import re
from pathlib import Path

import pytest

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.reports.comparison.dealing import Disorder
from loyaltychain.reports.comparison.plan import find_comparison
from loyaltychain.reports.comparison.run import run_comparison
from loyaltychain.reports.comparison.table import Line

PAGE = Path(__file__).parents[3] / "docs" / "GROUND_TRUTH.md"
FOLDER = Path(__file__).parents[3].parent / "shared" / "data" / "stackexchange" / "bicycles_meta_2023"

#: awarded, least that are matched, least of them on the very day (None: the data has no day)
FLOOR = {
    "Student": (152, 148, 143),
    "Teacher": (149, 146, 142),
    "Scholar": (83, 82, 79),
    "Self-Learner": (17, 17, 16),
    "Nice Question": (24, 24, 21),
    "Good Question": (3, 3, 3),
    "Great Question": (0, 0, 0),
    "Nice Answer": (38, 36, 31),
    "Good Answer": (0, 0, 0),
    "Great Answer": (0, 0, 0),
    "Popular Question": (6, 6, None),
    "Notable Question": (1, 1, None),
    "Famous Question": (1, 1, None),
    "Commentator": (39, 38, 22),
    "Enlightened": (6, 6, 5),
    "Revival": (10, 6, 5),
    "Necromancer": (11, 9, 7),
    "Supporter": (504, 504, None),
    "Critic": (84, 82, None),
    "Civic Duty": (3, 3, None),
    "Curious": (16, 15, 2),
    "Inquisitive": (1, 1, 0),
    "Socratic": (0, 0, 0),
    "Editor": (80, 76, 71),
    "Organizer": (21, 21, 21),
    "Tag Editor": (4, 4, 4),
    "Cleanup": (3, 1, 1),
}


def row_of(line: Line) -> list[str]:
    numbers = (line.awarded, line.derived, line.matched, line.same_day, line.day_after)
    return ["-" if number is None else f"{number:,}" for number in numbers]


def rows_of(page: str) -> dict[str, list[str]]:
    """By badge the cells of the table that the page shows."""
    found = re.findall(r"^(\S.*?) {2,}((?:[\d,]+|-)(?: +(?:[\d,]+|-)){4})$", page, flags=re.MULTILINE)
    return {badge: cells.split() for badge, cells in found}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_run_comparison__real_community__at_least_the_replication() -> None:
    if not FOLDER.exists():
        pytest.skip("the acts of bicycles.meta.stackexchange.com are not beside this project")

    compared = run_comparison(
        find_comparison("stack_exchange"),
        FOLDER,
        Disorder(seed=7, twice=True, late=True),
        now=UnixSeconds(1_767_268_800),
    )

    assert compared.is_same
    lines = {line.badge: line for line in compared.lines}
    for badge, (awarded, matched, same_day) in FLOOR.items():
        line = lines[badge]
        assert line.awarded == awarded, badge
        assert line.matched >= matched, badge
        assert not line.only_derived, badge
        assert line.same_day is None if same_day is None else (line.same_day or 0) >= same_day, badge
    assert compared.derived.rejected == 0
    page = PAGE.read_text("utf-8")
    assert {line.badge: row_of(line) for line in compared.lines if line.awarded or line.derived} == rows_of(page)
    assert compared.derived.digest in page
