"""parse_program: chains without loops

given things that wait for each other
    each ring is named once, at the first of it in the file, with all who are in it
    what can be reached another way, or only waits for a ring, is not named
given any set of achievements that build on each other
    the file is refused exactly when some of them can never be reached
"""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.core import errors
from loyaltychain.program.load import parse_program
from tests.program.conduct_builders import SHORT_TEXT

NEVER = "it can never begin, since it waits for itself"
OUT = "(take one of these out)"


def badges(**goals: str) -> str:
    return "achievements:\n" + "".join(f"  {id_}: {{title: T., name: N, {goal}}}\n" for id_, goal in goals.items())


def problems(text: str) -> list[str]:
    try:
        parse_program(text, file="bikes.yaml")
    except errors.InvalidProgram as problem:
        return [line.strip() for line in problem.message.removeprefix("bikes.yaml, ").splitlines() if NEVER in line]
    return []


REPLY = "{of: reply, times: 1}"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (badges(a="all: b", b="all: a"), [f"line 11: achievements.a: {NEVER}: a -> b -> a {OUT}"]),
        (badges(a="all: [a, b]", b=f"count: {REPLY}"), [f"line 11: achievements.a: {NEVER}: a -> a {OUT}"]),
        (badges(c="all: b", b="all: a", a="any: b"), [f"line 12: achievements.b: {NEVER}: b -> a -> b {OUT}"]),
        (
            badges(a="all: b", b="all: a", c="any: d", d="any: c"),
            [
                f"line 11: achievements.a: {NEVER}: a -> b -> a {OUT}",
                f"line 13: achievements.c: {NEVER}: c -> d -> c {OUT}",
            ],
        ),
        (badges(a="any: [a, b]", b=f"count: {REPLY}"), []),
        (badges(a="some: {of: [a, b, c], times: 2}", b=f"count: {REPLY}", c=f"count: {REPLY}"), []),
        (
            badges(a="some: {of: [a, b, c], times: 3}", b=f"count: {REPLY}", c=f"count: {REPLY}"),
            [f"line 11: achievements.a: {NEVER}: a -> a {OUT}"],
        ),
        (badges(a="any: [b, c]", b="all: a", c=f"count: {REPLY}"), []),
    ],
)  # fmt: skip
def test_parse_program__achievements__rings_are_named(more: str, expected: list[str]) -> None:
    assert problems(SHORT_TEXT + more) == expected


ASK = "  ask:\n    event: asked\n    title: Ask.\n    points: 1\n"


def test_parse_program__behaviours_after_each_other__a_ring() -> None:
    text = SHORT_TEXT + "    after: {behaviour: ask, days: 3}\n" + ASK + "    after: {behaviour: reply, days: 3}\n"

    assert problems(text) == [f"line 6: behaviours.reply: {NEVER}: reply -> ask -> reply {OUT}"]


def test_parse_program__behaviour_after_itself__a_ring() -> None:
    text = SHORT_TEXT + "    after: {behaviour: reply, days: 3}\n"

    assert problems(text) == [f"line 6: behaviours.reply: {NEVER}: reply -> reply {OUT}"]


@pytest.mark.parametrize(
    ("segment", "is_ring"),
    [
        ("{badge.first: true}", True),
        ("{badge.first: false}", False),
        ("{acts.reply: {at_least: 1}}", True),
        ("{acts.reply: 2}", True),
        ("{acts.reply: {at_most: 5}}", False),
        ("{acts.reply: {at_least: 0}}", False),
        ("{badge.first: true, days_since_joined: {at_most: 3}}", True),
    ],
)
def test_parse_program__behaviour_for_a_segment_that_needs_it__a_ring(segment: str, is_ring: bool) -> None:
    text = SHORT_TEXT + "    segments: mine\n" + badges(first=f"count: {REPLY}") + f"segments: {{mine: {segment}}}\n"

    assert bool(problems(text)) is is_ring


def test_parse_program__one_of_two_segments_open__no_ring() -> None:
    text = SHORT_TEXT + "    segments: [mine, new]\n" + badges(first=f"count: {REPLY}")
    text += "segments: {mine: {badge.first: true}, new: {days_since_joined: {at_most: 9}}}\n"

    assert problems(text) == []


@pytest.mark.parametrize(("match", "is_ring"), [("any", False), ("all", True)])
def test_parse_program__streak_of_what_its_badge_opens__a_ring_where_all_are_needed(match: str, is_ring: bool) -> None:
    text = SHORT_TEXT + ASK + "    segments: steady\n" + badges(week="streak: {of: daily, length: 7}")
    text += "segments: {steady: {badge.week: true}}\n"
    text += f"streaks: {{daily: {{title: S., of: [reply, ask], match: {match}}}}}\n"

    assert bool(problems(text)) is is_ring


ids = st.sampled_from("abcde")
goals = st.one_of(
    st.just(("count", ["reply"], 1)),
    st.lists(ids, min_size=1, unique=True).map(lambda of: ("all", of, len(of))),
    st.lists(ids, min_size=1, unique=True).map(lambda of: ("any", of, 1)),
    st.lists(ids, min_size=2, unique=True).map(lambda of: ("some", of, 2)),
)


@given(st.fixed_dictionaries(dict.fromkeys("abcde", goals)))
def test_parse_program__any_achievements__refused_exactly_when_some_are_out_of_reach(
    declared: dict[str, tuple[str, list[str], int]],
) -> None:
    text = SHORT_TEXT + badges(**{id_: written(*goal) for id_, goal in declared.items()})
    reached = awarded(declared)

    found = problems(text)
    assert bool(found) is (len(reached) < len(declared))
    for line in found:
        ring = line.partition("itself: ")[2].removesuffix(" " + OUT).split(" -> ")
        assert ring[0] == ring[-1]
        assert reached.isdisjoint(ring)
        assert all(needed in declared[id_][1] for id_, needed in pairwise(ring))


def written(kind: str, of: list[str], times: int) -> str:
    if kind == "count":
        return f"count: {REPLY}"
    if kind == "some":
        return f"some: {{of: [{', '.join(of)}], times: {times}}}"
    return f"{kind}: [{', '.join(of)}]"


def awarded(declared: dict[str, tuple[str, list[str], int]]) -> set[str]:
    """Who is given what by a member who does everything, over and over."""
    held: set[str] = set()
    for _ in declared:
        held |= {
            id_ for id_, (_, of, times) in declared.items() if sum(each in held | {"reply"} for each in of) >= times
        }
    return held
