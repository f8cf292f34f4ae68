"""diff: what a new version changes
├── given the same programme: nothing, and nobody is surprised
├── given one changed word: that field, in the file's words on both sides
├── given something new, or gone, or in another order: that, with what it says
├── given any templates: what one adds the other way round removes
└── surprises: each kind with its words, and silent for what members would not notice
"""

from itertools import permutations

import pytest

from loyaltychain.program.diff import Change, FieldChange, diff
from loyaltychain.program.diff_warnings import surprises
from loyaltychain.program.load import parse_program, template
from loyaltychain.program.starters import template_names
from tests.program.lint_builders import GOOD_TEXT, spoilt

RAISED = ("version: 1", "version: 2")
VISIT = "  visit: {event: visited, title: Look around a little.}\n"
POLL = "  poll: {event: poll_answered, title: Answer one of the polls., points: 5, cooldown: {hours: 1}}\n"
SCOUT = "title: Look around often., name: Scout, streak: {of: weekly, length: 4}"
PAIRS = "    pairs: {weights: [100, 50, 0], per: month}\n"
SECOND = "    - {id: regular, name: Regular, from: 100, perks: [early access]}\n"


def changed(*changes: tuple[str, str]) -> list[Change]:
    return diff(parse_program(GOOD_TEXT), parse_program(spoilt(*changes)))


def noticed(*changes: tuple[str, str]) -> dict[str, str]:
    """Place by code."""
    found = surprises(parse_program(GOOD_TEXT), parse_program(spoilt(RAISED, *changes)))
    return {each.code: each.place for each in found}


def test_same__nothing() -> None:
    assert changed() == []
    assert surprises(parse_program(GOOD_TEXT), parse_program(GOOD_TEXT)) == []


@pytest.mark.parametrize(
    ("old", "new", "place", "field", "was", "is_"),
    [
        ("version: 1", "version: 2", "version", "", "1", "2"),
        ("points: 50, once", "points: 40, once", "behaviours.profile", "points.give", "50", "40"),
        ("for: recipient", "for: owner", "behaviours.thanks", "for", "recipient", "owner"),
        ("cooldown: {hours: 1}", "cooldown: {minutes: 90}", "behaviours.poll", "cooldown", "1 hour", "90 minutes"),
        ("event: visited", "event: [visited, read]", "behaviours.visit", "event", "visited", "visited, read"),
        ("weights: [100, 50, 0]", "weights: [100, 0]", "behaviours.thanks", "pairs.weights", "100 %, 50 %, 0 %",
         "100 %, 0 %"),
        ('from: "2026-03-01"\nreferrals', 'from: "2026-04-01"\nreferrals', "behaviours.workshop", "from", "2026-03-01",
         "2026-04-01"),
        ('to: "2026-05-31"', 'to: "2026-06-30"', "seasons.spring", "to", "through 2026-05-31", "through 2026-06-30"),
        ("times: 3}, role", "times: 4}, role", "achievements.writer", "count.times", "3", "4"),
        (", role: editor", ", role: chief", "achievements.writer", "role", "editor", "chief"),
        ("perks: [early access]", 'perks: [early access], boost: "1.25"', "tiers.levels.regular", "boost", "nothing",
         "1.25 times"),
        ('per: "1.00"', 'per: "2.00"', "rules.spend", "per", "1.00 GBP", "2.00 GBP"),
        ("velocity: {times: 5, per: day}", "velocity: {times: 1, per: ever}", "referrals.friend", "velocity.most", "5",
         "1"),
        ("jurisdictions: [quebec]", "jurisdictions: [quebec, ontario]", "jurisdictions", "", "quebec",
         "quebec, ontario"),
    ],
)  # fmt: skip
def test_one_word__that_field(old: str, new: str, place: str, field: str, was: str, is_: str) -> None:
    (change,) = changed((old, new))

    assert (change.kind, change.place) == ("changed", place)
    assert FieldChange(field, was, is_) in change.fields


def test_new_and_gone__with_what_they_say() -> None:
    gone, new = changed(("  poll: {event: poll_answered", "  vote: {event: poll_answered"))

    said = {"event": "poll_answered", "title": "Answer one of the polls.", "points": "give 5", "cooldown": "1 hour"}
    assert (gone.kind, gone.place) == ("removed", "behaviours.poll")
    assert {each.field: each.old for each in gone.fields} == said
    assert (new.kind, new.place) == ("added", "behaviours.vote")
    assert {each.field: each.new for each in new.fields} == said


