"""The engine's first property: late, doubled, shuffled and reversed events end in the same grants and state."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.rules.engine.engine import Engine, compile_engine
from loyaltychain.rules.engine.fold import Folded, fold
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import Fact
from tests.rules.engine.arrivals import RETRACTED, Arrivals
from tests.rules.engine.making import ANN, BOB, CAT, DAY, HEAD, MONDAY, NOBODY, Decisions, fact, program_of, thing

FORUM = """
objects:
  question: {made_by: ask}
  answer: {made_by: reply, parent: question}
measures:
  score: {sum: value, of: vote}
behaviours:
  asking: {event: ask, title: Ask., points: 3, every: 2, qualifying: true}
  helpful:
    event: reply
    title: Reply.
    points: 20
    qualifying: true
    pending:
      {until: [{event: vote, times: 2, by: peer}, {event: approved}], reject: rejected, days: 3, otherwise: cancel}
    caps: [{points: 30, per: day}, {times: 2, per: week}]
  quick:
    event: visit
    title: Visit.
    points: {give: 1, per: 10, of: value, rounding: up}
    cooldown: {hours: 6}
    qualifying: true
    caps: [{points: 12, per: week}]
    budget: {points: 8, per: month}
  liked:
    event: vote
    title: Be liked.
    for: owner
    points: 7
    where: {object.score: {at_least: 1}}
    pairs: {weights: [100, 50, 0], per: month, reciprocal_days: 2}
    caps: [{times: 2, per: day, each: actor, shared: true}]
  late: {event: visit, title: Come back., points: -2, after: {behaviour: asking, days: 2, act: latest, each: object}}
caps: [{points: 35, per: week}]
boosts:
  double: {times: "1.5", rounding: half_even, from: "2026-01-06", to: "2026-01-06"}
achievements:
  first: {title: Ask., name: Asker, count: {of: asking, times: 1}, points: 5, qualifying: true}
  three: {title: Reply., name: Helper, count: {of: helpful, times: 2, distinct: day}, repeat: times}
  good: {title: Be good., name: Good, object: {of: [question, answer], where: {score: {at_least: 1}}}, repeat: object}
  both: {title: All of it., name: Whole, all: [first, good]}
  run: {title: Come on two days., name: Runner, streak: {of: daily, length: 2}}
streaks:
  daily:
    {title: Visit daily., of: [quick, asking], period: day, freezes: {initial: 1, every: 3, most: 2}, rewards: {2: 9}}
tiers:
  period: rolling
  months: 1
  falls: one_down
  levels:
    - {id: member, name: Member, from: 0}
    - {id: gold, name: Gold, from: 30, boost: "1.5"}
"""
NEWER = (
    FORUM.replace("caps: [{points: 35, per: week}]\nboosts", "caps: [{points: 55, per: week}]\nboosts")
    .replace("otherwise: cancel", "otherwise: give")
    .replace("  late: {", "  later: {")
    .replace("  both:", "  ten: {title: Visit., name: V, count: {of: later, times: 1}, points: 1}\n  both:")
    .replace("from: 30, boost", "from: 20, boost")
)
FIRST = program_of(FORUM)
SECOND = program_of(NEWER, HEAD.replace("version: 1", "version: 2"))
ENGINE = compile_engine(FIRST)
Engines = dict[str, Engine]
ONE: Engines = {ENGINE.version: ENGINE}
TWO: Engines = {each.version: each for each in (compile_engine(FIRST, later=(SECOND,)), compile_engine(SECOND))}
END = UnixSeconds(MONDAY + 60 * DAY)
TYPES = ("ask", "reply", "reply", "vote", "vote", "vote", "visit", "visit", "approved", "rejected", RETRACTED)


@dataclass(frozen=True)
class Told:
    """What a test makes an event of."""

    type: str
    at: int
    actor: int
    value: int
    names: int
    is_fraud: bool


TOLD = st.builds(
    Told,
    st.sampled_from(TYPES),
    st.one_of(
        st.integers(0, 10), st.integers(0, 3 * DAY), st.integers(0, 12 * DAY), st.sampled_from([DAY, 3 * DAY, 9 * DAY])
    ),
    st.sampled_from([BOB, CAT, NOBODY]),
    st.integers(-1, 60),
    st.integers(0, 11),
    st.booleans(),
)


def make_fact(number: int, told: Told, all_told: list[Told]) -> Fact:
    """The event in Ann's stream: she asks, replies and visits; others speak about what is hers."""
    at = MONDAY + told.at
    if told.type == RETRACTED:
        named = told.names % len(all_told)
        return _fact(number, told, {"event": f"app/{named}", "fraud": told.is_fraud}, BOB, ())
    if told.type in ("ask", "reply"):
        kind = "question" if told.type == "ask" else "answer"
        about = thing(f"{kind}{number}", kind, ANN, told.at, parent="p", parent_owner=BOB, parent_made_at=0)
        return _fact(number, told, {"object": about.id}, ANN, ("actor",), about)
    if told.type == "visit":
        asked = f"question{told.names % len(all_told)}"
        return _fact(number, told, {"value": told.value, "object": asked}, ANN, ("actor",))
    target = _object_of(told, all_told)
    assert at >= MONDAY
    return _fact(number, told, {"object": target.id, "value": max(told.value, 1) % 3}, told.actor, ("owner",), target)


