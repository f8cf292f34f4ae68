"""Points that wait for a quality signal."""

from typing import Any

import pytest

from loyaltychain.rules.engine.types import Fact, Grant
from tests.rules.engine.making import BOB, CAT, DAY, MONDAY, NOBODY, engine_of, fact, fold_all, grants_of, taken_back

UNTIL = "[{event: upvote, times: 2, by: peer}, {event: approved, by: {role: moderator}}]"


def gated(otherwise: str = "cancel", more: str = "") -> str:
    return (
        "behaviours:\n  helpful:\n    event: reply\n    title: Reply.\n    points: 20\n"
        f"    pending: {{until: {UNTIL}, reject: rejected, days: 14, otherwise: {otherwise}}}\n{more}"
    )


def act(name: str = "1", at: int = 0, about: str = "r1") -> Fact:
    return fact(name, at, payload={"object": about})


def signal(
    name: str, at: int, kind: str = "upvote", *, actor: Any = BOB, event: str | None = None, **more: Any
) -> Fact:
    payload = {"object": "r1"} if event is None else {"event": event}
    return fact(name, at, kind, payload, actor=actor, roles=more.pop("roles", ("owner",)), **more)


def told(grants: list[Grant]) -> list[tuple[str, int, str | None]]:
    return [(each.state, each.awarded, each.reason) for each in grants]


def test_an_act_waits_and_says_for_what() -> None:
    (grant,) = grants_of(engine_of(gated()), act())
    assert (grant.state, grant.desired, grant.awarded, grant.due_at) == ("pending", 20, 20, MONDAY + 14 * DAY)
    assert grant.inputs["needs"] == [
        {"event": "upvote", "times": 2, "seen": 0, "by": "peer"},
        {"event": "approved", "times": 1, "seen": 0, "by": "moderator"},
    ]


def test_two_peers_let_it_pass_and_one_of_them_twice_does_not() -> None:
    engine = engine_of(gated())
    (waits,) = grants_of(engine, act(), signal("a", 1), signal("b", 2))
    assert waits.state == "pending" and waits.inputs["needs"][0]["seen"] == 1
    (given,) = grants_of(engine, act(), signal("a", 1), signal("b", 2, actor=CAT))
    assert (given.state, given.awarded, given.inputs["decided_by"]) == ("given", 20, "app/b")
    assert given.at == MONDAY


@pytest.mark.parametrize("who", [1, NOBODY])
def test_neither_herself_nor_nobody_is_a_peer(who: Any) -> None:
    (grant,) = grants_of(engine_of(gated()), act(), signal("a", 1, actor=who), signal("b", 2, actor=CAT))
    assert grant.state == "pending"


def test_unknown_doers_are_different_ones_where_anyone_counts() -> None:
    text = gated().replace(UNTIL, "[{event: saved, times: 2}]")
    saved = [signal(str(n), n, "saved", actor=NOBODY) for n in (2, 3)]
    assert told(grants_of(engine_of(text), act(), *saved)) == [("given", 20, None)]


def test_a_role_holder_decides_by_naming_the_act() -> None:
    engine = engine_of(gated())
    word = {"kind": "approved", "event": "app/1", "roles": ()}
    assert told(grants_of(engine, act(), signal("m", 5, **word))) == [("pending", 20, None)]
    assert told(grants_of(engine, act(), signal("m", 5, actor_roles=("moderator",), **word))) == [("given", 20, None)]
    own = signal("m", 5, actor=1, actor_roles=("moderator",), **word)
    assert told(grants_of(engine, act(), own)) == [("pending", 20, None)]


def test_a_rejection_ends_it_and_nothing_comes_after() -> None:
    engine = engine_of(gated())
    found = grants_of(
        engine, act(), signal("x", 5, "rejected"), signal("a", 6), signal("b", 7, actor=CAT), until=20 * DAY
    )
    assert told(found) == [("given", 0, "rejected")]
    assert found[0].inputs["by"] == "app/x"