def test_other_order__said_once() -> None:
    (change,) = changed((VISIT, ""), ("  post:\n    event", f"{VISIT}  post:\n    event"))

    assert (change.kind, change.section) == ("moved", "behaviours")
    assert change.fields[0].new.startswith("profile, poll, visit, post")


@pytest.mark.parametrize(("one", "other"), list(permutations(template_names(), 2)))
def test_templates__other_way_round__the_reverse(one: str, other: str) -> None:
    reverse = {"added": "removed", "removed": "added", "changed": "changed", "moved": "moved"}
    old, new = parse_program(template(one)), parse_program(template(other))

    there = {(each.place, each.kind) for each in diff(old, new)}
    back = {(each.place, reverse[each.kind]) for each in diff(new, old)}

    assert there == back != set()


SURPRISES = {
    "currency": [("currency: GBP", "currency: EUR")],
    "timezone": [("timezone: Europe/London", "timezone: Europe/Paris")],
    "expiry-shortened": [("expiry: {", "expiry: {after: {months: 24}, "), ("jurisdictions: [quebec]", "")],
    "inactivity-shortened": [("inactivity: {months: 12", "inactivity: {months: 9"), ("jurisdictions: [quebec]", "")],
    "behaviour-removed": [(POLL, "")],
    "worth-less": [("points: 50, once", "points: 40, once")],
    "now-pending": [(PAIRS, f"{PAIRS}    pending: {{until: liked, days: 9, otherwise: give}}\n")],
    "achievement-closed": [("  helper: {title", "  helper: {status: locked, title")],
    "threshold-raised": [("times: 3}, role", "times: 4}, role")],
    "threshold-lowered": [("times: 3}, role", "times: 2}, role")],
    "goal-changed": [("count: {of: thanks, times: 1}", "count: {of: post, times: 1}")],
    "back-fill": [("\ntiers:", f"\n  more: {{{SCOUT}}}\ntiers:")],
    "from-now": [("\ntiers:", f'\n  more: {{{SCOUT}, history: from_now, since: "2026-06-01"}}\ntiers:')],
    "streak-clock": [("period: week", "period: month")],
    "protection-removed": [(", freezes: {initial: 1, most: 1}", "")],
    "tier-unmapped": [(SECOND, "")],
    "tier-raised": [("from: 100", "from: 150")],
    "perk-removed": [("perks: [early access]", "perks: [late access]")],
    "order-changed": [(VISIT, ""), ("  post:\n    event", f"{VISIT}  post:\n    event")],
}  # fmt: skip


@pytest.mark.parametrize("code", SURPRISES)
def test_surprise__that_alone(code: str) -> None:
    assert list(noticed(*SURPRISES[code])) == [code]


def test_surprise__same_version__said() -> None:
    found = surprises(parse_program(GOOD_TEXT), parse_program(spoilt(("points: 50, once", "points: 60, once"))))

    assert [each.code for each in found] == ["version-not-raised"]


@pytest.mark.parametrize(
    ("section", "codes"),
    [
        ("achievements", ["achievement-removed"] * 5),
        ("streaks", ["streak-removed"]),
        ("referrals", ["referral-removed"]),
        ("tiers", ["tiers-removed"]),
    ],
)
def test_surprise__a_section_is_gone__said(section: str, codes: list[str]) -> None:
    head, _, rest = GOOD_TEXT.partition(f"\n{section}:")
    after = rest.split("\n")[1:]
    kept = next(place for place, line in enumerate(after) if line and not line.startswith(" "))
    new = parse_program("\n".join([head, *after[kept:]]).replace(*RAISED))

    assert [each.code for each in surprises(parse_program(GOOD_TEXT), new)] == codes


@pytest.mark.parametrize(
    "change",
    [
        ("points: 50, once", "points: 60, once"),
        ("from: 100", "from: 90"),
        ("title: Look around a little.", "title: Look around as you like."),
        (SECOND, ""),
    ],
)
def test_surprise__nothing_is_taken__silent(change: tuple[str, str]) -> None:
    mapped = [("tiers:\n", "tiers:\n  replaced: {regular: member}\n")] if change[0] is SECOND else []

    assert noticed(change, *mapped) == {}