def _object_of(told: Told, all_told: list[Told]) -> Any:
    made = [(n, each) for n, each in enumerate(all_told) if each.type in ("ask", "reply")]
    if not made:
        return thing("q-unmade", "question", ANN, 0)
    number, each = made[told.names % len(made)]
    kind = "question" if each.type == "ask" else "answer"
    return thing(f"{kind}{number}", kind, ANN, each.at, parent="p", parent_owner=BOB, parent_made_at=0)


def _fact(number: int, told: Told, payload: dict[str, Any], actor: int, roles: Any, about: Any = None) -> Fact:
    return fact(
        str(number), told.at, told.type, payload, actor=actor, roles=roles, about=about,  # type: ignore[arg-type]
        version=ENGINE.version,
    )  # fmt: skip


def arrive_all(coming: Sequence[Fact | UnixSeconds], shared: Decisions, engines: Engines = ONE) -> Arrivals:
    """Events come in this order, and time passes between them and at the end."""
    member = Arrivals(engines, next(iter(engines.values())), shared)
    for each in coming:
        if isinstance(each, Fact):
            member.arrive(each)
        else:
            member.pass_time(each)
    member.pass_time(END)
    return member


def fold_whole(facts: list[Fact], shared: Decisions, engines: Engines = ONE) -> Folded:
    """All of it known beforehand, folded once in order."""
    ordered = arrive_all(facts, Decisions(), engines).facts
    return fold(engines, ordered, next(iter(engines.values())).new_state(), shared, until=END)


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[Fact], list[Fact]]:
    """Events, and an order in which all of them come, some of them twice."""
    told = draw(st.lists(TOLD, min_size=1, max_size=24))
    facts = [make_fact(number, each, told) for number, each in enumerate(told)]
    doubled = draw(st.lists(st.sampled_from(facts), max_size=4))
    return facts, draw(st.permutations(facts + doubled))


@settings(max_examples=300, deadline=None)
@given(arrivals())
def test_any_order_of_arrival_ends_in_the_same_grants_and_state(world: tuple[list[Fact], list[Fact]]) -> None:
    facts, arrival = world
    shared = Decisions()
    member = arrive_all(arrival, shared)
    whole = fold_whole(facts, Decisions(dict(shared.answers), is_closed=True))
    assert member.grants == whole.grants
    assert member.state == whole.state


@settings(max_examples=200, deadline=None)
@given(arrivals(), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 15 * DAY)), max_size=4), st.integers(0, 2**24))
def test_nor_do_two_versions_or_time_that_passes_in_between_make_a_difference(
    world: tuple[list[Fact], list[Fact]], moments: list[tuple[int, int]], chosen: int
) -> None:
    names = tuple(TWO)
    facts = [replace(each, version=names[chosen >> number & 1]) for number, each in enumerate(world[0])]
    versions = {each.cause: each for each in facts}
    coming: list[Fact | UnixSeconds] = [versions[each.cause] for each in world[1]]
    for place, moment in moments:
        coming.insert(place, UnixSeconds(MONDAY + moment))
    shared = Decisions()
    member = arrive_all(coming, shared, TWO)
    whole = fold_whole(facts, Decisions(dict(shared.answers), is_closed=True), TWO)
    assert member.grants == whole.grants
    assert member.state == whole.state


@settings(max_examples=100, deadline=None)
@given(arrivals(), st.integers(1, 5))
def test_a_state_that_was_written_down_goes_on_like_the_one_that_was_not(
    world: tuple[list[Fact], list[Fact]], every: int
) -> None:
    facts, _ = world
    shared = Decisions()
    whole = fold_whole(facts, shared)
    state, emitted = ENGINE.new_state(), []
    for number, each in enumerate(arrive_all(facts, Decisions()).facts):
        folded = fold(ONE, [each], state, shared)
        emitted += folded.emitted
        if not number % every:
            state = State.from_document(json.loads(json.dumps(state.to_document())))
            assert state == state.copy()
    emitted += fold(ONE, [], state, shared, until=END).emitted
    assert {grant.key: grant for _, grant in emitted} == whole.grants
    assert state == whole.state


@settings(max_examples=200, deadline=None)
@given(arrivals())
def test_what_is_awarded_lies_between_nothing_and_what_was_wanted(world: tuple[list[Fact], list[Fact]]) -> None:
    facts, _ = world
    for grant in fold_whole(facts, Decisions()).grants.values():
        assert min(0, grant.desired) <= grant.awarded <= max(0, grant.desired)
        assert (grant.awarded == grant.desired) == (grant.reason is None) or grant.desired == 0
