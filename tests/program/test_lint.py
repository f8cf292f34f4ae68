"""lint
├── given the good programme: nothing
├── given it with one thing spoilt: that advice and no other
├── given it with the same thing spoilt and mended by another way: nothing
├── given a template: nothing, for those that reward behaviour
├── given purchases alone: that, and nothing about achievements
├── order: warnings before notes
└── each rule: a test that meets it
"""

from collections.abc import Callable, Iterable

import pytest

from loyaltychain.program.lint import lint
from loyaltychain.program.lint_rules import RULES
from loyaltychain.program.lint_titles import what_is_wrong
from loyaltychain.program.load import parse_program, template
from loyaltychain.program.starters import example_events, template_names
from tests.program.builders import ORDERS_TEXT, PROGRAM_TEXT
from tests.program.lint_builders import GOOD_TEXT, codes, spoilt

PROFILE = "{title: Fill in your profile., name: Newcomer, count: {of: profile, times: 1}}"
FREEZES = ", freezes: {initial: 1, most: 1}"
PENDING = "    pending: {until: [{event: post_liked, by: peer}], reject: post_removed, days: 30, otherwise: cancel}\n"
PAIRS = "    pairs: {weights: [100, 50, 0], per: month}\n"
LIKED = "object: {of: [post], where: {votes: {at_least: 1}}}"
QUALIFIES = "    qualifying: true\n"
SPENDING = 'points: 3, per: "1.00"'


def more(number: int) -> tuple[str, str]:
    """That many achievements more, in front of the tiers."""
    made = [f"  a{n}: {{title: Look around often., name: Scout, count: {{of: visit, times: {n + 3}, distinct: day}}}}"
            for n in range(number)]  # fmt: skip
    return "\ntiers:", "\n" + "\n".join(made) + "\ntiers:"


SPOILT: dict[str, list[tuple[str, str]]] = {
    "too-many-achievements": [more(8)],
    "many-achievements": [more(4)],
    "too-few-achievements": [("    repeat: season\n", "    repeat: season\n    status: locked\n")],
    "no-first-win": [("count: {of: profile, times: 1}", "count: {of: poll, times: 4, distinct: object}")],
    "no-return": [("times: 2, distinct: day", "times: 1")],
    "no-social": [("count: {of: post, times: 3}, role: editor", "count: {of: poll, times: 3, distinct: object}"),
                  ("count: {of: thanks, times: 1}", "count: {of: workshop, times: 1}")],
    "ladder-order": [(f"  first: {PROFILE}\n", ""), ("\ntiers:", f"\n  first: {PROFILE}\ntiers:")],
    "volume-only": [("count: {of: thanks, times: 1}", "count: {of: visit, times: 10}"), ("count: {of: post, times: 3}",
                    "count: {of: post, times: 1}")],
    "role-without-quality": [("times: 1}}\n  again", "times: 1}, role: greeter}\n  again")],
    "unclear-title": [("title: Answer one of the polls.", "title: Polls.")],
    "name-counts": [("name: Returner", "name: 2 days")],
    "uncapped": [("points: 5, cooldown: {hours: 1}", "points: 5")],
    "collusion": [(PAIRS, "")],
    "referral-open": [("    hold_on: [device]\n", "")],
    "announced-without-gate": [("    proof: [code]\n    from", "    caps: [{times: 1, per: day}]\n    from"),
                               ("    repeat: season\n    points: 20\n", "")],
    "streak-unprotected": [(FREEZES, "")],
    "streak-late": [(FREEZES, f"{FREEZES}, late_days: 2, rewards: {{4: 10}}")],
    "tier-count": [("    - {id: regular, name: Regular, from: 100, perks: [early access]}\n", "")],
    "tier-perks": [("perks: [early access]", "perks: [5 % discount, a coupon each month]")],
    "tiers-by-spending": [(QUALIFIES, ""), (SPENDING, f"{SPENDING}, qualifying: true")],
    "tiers-out-of-reach": [(QUALIFIES, "")],
    "jurisdiction-unsaid": [("jurisdictions: [quebec]", "")],
}  # fmt: skip
ELSEWHERE = {"only-purchases", "reward-rate", "reward-over-share", "expiry-unannounced"}

