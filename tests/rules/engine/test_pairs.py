"""Acts between the same two members: kudos, rings, a scarce allowance, and a flood that is reversed."""

from dataclasses import replace
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.rules.engine.pairs import copy_pairs, new_pairs, note_given, weigh, weighted
from loyaltychain.rules.engine.types import Fact, Grant
from tests.rules.engine.arrivals import RETRACTED, Arrivals
from tests.rules.engine.making import (
    ANN,
    BOB,
    CAT,
    DAY,
    Decisions,
    engine_of,
    fact,
    grants_of,
    program_of,
    taken_back,
    thing,
)

KUDOS = """behaviours:
  kudos:
    event: kudos_given
    title: Thank somebody for help.
    points: 10
    for: recipient
    pairs: {weights: [100, 50, 25, 0], per: month, reciprocal_days: 7}
    caps:
      - {times: 3, per: week, each: actor, shared: true}
"""
VOTES = """behaviours:
  useful-answer:
    event: vote
    title: Write answers that others find useful.
    points: 10
    for: owner
    caps: [{points: 100, per: day}]
objects:
  answer: {made_by: answer_given}
"""
FREE = KUDOS.partition("    caps:")[0]


def kudos(name: str, at: int, giver: MemberNumber, taker: MemberNumber, stream: MemberNumber = ANN) -> Fact:
    """Somebody thanks somebody, as it stands in one's stream."""
    role = "actor" if giver == stream else "recipient"
    return fact(name, at, "kudos_given", actor=giver, recipient=taker, roles=(role,))


def given_to(stream: MemberNumber, *acts: tuple[str, int, MemberNumber, MemberNumber], text: str = FREE) -> list[Grant]:
    facts = [kudos(*act, stream) for act in acts if stream in act[2:]]
    return grants_of(engine_of(text), *facts, shared=Decisions())


def points(grants: list[Grant]) -> list[tuple[int, str | None]]:
    return [(each.awarded, each.reason) for each in grants]


def test_kudos_of_the_same_member_are_worth_less_and_less_in_a_period() -> None:
    found = given_to(ANN, *((f"k{n}", n * DAY, BOB, ANN) for n in range(5)))
    assert points(found) == [
        (10, None), (5, "pair-weight"), (2, "pair-weight"), (0, "pair-weight"), (0, "pair-weight"),
    ]  # fmt: skip
    assert [(each.inputs["weight"], each.inputs["nth"]) for each in found] == [
        (100, 1),
        (50, 2),
        (25, 3),
        (0, 4),
        (0, 5),
    ]


def test_others_kudos_and_those_of_the_next_month_are_worth_their_whole() -> None:
    found = given_to(ANN, ("1", 0, BOB, ANN), ("2", 5, CAT, ANN), ("3", 27 * DAY, BOB, ANN))
    assert points(found) == [(10, None)] * 3


def test_edge_61__a_favour_that_is_returned_within_the_days_is_worth_nothing() -> None:
    acts = ("1", 0, ANN, BOB), ("2", 5, BOB, ANN), ("3", 9, ANN, BOB)
    assert points(given_to(ANN, *acts)) == [(0, "reciprocal")]
    assert points(given_to(BOB, *acts)) == [(10, None), (0, "reciprocal")]


def test_edge_61__a_favour_that_is_returned_later_is_worth_its_whole() -> None:
    acts = ("1", 0, ANN, BOB), ("2", 7 * DAY, BOB, ANN)
    assert points(given_to(ANN, *acts)) == [(10, None)]
    soon = ("1", 0, ANN, BOB), ("2", 7 * DAY - 1, BOB, ANN)
    assert points(given_to(ANN, *soon)) == [(0, "reciprocal")]


def test_edge_61__a_ring_of_two_gains_less_than_a_third_of_what_it_tries_for() -> None:
    acts = [
        (f"{n}{side}", n * DAY + order, *((ANN, BOB) if side == "a" else (BOB, ANN)))
        for n in range(6)
        for order, side in enumerate("ab")
    ]
    gained = sum(each.awarded for member in (ANN, BOB) for each in given_to(member, *acts))
    assert gained == 10 and 3 * gained < 10 * len(acts)


def test_what_was_taken_back_does_not_make_the_next_cheaper() -> None:
    first = replace(kudos("1", 0, BOB, ANN), retraction=taken_back(DAY))
    found = grants_of(engine_of(FREE), first, kudos("2", 5, BOB, ANN))
    assert points(found) == [(0, "retracted"), (10, None)]


def test_the_givers_allowance_is_scarce_whoever_receives() -> None:
    shared, engine = Decisions(), engine_of(KUDOS)
    takers = [MemberNumber(number) for number in range(10, 15)]
    acts = [(f"k{n}", n, BOB, taker) for n, taker in enumerate(takers)]
    found = [grants_of(engine, kudos(*act, act[3]), shared=shared)[0] for act in acts]
    assert points(found) == [(10, None)] * 3 + [(0, "shared-cap")] * 2
    other = grants_of(engine, kudos("c", 9, CAT, takers[4], takers[4]), shared=shared)
    assert points(other) == [(10, None)]
    next_week = grants_of(engine, kudos("w", 7 * DAY, BOB, takers[3], takers[3]), shared=shared)
    assert points(next_week) == [(10, None)]


def test_kudos_for_oneself_are_none() -> None:
    own = fact("1", 0, "kudos_given", actor=ANN, recipient=ANN, roles=("actor", "recipient"))
    assert points(grants_of(engine_of(FREE), own)) == [(0, "self-dealing")]


