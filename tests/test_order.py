"""by_length
├── given any files: each test once, the tests of a file together and in their order
├── given a file that takes long: before all that are not named, however many tests they have
└── the names of the list are files
"""

from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.order import LONGEST, by_length

LONG = [f"tests/{name}.py" for name in LONGEST]


@given(st.lists(st.sampled_from([*LONG[:3], "tests/test_a.py", "tests/test_b.py", "tests/test_c.py"]), max_size=20))
def test_by_length__any_files__each_test_once_and_files_together(files: list[str]) -> None:
    places = by_length(files)

    assert sorted(places) == list(range(len(files)))
    ordered = [files[place] for place in places]
    assert sum(a != b for a, b in pairwise(ordered)) == max(0, len(set(files)) - 1)
    for name in files:
        own = [place for place in places if files[place] == name]
        assert own == sorted(own)


def test_by_length__a_long_file__comes_first() -> None:
    files = ["tests/test_a.py"] * 2 + ["tests/test_b.py"] * 3 + [LONG[1], LONG[0]]

    assert [files[place] for place in by_length(files)] == [LONG[0], LONG[1], *files[2:5], *files[:2]]


def test_longest__each_name__is_a_file() -> None:
    assert [name for name in LONG if not (Path(__file__).parents[1] / name).is_file()] == []
