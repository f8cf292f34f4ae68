"""Programmes that change: each fact by the version in force for it, and what a newer one reads out of older times."""

from dataclasses import replace

import pytest

from loyaltychain.core import errors
from loyaltychain.program.types import Program
from loyaltychain.rules.engine.engine import compile_engine
from loyaltychain.rules.engine.fold import Folded, fold
from loyaltychain.rules.engine.types import Fact
from tests.rules.engine.making import DAY, HEAD, Decisions, awards, fact, program_of, taken_back

FIRST = program_of(
    "behaviours:\n  helpful: {event: reply, title: Reply., points: 20, caps: [{points: 50, per: day}]}\n"
)


def second(text: str) -> Program:
    return program_of(text, HEAD.replace("version: 1", "version: 2"))


def fold_versions(*pairs: tuple[Program, list[Fact]], later: tuple[Program, ...] = ()) -> Folded:
    engines = {}
    facts = []
    for program, its in pairs:
        engine = compile_engine(program, later=later)
        engines[engine.version] = engine
        facts += [replace(each, version=engine.version) for each in its]
    ordered = sorted(facts, key=lambda each: each.key)
    first = next(iter(engines.values()))
    return fold(engines, ordered, first.new_state(), Decisions())


def test_edge_71_each_fact_by_the_version_in_force_for_it() -> None:
    raised = second(
        "behaviours:\n  helpful: {event: reply, title: Reply., points: 30, caps: [{points: 60, per: day}]}\n"
    )
    folded = fold_versions((FIRST, [fact("1", 0), fact("2", 1)]), (raised, [fact("3", 2), fact("4", 3)]))
    found = list(folded.grants.values())
    assert awards(found) == [(20, 20, None), (20, 20, None), (30, 20, "cap-points"), (30, 0, "cap-points")]
    digests = [f"0x{program.digest.hex()}" for program in (FIRST, raised)]
    assert [each.version for each in found] == [digests[0], digests[0], digests[1], digests[1]]


def test_an_old_fact_that_comes_late_is_still_of_its_own_version() -> None:
    doubled = second("behaviours:\n  helpful: {event: reply, title: Reply., points: 40}\n")
    folded = fold_versions((FIRST, [fact("late", 1)]), (doubled, [fact("1", 0)]))
    assert awards(list(folded.grants.values())) == [(40, 40, None), (20, 20, None)]


WAITS = program_of(
    "behaviours:\n  helpful:\n    event: reply\n    title: Reply.\n    points: 20\n"
    "    caps: [{points: 15, per: day}]\n    pending: {until: [approved], days: 3, otherwise: give}\n"
)
WITHOUT = second("behaviours:\n  asking: {event: ask, title: Ask.}\n")


def test_an_act_that_waits_is_decided_though_its_behaviour_is_no_longer_there() -> None:
    folded = fold_versions((WAITS, [fact("1", 0)]), (WITHOUT, [fact("2", DAY, "ask"), fact("3", 4 * DAY, "ask")]))
    (grant,) = folded.grants.values()
    assert (grant.state, grant.awarded, grant.version) == ("given", 20, f"0x{WAITS.digest.hex()}")


def test_what_was_due_before_another_version_came_is_decided_by_the_one_before() -> None:
    folded = fold_versions((WAITS, [fact("1", 0)]), (WITHOUT, [fact("3", 4 * DAY, "ask")]))
    assert awards(list(folded.grants.values())) == [(20, 15, "cap-points")]


def test_an_act_that_is_taken_back_under_a_version_that_does_not_know_it_counts_no_longer() -> None:
    folded = fold_versions((FIRST, [fact("1", 0, retraction=taken_back(DAY))]), (WITHOUT, [fact("2", 2 * DAY, "ask")]))
    assert folded.state.acts["helpful"][0] == 0


