"""compare, not_compared

given badges that were awarded and badges that are derived
    each badge has its line: how many on each side, how many in both, how many of one day and of the day after
    a member who has a badge several times is matched as often as both sides have it
    badges without a day are matched, and their days are not compared
    swapping the sides swaps who is missing where, and changes nothing else  (Hypothesis)
given badges that no achievement is named after
    they are counted apart
"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.reports.comparison.table import Award, Line, compare, not_compared

AWARDS = st.lists(
    st.builds(Award, st.sampled_from(["ann", "bob", "cyd"]), st.sampled_from(["Student", "Nice"]), st.integers(1, 6)),
    max_size=12,
)


def badge(member: str, day: int, name: str = "Student") -> Award:
    return Award(member, name, day)


def one(awarded: list[Award], derived: list[Award], **options: object) -> Line:
    (line,) = compare(awarded, derived, badges=["Student"], **options)  # type: ignore[arg-type]
    return line


def test_compare__both_sides__matched_by_member_and_day() -> None:
    awarded = [badge("ann", 5), badge("bob", 6), badge("cyd", 7), badge("dan", 7), badge("eve", 1)]
    derived = [badge("ann", 5), badge("bob", 5), badge("cyd", 8), badge("dan", 1), badge("fay", 1)]

    assert one(awarded, derived) == Line(
        badge="Student", awarded=5, derived=5, matched=4, same_day=1, day_after=1,
        only_awarded=("eve",), only_derived=("fay",),
    )  # fmt: skip


def test_compare__several_of_a_member__as_many_as_both_have() -> None:
    line = one([badge("ann", 1), badge("ann", 3), badge("ann", 9)], [badge("ann", 9), badge("ann", 2)])

    assert (line.matched, line.same_day, line.day_after) == (2, 1, 1)
    assert (line.only_awarded, line.only_derived) == (("ann",), ())


def test_compare__a_day_that_fits_twice__counts_once() -> None:
    line = one([badge("ann", 2), badge("ann", 3)], [badge("ann", 2), badge("ann", 7)])

    assert (line.same_day, line.day_after) == (1, 0)


def test_compare__without_day__matched_all_the_same() -> None:
    line = one([badge("ann", 2)], [badge("ann", 2)], without_day=["Student"])

    assert (line.matched, line.same_day, line.day_after) == (1, None, None)


def test_compare__nobody_has_it__zeros_in_the_order_asked_for() -> None:
    lines = compare([badge("ann", 1)], [], badges=["Nice", "Student"])

    assert [(each.badge, each.awarded, each.derived) for each in lines] == [("Nice", 0, 0), ("Student", 1, 0)]


@given(AWARDS, AWARDS)
def test_compare__any_two_sides__adds_up_and_mirrors(awarded: list[Award], derived: list[Award]) -> None:
    lines = compare(awarded, derived, badges=["Student", "Nice"])
    mirrored = compare(derived, awarded, badges=["Student", "Nice"])

    for line, other in zip(lines, mirrored, strict=True):
        assert line.matched + len(line.only_awarded) == line.awarded
        assert line.matched + len(line.only_derived) == line.derived
        assert line.same_day is not None and line.day_after is not None
        assert line.same_day + line.day_after <= line.matched
        assert replace(
            other, day_after=line.day_after, awarded=line.awarded, derived=line.derived,
            only_awarded=line.only_awarded, only_derived=line.only_derived,
        ) == line  # fmt: skip
        assert (other.only_awarded, other.only_derived) == (line.only_derived, line.only_awarded)


@given(AWARDS)
def test_compare__with_itself__everything_matches(awards: list[Award]) -> None:
    for line in compare(awards, reversed(awards), badges=["Student", "Nice"]):
        assert line.awarded == line.derived == line.matched == line.same_day
        assert (line.day_after, line.only_awarded, line.only_derived) == (0, (), ())


def test_not_compared__names_without_an_achievement__counted() -> None:
    awards = [badge("ann", 1), badge("ann", 1, "Yearling"), badge("bob", 2, "Yearling"), badge("bob", 2, "Fanatic")]

    assert not_compared(awards, badges=["Student"]) == {"Yearling": 2, "Fanatic": 1}