@pytest.mark.parametrize(
    ("otherwise", "outcome"), [("cancel", ("given", 0, "timed-out")), ("give", ("given", 20, None))]
)
def test_without_a_word_the_time_decides(otherwise: str, outcome: tuple[str, int, str | None]) -> None:
    engine = engine_of(gated(otherwise))
    assert told(grants_of(engine, act(), until=14 * DAY - 1)) == [("pending", 20, None)]
    assert told(grants_of(engine, act(), until=14 * DAY)) == [outcome]
    assert told(grants_of(engine, act(), act("2", 20 * DAY, "r2"))) == [outcome, ("pending", 20, None)]


def test_a_word_at_the_end_of_the_time_is_too_late() -> None:
    engine = engine_of(gated())
    for at, outcome in ((14 * DAY - 1, "given"), (14 * DAY, "timed-out")):
        (grant,) = grants_of(engine, act(), signal("a", 1), signal("b", at, actor=CAT))
        assert (grant.reason or grant.state) == outcome


def test_a_signal_that_was_taken_back_never_spoke() -> None:
    votes = [signal("a", 1, retraction=taken_back(DAY)), signal("b", 2, actor=CAT)]
    assert told(grants_of(engine_of(gated()), act(), *votes)) == [("pending", 20, None)]


def test_what_waits_takes_nothing_of_a_cap_until_it_passes_and_then_of_its_own_day() -> None:
    engine = engine_of(gated(more="    caps: [{points: 30, per: day}]\n"))
    first, second, third = act("1", 0, "a"), act("2", 1, "b"), act("3", 2, "c")

    def word(name: str, at: int, event: str, kind: str = "approved") -> Fact:
        return signal(name, at, kind, event=event, roles=(), actor_roles=("moderator",))

    words = [word("x", DAY, "app/1", "rejected"), word("y", 2 * DAY, "app/3"), word("z", 3 * DAY, "app/2")]
    found = {each.cause: each for each in grants_of(engine, first, second, third, *words)}
    assert [found[f"app/{n}"].awarded for n in (1, 2, 3)] == [0, 10, 20]
    assert found["app/2"].reason == "cap-points"
    tomorrow = [act("4", DAY, "d"), act("5", DAY + 1, "e"), act("6", DAY + 2, "f")]
    also = [word("v", DAY + DAY // 2, "app/4"), word("w", 4 * DAY, "app/5"), word("z2", 5 * DAY, "app/6")]
    found = {each.cause: each for each in grants_of(engine, first, second, third, *words, *tomorrow, *also)}
    assert [found[f"app/{n}"].awarded for n in range(1, 7)] == [0, 10, 20, 20, 10, 0]


def test_an_act_counts_when_it_has_passed_and_not_before() -> None:
    engine = engine_of(gated())
    assert fold_all(engine, [act()]).state.acts == {}
    passed = fold_all(engine, [act(), signal("a", 1), signal("b", 2, actor=CAT)])
    assert passed.state.acts["helpful"] == [1, MONDAY, MONDAY]


def test_an_act_that_passed_and_was_taken_back_counts_in_between() -> None:
    engine = engine_of(gated())
    gone = fact("1", 0, payload={"object": "r1"}, retraction=taken_back(DAY))
    facts = [gone, signal("a", 1), signal("b", 2, actor=CAT)]
    assert told(list(fold_all(engine, facts).grants.values())) == [("given", 0, "retracted")]
    assert fold_all(engine, facts).state.acts["helpful"][0] == 1
    assert fold_all(engine, facts, until=DAY).state.acts["helpful"][0] == 0
    never = fold_all(engine, [gone], until=20 * DAY)
    assert never.state.acts == {} and never.state.due == [] and never.state.parts["gates"]["pending"] == {}
    assert told(list(never.grants.values())) == [("given", 0, "retracted")]
