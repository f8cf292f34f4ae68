"""Goals

given a count of acts, of distinct days, objects, members or behaviours, or a window of days
    the badge is given with the act that makes it full, once
given a sum, or the latest of totals
    the badge is given when the field's number is reached
given objects that meet conditions
    so many of them, on so many days, and so much of all, give the badge
    it is given once for each object where it says so
given a streak or a tier
    the badge comes with it
given one that can be reached again
    it is given for each further so many, or once in each season
given any acts, some taken back
    a plain reading of the rules comes to the same
    EDGE 44: and no achievement is given twice for the same occurrence
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.rules.engine.types import Fact
from tests.rules.engine.goaling import goal, held, replies, standing
from tests.rules.engine.making import (
    BOB,
    CAT,
    DAY,
    MONDAY,
    NOBODY,
    fact,
    fold_all,
    taken_back,
    thing,
)


@pytest.mark.parametrize(
    ("text", "facts", "cause", "words"),
    [
        ("count: {of: reply, times: 3}", replies(0, 0, 1, 2), "r2", "2 of 3 times"),
        ("count: {of: reply, times: 3, distinct: day}", replies(0, 0, 1, 2), "r3", "2 of 3 days"),
        ("count: {of: reply, times: 3, within_days: 2}", replies(0, 2, 4, 4, 5), "r4", "3 of 3 times"),
        ("sum: {of: reply, field: length, at_least: 250}", replies(0, 1, 2, 3), "r2", "200 of 250 (length)"),
        ("streak: {of: daily, length: 3}", replies(0, 2, 3, 4), "r3", "2 of 3 days"),
        ("tier: gold", replies(0, 0, 0, 0), "r2", "2 of 3 qualifying points"),
    ],
)
def test_the_badge_comes_with_the_act_that_makes_it_full(text: str, facts: list[Fact], cause: str, words: str) -> None:
    engine = goal(text, ", points: 7")
    facts = [replace(each, payload={"length": 100}) for each in facts]
    folded = fold_all(engine, facts)
    assert held(folded) == [(cause, "")]
    points = [each for each in folded.grants.values() if each.rule == "achievement:it" and each.unit == "points"]
    assert [(each.cause, each.occurrence, each.awarded) for each in points] == [(f"app/{cause}", "points", 7)]
    it = standing(engine, folded)
    assert (it.stage, it.held, it.progress.words) == ("held", 1, "reached")
    place = next(index for index, each in enumerate(facts) if each.id == cause)
    before = fold_all(engine, facts[:place])
    now = facts[place].at - MONDAY
    assert held(before) == []
    if "within" not in text:
        assert standing(engine, before, now).progress.words == words


def test_distinct_objects_members_and_behaviours() -> None:
    on = [fact(f"o{number}", number, "reply", {"object": name}) for number, name in enumerate("aabbc")]
    assert held(fold_all(goal("count: {of: reply, times: 3, distinct: object}"), on)) == [("o4", "")]
    from_others = [
        fact(f"t{number}", number, "thank", actor=actor, roles=("recipient",))
        for number, actor in enumerate((BOB, BOB, CAT))
    ]
    assert held(fold_all(goal("count: {of: thank, times: 2, distinct: counterpart}"), from_others)) == [("t2", "")]
    both = [fact("x", 1, "reply"), fact("y", 2, "reply"), fact("z", 3, "visit")]
    assert held(fold_all(goal("count: {of: [reply, visit], times: 2, distinct: behaviour}"), both)) == [("z", "")]


def test_the_latest_of_totals_counts() -> None:
    engine = goal("latest: {of: totals, field: votes, at_least: 300}")
    facts = [fact(f"n{number}", number, "totals", {"votes": votes}) for number, votes in enumerate((100, 299, 250))]
    folded = fold_all(engine, facts)
    assert (held(folded), standing(engine, folded).progress.have) == ([], 250)
    assert held(fold_all(engine, [*facts, fact("n9", 9, "totals", {"votes": 301})])) == [("n9", "")]


def question(name: str, day: int, *scores: int) -> list[Fact]:
    """A question of Ann's, made on a day, and votes on it from nobody known, one after another on that day."""
    about = thing(name, "question", made_at=day * DAY)
    made = fact(f"made-{name}", day * DAY, "question_asked", {"object": name}, about=about)
    votes = [
        fact(
            f"vote-{name}-{number}", day * DAY + number + 1, "vote", {"object": name, "value": value},
            about=about, actor=NOBODY, roles=("owner",),
        )
        for number, value in enumerate(scores)
    ]  # fmt: skip
    return [made, *votes]


def test_one_object_that_meets_the_conditions_is_enough_and_the_badge_stays_when_it_does_no_more() -> None:
    engine = goal("object: {of: question, where: {score: {at_least: 2}}}")
    folded = fold_all(engine, question("q", 0, 1, 1, -1))
    assert held(folded) == [("vote-q-1", "")]


def test_so_many_objects_or_days_of_them() -> None:
    facts = [*question("a", 0, 1), *question("b", 0, 1), *question("c", 1, 1)]
    assert held(fold_all(goal("object: {of: question, where: {score: {at_least: 1}}, times: 2}"), facts)) == [
        ("vote-b-0", "")
    ]
    by_days = goal("object: {of: question, where: {score: {at_least: 1}}, times: 2, distinct: day}")
    assert held(fold_all(by_days, facts)) == [("vote-c-0", "")]


