"""docs/EDGE_CASES.md

given the numbers that it promises
    each has one row, in order, which says what happens and names tests
given a test that it names
    it is collected, on each engine at hand; one that is marked runs once, on what the mark says
given a story of this directory
    it stands in the row of its number
"""

import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.database import ENGINES

ROOT = Path(__file__).parents[2]
NUMBERS = list(range(1, 89))
#: The engines that a test with this mark runs on; without one: each at hand.
MARKS = {"": set(ENGINES), "pure": set(), "memory": set(), "evm": set(), "postgresql": {"postgresql"} & set(ENGINES)}
_ROW = re.compile(r"^\| (\d+) \| (.+?) \|(.*)\|$", re.MULTILINE)
_TEST = re.compile(r"`([\w/]+\.py)::(\w+)`(?: \*(\w+)\*)?")


@dataclass(frozen=True)
class Row:
    """A case; ``tests`` is (file below tests/, name, mark)."""

    number: int
    says: str
    tests: tuple[tuple[str, str, str], ...]


@cache
def rows() -> list[Row]:
    text = (ROOT / "docs" / "EDGE_CASES.md").read_text(encoding="utf-8")
    return [Row(int(number), says, tuple(_TEST.findall(tests))) for number, says, tests in _ROW.findall(text)]


@cache
def collected() -> dict[tuple[str, str], list[set[str]]]:
    """By file and name of each test in the files that the table names: the parts of each of its parameter ids."""
    files = sorted({f"tests/{file}" for row in rows() for file, _, _ in row.tests})
    assert [file for file in files if not (ROOT / file).is_file()] == []
    words = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-n", "0", *files]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    found: dict[tuple[str, str], list[set[str]]] = {}
    for line in done.stdout.splitlines():
        if match := re.fullmatch(r"tests/([\w/]+\.py)::(\w+)(?:\[(.*)\])?", line):
            found.setdefault((match[1], match[2]), []).append(set((match[3] or "").split("-")))
    return found


def test_table__numbers__each_once_and_in_order() -> None:
    assert [row.number for row in rows()] == NUMBERS


@pytest.mark.parametrize("number", NUMBERS)
def test_table__each_row__says_what_happens_and_names_tests(number: int) -> None:
    [row] = [row for row in rows() if row.number == number]

    assert row.says.endswith(".")
    assert row.tests or row.says.startswith("Not yet: ")
    assert {mark for _, _, mark in row.tests} <= MARKS.keys()


def test_table__each_test__is_collected_on_each_engine() -> None:
    wrong = []
    for row in rows():
        for file, name, mark in row.tests:
            found = collected().get((file, name), [])
            engines = {engine for parts in found for engine in parts if engine in ("sqlite", "postgresql")}
            if not found or engines != MARKS[mark]:
                wrong.append((row.number, f"{file}::{name}", mark, sorted(engines), len(found)))

    assert wrong == []


def test_stories__of_this_directory__stand_in_the_table() -> None:
    named = {(str(row.number), file, name) for row in rows() for file, name, _ in row.tests}
    stories = {
        (number, f"edge_cases/{path.name}", name)
        for path in Path(__file__).parent.glob("test_*.py")
        for name in re.findall(r"^def (test_edge_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        for number in name.split("__")[0].removeprefix("test_edge_").split("_")
    }

    assert stories
    assert stories - named == set()
