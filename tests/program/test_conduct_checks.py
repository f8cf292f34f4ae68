"""parse_program: what does not fit together in what members do

given a file that breaks a rule
    it raises InvalidProgram naming the file, the line, the field, what is wrong and what to do
    an unknown word brings the nearest that there is, or all of them: complaints.txt has each, word for word
given several mistakes, malformed and unfitting
    all are named at once, in the file's order
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from loyaltychain.core import errors
from loyaltychain.program.load import parse_program
from tests.program.conduct_builders import SHORT_TEXT

COMPLAINTS = Path(__file__).parent / "complaints.txt"
OBJECTS = (
    "objects: {question: {made_by: asked}, answer: {made_by: answer_given, parent: question}}\n"
    "measures: {score: {sum: value, of: vote}}\n"
)
TIERS = "tiers: {period: rolling, levels: [{id: member, name: M, from: 0}, {id: gold, name: G, from: 9}]}\n"
STREAK = "streaks: {daily: {title: Daily., of: reply}}\n"
ORDERS = "orders: {}\nredemption: {}\n"


def indented(said: str) -> str:
    return "".join(f"    {line}\n" for line in said.splitlines())


def as_file(place: str, said: str) -> str:
    """A programme file with ``said`` at a place."""
    match place:
        case "behaviour":
            return SHORT_TEXT + indented(said) + (OBJECTS if "object." in said else "")
        case "points":
            return SHORT_TEXT.replace("points: 20", f"points: {said}")
        case "pointless":
            return SHORT_TEXT.replace("    points: 20\n", indented(said))
        case "achievement":
            badges = "achievements:\n  other: {title: B., name: B, tier: gold}\n"
            return SHORT_TEXT + OBJECTS + STREAK + TIERS + badges + f"  best: {{title: Be., name: Best, {said}}}\n"
        case "section":
            return SHORT_TEXT + said + "\n"
        case "referral":
            return SHORT_TEXT + "referrals:\n  friend:\n" + indented(said) + ORDERS
    raise AssertionError(place)


def message(text: str) -> str:
    with pytest.raises(errors.InvalidProgram) as caught:
        parse_program(text, file="bikes.yaml")
    assert caught.value.context["file"] == "bikes.yaml"
    return caught.value.message


def complaints() -> Iterator[tuple[str, str, str]]:
    """Place, what is said there, and what is said of it."""
    for section in re.split(r"^\[", COMPLAINTS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, *records = section.strip().split("\n\n")
        for record in records:
            said, _, expected = record.partition("\n=> ")
            yield head.partition("]")[0], said, expected


@pytest.mark.parametrize(("place", "said", "expected"), list(complaints()))
def test_parse_program__breaks_a_rule__says_where_what_and_what_to_do(place: str, said: str, expected: str) -> None:
    assert message(as_file(place, said)) == expected


def test_complaints__there_are__many() -> None:
    found = list(complaints())

    assert {place for place, _, _ in found} == {
        "behaviour",
        "points",
        "pointless",
        "achievement",
        "section",
        "referral",
    }
    assert len(found) > 140
    assert all(re.search(r"line [0-9]+: \S", expected) for _, _, expected in found)


@pytest.mark.parametrize(
    ("event", "points", "expected"),
    [
        ("redemption", 5, "'redemption' takes points: it may count, but give none (remove points)"),
        ("return", 0, "'return' is the event that brings goods back (put it into retracted_by)"),
        ("cancellation", 5, "'cancellation' is the event that cancels an order (put it into retracted_by)"),
        ("order_edit", 5, "'order_edit' is the event that changes an order (put it into retracted_by)"),
        ("redemption", 0, None),
        ("order", 5, None),
        ("purchase", 5, None),
    ],
)
def test_parse_program__event_with_a_role__only_where_it_makes_sense(
    event: str, points: int, expected: str | None
) -> None:
    text = SHORT_TEXT.replace("event: answer_given", f"event: {event}") + ORDERS
    text = text.replace("points: 20", f"points: {points}" if points else "self_dealing: refuse")
    if expected is None:
        assert parse_program(text).conduct is not None
    else:
        assert message(text) == f"bikes.yaml, line 7: behaviours.reply.event: {expected}"


def test_parse_program__many_mistakes__all_at_once_in_order() -> None:
    text = (
        SHORT_TEXT.replace("Europe/London", "Europe/Londn").replace("points: 20", "points: 0")
        + "  ask:\n    event: asked\n    title: Ask.\n    points: 1\n    after: {behaviour: replly, days: 2}\n"
        + "achievements:\n  first: {title: Answer., name: First, count: {of: aks, times: 1}}\n"
        + "seasons: {spring: {from: 2026-03-01, to: 2026-02-01}}\nacheivements: {}\n"
    )
    zone = "'Europe/Londn' is not an IANA time zone such as Europe/London (did you mean 'Europe/London'?)"
    assert message(text).splitlines() == [
        "bikes.yaml: 6 problems:",
        f"  line 3: timezone: {zone}",
        "  line 9: behaviours.reply.points: it gives nothing: leave points out where an act only counts",
        "  line 14: behaviours.ask.after.behaviour: 'replly' is not a behaviour (did you mean 'reply'?)",
        "  line 16: achievements.first.count.of: 'aks' is not a behaviour (did you mean 'ask'?)",
        "  line 17: seasons.spring.to: it ends before it begins, on 2026-03-01 (correct one of the two)",
        "  line 18: acheivements: there is no such field (did you mean 'achievements'?)",
    ]


def test_parse_program__section_misspelt__what_refers_to_it_is_not_blamed() -> None:
    streak = "streaks: {daily: {title: Daily., of: reply}}\n"
    text = SHORT_TEXT.replace("behaviours:", "behaviors:") + streak
    assert message(text) == "bikes.yaml, line 5: behaviors: there is no such field (did you mean 'behaviours'?)"


@pytest.mark.parametrize(
    ("law", "expiry"),
    [
        ("quebec", "{inactivity: {months: 12, notice_days: 60}}"),
        ("quebec", "{inactivity: {days: 366}}"),
        ("ontario", "{inactivity: {months: 3}}"),
        ("ontario, quebec", "~"),
    ],
)
def test_parse_program__law_that_it_keeps__as_said(law: str, expiry: str) -> None:
    assert parse_program(SHORT_TEXT + f"jurisdictions: [{law}]\nexpiry: {expiry}\n").conduct is not None


@pytest.mark.parametrize("place", ["behaviour", "rule"])
def test_parse_program__law__also_of_an_expiry_of_ones_own(place: str) -> None:
    if place == "behaviour":
        text, field = as_file("behaviour", "expiry: {after: {days: 90}}"), "behaviours.reply"
    else:
        rule = "{id: buy, kind: points_per_currency_unit, points: 1, per: 1, expiry: {after: {days: 90}}}"
        text, field = SHORT_TEXT + f"rules: [{rule}]\n", "rules[0]"
    what = "points do not expire by their age in Ontario (use expiry.inactivity, or remove it)"
    said = message(text + "jurisdictions: [ontario]\n")
    assert said == f"bikes.yaml, line 10: {field}.expiry.after: {what}"


@pytest.mark.parametrize(
    ("event", "objects", "expected"),
    [
        ("asked", "question: {made_by: asked}", "question belongs to nothing"),
        ("[asked, noted]", "{question: {made_by: asked}, note: {made_by: noted}}", "question, note belong to nothing"),
        ("vote", "{question: {made_by: asked}}", "question belongs to nothing"),
        ("vote", "{question: {made_by: asked}, answer: {made_by: answered, parent: question}}", None),
        ("[asked, answered]", "{question: {made_by: asked}, answer: {made_by: answered, parent: question}}", None),
        ("asked", "{question: {made_by: asked}, answer: {made_by: answered, parent: question}}", "question belongs"),
        (
            "vote\n    where: {object.kind: question}",
            "{question: {made_by: asked}, answer: {made_by: answered, parent: question}}",
            "question belongs to nothing whose owner there could be (say its parent under objects, or for: owner)",
        ),
        ("asked", "{question: {made_by: asked, parnet: x}}", "parnet"),
    ],
)
def test_parse_program__for_the_owner_of_a_parent__there_is_one(event: str, objects: str, expected: str | None) -> None:
    text = SHORT_TEXT.replace("event: answer_given", f"event: {event}\n    for: parent_owner")
    text += f"objects: {objects if objects.startswith('{') else '{' + objects + '}'}\n"
    if expected is None:
        assert parse_program(text).conduct is not None
    else:
        said = message(text)
        assert expected in said
        assert "problems" not in said