MENDED: dict[str, list[tuple[str, str]]] = {
    "a streak is a return": [("count: {of: visit, times: 2, distinct: day}", "streak: {of: weekly, length: 2}")],
    "grace protects a streak": [(FREEZES, ", grace_hours: 12")],
    "a streak without rewards tempts nobody": [(FREEZES, f"{FREEZES}, late_days: 2")],
    "an object's measure is social": [("count: {of: post, times: 3}", LIKED), ("count: {of: thanks, times: 1}", LIKED)],
    "caps of all behaviours bound each": [("points: 5, cooldown: {hours: 1}", "points: 5"),
                                          ("\nstreaks:", "\ncaps: [{points: 100, per: day}]\nstreaks:")],
    "a cap by the other member bounds pairs": [(PAIRS, "    caps: [{times: 1, per: month, each: counterpart}]\n")],
    "distinct things are no volume": [("count: {of: post, times: 3}", "count: {of: visit, times: 3, distinct: object}"),
                                      (", role: editor", "")],
    "a tier's boost is a perk": [("perks: [early access]", 'boost: "1.5"')],
    "a cap of the referrer bounds it": [("    velocity: {times: 5, per: day}", "    caps: [{times: 9, per: year}]")],
    "an achievement may qualify": [
        (QUALIFIES, ""), ("    repeat: season\n", "    repeat: season\n    qualifying: true\n")],
    "a retired achievement does not count": [
        more(8), *((f"  a{n}: {{", f"  a{n}: {{status: retired, ") for n in range(8))],
}  # fmt: skip


def test_good__nothing() -> None:
    assert codes(GOOD_TEXT) == []


@pytest.mark.parametrize("code", SPOILT)
def test_spoilt__that_alone(code: str) -> None:
    assert codes(spoilt(*SPOILT[code])) == [code]


@pytest.mark.parametrize("case", MENDED)
def test_mended__nothing(case: str) -> None:
    assert codes(spoilt(*MENDED[case])) == []


@pytest.mark.parametrize("name", [name for name in template_names() if example_events(name) is not None])
def test_templates__of_behaviour__nothing(name: str) -> None:
    program = parse_program(template(name))

    assert program.conduct is not None
    assert 5 <= len(program.conduct.achievements) <= 8
    assert lint(program) == []


@pytest.mark.parametrize("text", [PROGRAM_TEXT, ORDERS_TEXT])
def test_purchases_alone__said_once(text: str) -> None:
    found = [each.code for each in lint(parse_program(text)) if each.rule.severity == "warning"]

    assert found == ["only-purchases"]


def test_expiry__without_a_notice__said() -> None:
    text = spoilt(("expiry: {", "expiry: {after: {months: 24}, "), ("jurisdictions: [quebec]", ""))
    told = text.replace("after: {months: 24}", "after: {months: 24}, notice_days: 30")

    assert codes(text) == ["expiry-unannounced", "jurisdiction-unsaid"]
    assert codes(told) == ["jurisdiction-unsaid"]


def test_order__warnings_before_notes() -> None:
    text = spoilt(*SPOILT["name-counts"], *SPOILT["collusion"], *SPOILT["jurisdiction-unsaid"])

    assert codes(text) == ["collusion", "name-counts", "jurisdiction-unsaid"]


@pytest.mark.parametrize(
    ("title", "wrong"),
    [
        ("Answer somebody's question.", None),
        ("Run a model.", None),
        ("Hilf jemandem weiter!", None),
        ("回答别人的问题。", None),
        ("Give a reply, e.g. in the forum.", None),
        ("Polls.", "is too short to be understood"),
        ("Answer a question", "is no sentence: it has no full stop"),
        ("Answer a question. Then another.", "is more than one sentence"),
        ("Do " + "it and " * 13 + "again.", "is longer than 25 words"),
    ],
)
def test_title__one_clear_sentence(title: str, wrong: str | None) -> None:
    assert what_is_wrong(title) == wrong


def test_rules__each_is_met_by_a_test() -> None:
    assert set(SPOILT) | ELSEWHERE == set(RULES)


@pytest.mark.parametrize("of", [lambda number: range(number), lambda number: [number - 1]], ids=["all before", "chain"])
def test_achievements_made_of_others__as_many_as_a_file_takes(of: Callable[[int], Iterable[int]]) -> None:
    """Each is looked at once: asked one by one, what each is made of doubles the questions, or ends the stack."""
    made = "\n".join(
        f"  a{number}: {{title: Reach the others., name: N{number}, "
        f"all: [{', '.join(f'a{each}' for each in of(number))}]{', role: mentor' if number == 110 else ''}}}"
        for number in range(1, 111)
    )
    first = "  a0: {title: Look around., name: N0, count: {of: visit, times: 1}}"
    found = codes(spoilt(("\ntiers:", f"\n{first}\n{made}\ntiers:")))
    assert "role-without-quality" in found