# EDGE 60: a flood fills the cap, is reversed, and the genuine votes of that day count after all.


def vote(name: str, at: int, voter: int) -> Fact:
    return fact(name, at, "vote", actor=MemberNumber(voter), roles=("owner",), about=thing("a1", "answer"))


FLOOD = [vote(f"flood{n:02}", 60 * n, 666) for n in range(10)]
GENUINE = [vote(f"vote{n}", DAY // 2 + n, 100 + n) for n in range(3)]
REVERSED = [fact(f"undo{n:02}", DAY - 60 + n, RETRACTED, {"event": f"app/flood{n:02}", "fraud": True}, actor=CAT,
                 roles=()) for n in range(10)]  # fmt: skip


def test_edge_60__a_flood_suppresses_the_genuine_votes_until_it_is_reversed() -> None:
    engine = engine_of(VOTES)
    story = Arrivals({"": engine}, engine, Decisions())
    for each in FLOOD + GENUINE:
        story.arrive(each)
    of_votes = [story.grants["behaviour:useful-answer", each.cause, ""] for each in GENUINE]
    assert points(of_votes) == [(0, "cap-points")] * 3
    for each in REVERSED:
        story.arrive(each)
    of_votes = [story.grants["behaviour:useful-answer", each.cause, ""] for each in GENUINE]
    assert points(of_votes) == [(10, None)] * 3
    assert sum(each.awarded for each in story.grants.values()) == 30


def test_edge_60__a_reversal_of_some_gives_back_as_much_as_they_took() -> None:
    engine = engine_of(VOTES)
    story = Arrivals({"": engine}, engine, Decisions())
    for each in FLOOD + GENUINE + REVERSED[:2]:
        story.arrive(each)
    of_votes = [story.grants["behaviour:useful-answer", each.cause, ""] for each in GENUINE]
    assert points(of_votes) == [(10, None), (10, None), (0, "cap-points")]


@given(order=st.permutations(FLOOD + GENUINE + REVERSED), seed=st.integers(1, 7))
@settings(max_examples=25, deadline=None)
def test_edge_60__in_whatever_order_it_all_arrives(order: list[Fact], seed: int) -> None:
    engine = engine_of(VOTES)
    story = Arrivals({"": engine}, engine, Decisions(), checkpoint_every=seed)
    for each in order:
        story.arrive(each)
    standing = {key: each.awarded for key, each in story.grants.items() if each.awarded}
    assert standing == {("behaviour:useful-answer", each.cause, ""): 10 for each in GENUINE}


USEFUL = VOTES.replace(
    "    caps: [{points: 100, per: day}]", "    pairs: {weights: [100, 20], per: year, reciprocal_days: 30}"
)


def test_edge_61__one_voter_makes_nobody_rich() -> None:
    found = grants_of(engine_of(USEFUL), vote("1", 0, BOB), vote("2", 1, BOB), vote("3", 2, CAT))
    assert points(found) == [(10, None), (2, "pair-weight"), (10, None)]


def test_edge_61__two_who_vote_for_each_other_gain_by_the_first_vote_alone() -> None:
    mine = fact("1", 0, "vote", actor=ANN, about=thing("b1", "answer", BOB))
    assert points(grants_of(engine_of(USEFUL), mine, vote("2", DAY, BOB))) == [(0, "reciprocal")]
    assert points(grants_of(engine_of(USEFUL), mine, vote("2", DAY, CAT))) == [(10, None)]


# The pairs by themselves.

CONDUCT = program_of(FREE).conduct
assert CONDUCT is not None
BEHAVIOUR = CONDUCT.behaviours[0]


@given(acts=st.lists(st.tuples(st.integers(2, 4), st.booleans(), st.integers(0, 20)), max_size=20))
def test_the_weight_is_one_of_the_declared_and_falls_within_a_period(acts: list[tuple[int, bool, int]]) -> None:
    part = new_pairs()
    at, before = 0, dict[int, int]()
    for other, is_given, gap in acts:
        at += gap * DAY // 2
        if is_given:
            note_given(part, BEHAVIOUR.id, MemberNumber(other), at)  # type: ignore[arg-type]
            continue
        found = weigh(part, BEHAVIOUR, MemberNumber(other), at, 1)  # type: ignore[arg-type]
        assert found.percent in (100, 50, 25, 0) and found.nth == before.get(other, 0) + 1
        assert (found.reason is None) == (found.percent == 100)
        before[other] = found.nth


def test_a_copy_goes_its_own_way() -> None:
    part = new_pairs()
    weigh(part, BEHAVIOUR, BOB, 0, 1)  # type: ignore[arg-type]
    other = copy_pairs(part)
    weigh(other, BEHAVIOUR, BOB, 1, 1)  # type: ignore[arg-type]
    assert weigh(part, BEHAVIOUR, BOB, 2, 1).nth == 2  # type: ignore[arg-type]


def test_a_share_of_points_is_rounded_towards_zero() -> None:
    assert [weighted(points, 25) for points in (10, 3, -10, -3, 0)] == [2, 0, -2, 0, 0]


def test_two_givers_in_any_order_are_weighed_apart() -> None:
    acts = ("1", 0, BOB, ANN), ("2", 1, CAT, ANN), ("3", 2, BOB, ANN)
    for order in permutations(acts):
        assert points(given_to(ANN, *order)) == [(10, None), (10, None), (5, "pair-weight")]
