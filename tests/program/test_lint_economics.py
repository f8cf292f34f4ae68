"""lint: cost
given economics of other behaviours
    they are refused, naming what there is
given what a behaviour is worth, and what a point costs
    up to the share nothing is said, a point above it the advice is there
    badges that these acts alone reach are counted in
    once ever is one act, however many are expected
given what purchases give back
    outside of the usual band a note, on either side
given a file that is wrong
    it is refused, with line and field
"""

from fractions import Fraction

import pytest

from loyaltychain.core import errors
from loyaltychain.program.economics import Economics, Worth, parse_economics
from loyaltychain.program.lint import lint
from loyaltychain.program.load import parse_program
from tests.program.lint_builders import GOOD_TEXT, codes, spoilt

PENNY = Fraction(1)


def advice(worth: dict[str, Worth], **changes: int) -> list[str]:
    return codes(GOOD_TEXT, Economics(PENNY, worth=worth, **changes))


def test_economics__unknown_behaviour__refused() -> None:
    with pytest.raises(errors.InvalidSettings, match="not in the programme") as refused:
        advice({"dance": Worth(100)})

    assert refused.value.context["unknown"] == ["dance"]
    assert "friend" in refused.value.context["known"]


@pytest.mark.parametrize(("minor_units", "expected"), [(500, []), (499, ["reward-over-share"])])
def test_share__to_the_point(minor_units: int, expected: list[str]) -> None:
    assert advice({"profile": Worth(minor_units)}) == expected  # 50 points of a penny, 10 %


@pytest.mark.parametrize(("percent", "expected"), [(50, []), (49, ["reward-over-share"])])
def test_share__as_said(percent: int, expected: list[str]) -> None:
    assert advice({"profile": Worth(100)}, share_percent=percent) == expected


def test_share__of_a_referral__both_sides_counted() -> None:
    assert advice({"friend": Worth(700)}) == []
    assert advice({"friend": Worth(699)}) == ["reward-over-share"]


def test_share__badges_of_these_acts_alone__counted() -> None:
    text = spoilt(("count: {of: thanks, times: 1}", "count: {of: thanks, times: 3}, points: 70"))
    program = parse_program(text)

    assert lint(program, Economics(PENNY, worth={"thanks": Worth(200, acts=2)})) == []
    (found,) = lint(program, Economics(PENNY, worth={"thanks": Worth(300, acts=3)}))

    assert found.place == ("behaviours", "thanks")
    assert found.message == "100 points cost 1.00 GBP, more than 10 % of the 3.00 GBP that it is said to be worth."


def test_share__once_ever__is_one_act() -> None:
    assert advice({"profile": Worth(500, acts=9)}) == []


@pytest.mark.parametrize(("points", "expected"), [(1, ["reward-rate"]), (2, []), (4, []), (5, ["reward-rate"])])
def test_rate__outside_the_band__noted(points: int, expected: list[str]) -> None:
    text = spoilt(("points: 3, per", f"points: {points}, per"))

    assert codes(text, Economics(PENNY)) == expected


def test_file__read__exact() -> None:
    said = parse_economics('cost_per_point: "0.004"\nworth: {a: "12.50", b: {more: 3, acts: 6}}', currency="GBP")

    assert said == Economics(Fraction(4, 10), 10, {"a": Worth(1250), "b": Worth(300, 6)})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("worth: {}", "cost_per_point"),
        ('cost_per_point: "0.01"\nwort: {}', "line 2.*did you mean 'worth'"),
        ('cost_per_point: "a penny"', "not a decimal number"),
        ('cost_per_point: "0"', "more than 0"),
        ('cost_per_point: "0.01"\nworth: {a: "1.005"}', "fraction digits"),
    ],
)
def test_file__wrong__refused(text: str, says: str) -> None:
    with pytest.raises(errors.InvalidSettings, match=says):
        parse_economics(text, currency="GBP")
