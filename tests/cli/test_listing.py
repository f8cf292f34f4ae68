"""print_rows, print_facts, print_roll_forward: how lists are laid out
├── given any rows and any width: each id stands whole on one line, and no text is lost
├── given a terminal that is wide enough: a table, a row a line
├── given one that is not: a block a row, headed by its id, or by its first heading and cell
├── given facts: values are folded under themselves, and a word is never cut
└── given a roll-forward with every figure: it fits 60, 80 and 120 columns, and says all of it
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.cli.listing import print_rows
from loyaltychain.cli.output import print_facts, stdout
from loyaltychain.cli.reporting_tables import print_roll_forward
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.reports.figures import FIGURES
from loyaltychain.reports.roll_forward import RollForward, Row, Span

ID = st.from_regex(r"\A[a-z]{1,8}/[A-Za-z0-9\[\]-]{1,90}\Z")
TEXT = st.from_regex(r"\A[a-z\[\]]{1,12}( [a-z\[\]]{1,12}){0,12}\Z")


@contextmanager
def columns(width: int) -> Iterator[None]:
    """The terminal is so wide meanwhile."""
    before = stdout._width
    stdout._width = width
    try:
        yield
    finally:
        stdout._width = before


def shown(width: int, print_: Callable[[], None]) -> list[str]:
    with columns(width), stdout.capture() as captured:
        print_()
    return [line.rstrip() for line in captured.get().splitlines()]


@given(rows=st.lists(st.tuples(ID, TEXT, TEXT, st.integers(0, 10**9).map(str)), max_size=4), width=st.integers(20, 140))
def test_print_rows__any_width__ids_stay_whole(rows: list[tuple[str, str, str, str]], width: int) -> None:
    lines = shown(width, lambda: print_rows(["id", "who", "why"], ["points"], rows, ids=["id"]))

    for id_, _, _, points in rows:
        assert any(id_ in line for line in lines)
        assert any(re.search(rf"\b{points}$", line) for line in lines)
    assert letters(cell for row in rows for cell in row) <= letters(lines)
    assert bool(lines) == bool(rows)


def letters(texts: Iterable[str]) -> Counter[str]:
    return Counter("".join(texts).replace(" ", ""))


ASKED = ("operator/3f9a2b7c1d2e4f60", "pending", "eve@shop.example", "a reason that is long", "2026-12-03 07:26:30 UTC")
HEADINGS = ["id", "state", "asked by", "why", "until"]


def test_print_rows__wide_enough__a_row_a_line() -> None:
    head, line = shown(120, lambda: print_rows(HEADINGS, [], [ASKED], ids=["id"]))

    assert [head.split("  ")[0], head.split()[-1]] == ["id", "until"]
    assert all(cell in line for cell in ASKED)


def test_print_rows__too_narrow__a_block_a_row() -> None:
    lines = shown(72, lambda: print_rows(HEADINGS, [], [ASKED, ASKED], ids=HEADINGS))
    headed = shown(40, lambda: print_rows(["period", "sha256"], [], [("1", "0x" + "ab" * 32)], ids=["sha256"]))

    assert lines == 2 * [
        ASKED[0], "  state     pending", "  asked by  eve@shop.example", "  why       a reason that is long",
        "  until     2026-12-03 07:26:30 UTC",
    ]  # fmt: skip
    assert headed == ["period 1", "  sha256  0x" + "ab" * 32]


def test_print_facts__narrow__words_are_folded_and_never_cut() -> None:
    digest = "0x" + "ab" * 32
    lines = shown(30, lambda: print_facts("A [title]", {"why": "one two three four five six [x]", "sha": digest}))

    assert lines == ["A [title]", "why  one two three four five", "     six [x]", f"sha  {digest}"]


def report(months: int, scale: int) -> RollForward:
    """Every figure in every month, each with digits of its own."""
    rows = []
    for month in range(months):
        figures = {name: scale * (place + 1) + month for place, name in enumerate(FIGURES)}
        rows.append(Row("points", "owned", f"2026-{month + 1:02}", scale, figures, scale + sum(figures.values())))
    return RollForward(Span(None, UnixSeconds(1_800_000_000), 0, 9, "0x", "UTC"), tuple(rows))


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("scale", [1_000, 1_000_000_000])
def test_print_roll_forward__every_figure__fits(width: int, scale: int) -> None:
    made = report(3, scale)
    lines = shown(width, lambda: print_roll_forward(made))

    assert max(map(len, lines)) <= width
    totals = made.totals()
    for name in ("opening", *FIGURES, "closing"):
        sign = "+" if name in FIGURES else ""
        assert any(re.fullmatch(rf"{name} +{re.escape(f'{totals[name]:{sign},}')}", line) for line in lines), name
    table = [line for line in lines if line.startswith("points  owned")]
    for row in made.rows:
        cells = " ".join(line for line in table if f" {row.cohort} " in f"{line} ").split()
        assert [f"{amount:+,}" in cells for amount in row.figures.values()] == [True] * len(FIGURES)
        assert f"{row.opening:,}" in cells and f"{row.closing:,}" in cells
    assert len(table) == 3 if width == 200 and scale == 1_000 else len(table) % 3 == 0


def test_print_roll_forward__nothing_yet__totals_alone() -> None:
    lines = shown(80, lambda: print_roll_forward(report(0, 1)))

    assert lines[-3:] == ["All points", "opening  0", "closing  0"]