NEWER = second(
    "behaviours:\n"
    "  helpful: {event: reply, title: Reply., points: 20}\n"
    "  asking: {event: ask, title: Ask., points: 5, after: {behaviour: looking, days: 9}}\n"
    "  looking: {event: look, title: Look.}\n"
    "achievements:\n"
    "  two: {title: Reply twice., name: Two, count: {of: helpful, times: 2}}\n"
    "  asker: {title: Ask., name: Asker, count: {of: asking, times: 1}, points: 3}\n"
    "  fresh: {title: Reply., name: Fresh, count: {of: helpful, times: 1}, history: from_now, since: '2026-01-20'}\n"
    "  whole: {title: All., name: Whole, all: [two, asker]}\n"
)


def test_what_is_filled_back_counts_old_facts_and_only_it_gives_points() -> None:
    old = [fact("0", 0, "look"), fact("1", 1), fact("2", 2), fact("3", 3, "ask")]
    bare = program_of("behaviours:\n  helpful: {event: reply, title: Reply., points: 20}\n")
    folded = fold_versions((bare, old), later=(NEWER,))
    found = [(each.rule, each.unit, each.cause, each.awarded) for each in folded.grants.values()]
    assert found == [
        ("behaviour:helpful", "points", "app/1", 20),
        ("behaviour:helpful", "points", "app/2", 20),
        ("achievement:two", "badge", "app/2", 1),
        ("achievement:asker", "badge", "app/3", 1),
        ("achievement:asker", "points", "app/3", 3),
        ("achievement:whole", "badge", "app/3", 1),
    ]
    digests = {f"0x{bare.digest.hex()}": "behaviour", f"0x{NEWER.digest.hex()}": "achievement"}
    assert all(each.rule.startswith(digests[each.version]) for each in folded.grants.values())


def test_a_programme_without_behaviours_fills_back_too() -> None:
    money = replace(FIRST, conduct=None)
    folded = fold_versions((money, [fact("1", 1), fact("2", 2)]), later=(NEWER,))
    assert [each.rule for each in folded.grants.values()] == ["achievement:two"]
    assert fold_versions((money, [fact("1", 1)])).emitted == []


def test_nothing_is_filled_back_of_what_is_there_already() -> None:
    folded = fold_versions((NEWER, [fact("1", 1), fact("2", 2)]), later=(NEWER,))
    assert [each.rule for each in folded.grants.values()].count("achievement:two") == 1
    assert compile_engine(NEWER, later=(NEWER,)).program == NEWER


def test_a_fact_that_is_not_later_than_the_state_is_refused() -> None:
    engine = compile_engine(FIRST)
    state = engine.new_state()
    engine.apply(state, fact("1", 5), Decisions())
    for key in (fact("1", 5), fact("0", 5), fact("9", 4)):
        with pytest.raises(errors.InvariantError):
            engine.apply(state, key, Decisions())


def test_time_that_passes_makes_late_only_what_is_older_than_what_happened() -> None:
    engine = compile_engine(FIRST)
    state = engine.new_state()
    engine.apply(state, fact("1", 5, retraction=taken_back(100)), Decisions())
    assert engine.next_due(state) == fact("x", 100).at
    engine.advance(state, fact("x", 500).at, Decisions())
    assert engine.next_due(state) is None
    with pytest.raises(errors.InvariantError):
        engine.apply(state.copy(), fact("2", 99), Decisions())
    assert engine.apply(state, fact("2", 100), Decisions())[0].awarded == 20


def test_a_state_without_facts_is_of_the_version_of_its_first_fact() -> None:
    tiers = "tiers: {{period: ever, levels: [{{id: {}, name: One, from: 0}}, {{id: top, name: Two, from: 90}}]}}\n"
    behaviours = "behaviours:\n  helpful: {event: reply, title: Reply., points: 20}\n"
    old, new = program_of(behaviours + tiers.format("member")), second(behaviours + tiers.format("base"))
    engines = {each.version: each for each in map(compile_engine, (old, new))}
    facts = [replace(fact("1", 0), version=next(iter(engines)))]
    begun = [fold(engines, facts, each.new_state(), Decisions()).state for each in engines.values()]
    assert begun[0] == begun[1]
    assert begun[1].parts["tiers"]["log"] == []