def test_an_object_that_meets_the_conditions_no_more_counts_no_more() -> None:
    facts = [*question("a", 0, 1, -1), *question("b", 1, 1)]
    engine = goal("object: {of: question, where: {score: {at_least: 1}}, times: 2}")
    folded = fold_all(engine, facts)
    assert (held(folded), standing(engine, folded).progress.words) == ([], "1 of 2 objects (question)")


def test_so_much_of_all_objects_has_to_meet_the_share() -> None:
    engine = goal(
        "object: {of: question, where: {score: {at_least: 1}}, times: 2,"
        " share: {percent: 50, where: {score: {at_least: 0}}}}"
    )
    bad = [each for name in "cde" for each in question(name, 2, -1)]
    good = [*question("a", 0, 1), *question("b", 3, 1)]
    folded = fold_all(engine, [*good, *bad])
    assert held(folded) == []
    assert (
        standing(engine, folded).progress.words
        == "2 of 2 objects (question); 2 of all 5, where 50 in 100 are asked for"
    )
    assert held(fold_all(engine, [*good, *bad, *question("f", 4)])) == [("made-f", "")]


def test_once_for_each_object() -> None:
    engine = goal("object: {of: question, where: {score: {at_least: 1}}}", ", repeat: object")
    facts = [*question("a", 0, 1, 1, -2, 2), *question("b", 1, 1)]
    assert held(fold_all(engine, facts)) == [("vote-a-0", "a"), ("vote-b-0", "b")]
    counted = goal("count: {of: reply, times: 2}", ", repeat: object")
    acts = [fact(f"o{number}", number, "reply", {"object": name}) for number, name in enumerate("abbba")]
    assert held(fold_all(counted, acts)) == [("o2", "b"), ("o4", "a")]


def test_again_for_each_further_so_many() -> None:
    engine = goal("count: {of: reply, times: 2}", ", repeat: times")
    folded = fold_all(engine, replies(0, 0, 0, 1, 1))
    assert held(folded) == [("r1", "1"), ("r3", "2")]
    assert (standing(engine, folded).held, standing(engine, folded).progress.words) == (2, "1 of 2 times")
    window = goal("count: {of: reply, times: 2, within_days: 1}", ", repeat: times")
    assert held(fold_all(window, replies(0, 0, 0, 1, 1))) == [("r1", "1"), ("r4", "2")]


def test_once_in_each_season_and_only_by_acts_within() -> None:
    engine = goal("count: {of: reply, times: 2}", ", repeat: season")
    folded = fold_all(engine, replies(0, 0, 0, 2, 3, 4, 4))
    assert held(folded) == [("r1", "spring"), ("r5", "summer")]
    streak = goal("streak: {of: daily, length: 2}", ", repeat: season")
    assert held(fold_all(streak, replies(0, 1, 2, 5, 6, 8, 9))) == [("r1", "spring"), ("r4", "summer")]
    assert standing(engine, fold_all(engine, replies(0)), DAY).progress.words == "1 of 2 times"
    assert standing(engine, fold_all(engine, replies(0)), 2 * DAY).progress.words == "no season is now"


acts = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["reply", "visit"]), st.sampled_from("abc"), st.integers(0, 12)),
    max_size=14,
)
Row = tuple[int, str, str, int]  # day, behaviour, object, days until it is taken back; 0: never


def _distinct(name: str) -> Callable[[Row, int], object]:
    """What has to differ between acts, given an act and its place."""
    if name == "day":
        return lambda row, _: row[0]
    return (lambda row, _: row[2]) if name == "object" else lambda _, place: place


@given(
    rows=acts, times=st.integers(1, 5), distinct=st.sampled_from(["", "day", "object"]), window=st.sampled_from([0, 3])
)
def test_edge_44_a_plain_reading_of_the_rules_comes_to_the_same(
    rows: list[Row], times: int, distinct: str, window: int
) -> None:
    rows = sorted(rows)
    text = f"count: {{of: [reply], times: {times}"
    text += f", distinct: {distinct}" if distinct else ""
    text += f", within_days: {window}}}" if window else "}"
    facts, name_of = [], _distinct(distinct)
    for place, (day, behaviour, name, gone) in enumerate(rows):
        made = fact(f"a{place:02}", day * DAY + place, behaviour, {"object": name})
        facts.append(replace(made, retraction=taken_back((day + gone) * DAY)) if gone else made)
    expected = None
    for place, (day, behaviour, _, _) in enumerate(rows):
        counting = [
            (number, row)
            for number, row in enumerate(rows[: place + 1])
            if row[1] == "reply" and not (row[3] and (row[0] + row[3]) <= day) and (not window or row[0] > day - window)
        ]
        if behaviour == "reply" and len({name_of(row, number) for number, row in counting}) >= times:
            expected = [(f"a{place:02}", "")]
            break
    assert held(fold_all(goal(text), facts, until=40 * DAY)) == (expected or [])
