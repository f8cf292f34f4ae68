"""An achievement that a version fills back into the time before it, and what later versions make of it
├── raised, locked, retired, dropped, or another goal: who had it by acts of that time keeps it, with its points
├── lowered: who has enough has it with her next act; also where it was taken out in between
├── rolled back: what was filled back stays, and counts no act of the time after
└── nobody is folded anew by a version that adds nothing to the time of others
"""

import pytest
from sqlalchemy import Engine, func, select

from loyaltychain.db.engine import reading
from loyaltychain.operations.conduct.tables import fold_states
from loyaltychain.program.load import parse_program
from loyaltychain.program.types import Program
from loyaltychain.reports.replay.verify import verify
from tests.operations.conduct.forum import DAY, NOW, act, check, fold, granted, take

HEAD = """name: Club
version: {}
timezone: UTC
currency: GBP
behaviours:
  help: {{event: answered, title: Answer somebody., points: 5}}
"""
GOAL = "achievements:\n  helper: {title: Answer often., name: Helper, points: 10, count: {of: help, times: 3}}\n"
OTHER = "achievements:\n  other: {title: Answer much., name: Other, count: {of: help, times: 99}}\n"


def version(number: int, more: str = "") -> Program:
    return parse_program(HEAD.format(number) + more)


def badges(engine: Engine) -> set[tuple[str, str, int]]:
    found = granted(engine).items()
    return {(who, cause, told[0]) for (who, rule, cause, _), told in found if rule == "achievement:helper"}


def club(engine: Engine, *versions: Program) -> None:
    """Ann answers three times, and bob twice, in the time of the first version."""
    told = [act(f"a{each}", "answered", "ann", each) for each in range(3)]
    take(engine, *told, *(act(f"b{each}", "answered", "bob", each) for each in range(2)))
    for each in versions:
        fold(engine, each)
        replay(engine)


def replay(engine: Engine) -> None:
    check(engine)
    with reading(engine) as tx:
        assert verify(tx, now=NOW).findings == []


@pytest.mark.parametrize("then", [
    GOAL.replace("times: 3", "times: 5"), GOAL.replace("name: Helper", "name: Helper, status: locked"),
    GOAL.replace("name: Helper", "name: Helper, status: retired"), GOAL.replace("count: {of: help, times: 3}",
    "count: {of: help, times: 3, distinct: day}"), OTHER,
], ids=["raised", "locked", "retired", "another-goal", "dropped"])  # fmt: skip
def test_filled_back__a_later_version_says_otherwise__holders_keep_it(engine: Engine, then: str) -> None:
    club(engine, version(1), version(2, GOAL))
    before = badges(engine)
    assert before == {("ann", "a2", 1), ("ann", "a2", 10)}
    take(engine, act("c", "answered", "cat", 9))
    fold(engine, version(3, then))
    take(engine, act("b2", "answered", "bob", DAY), act("a3", "answered", "ann", DAY))
    fold(engine, version(3, then))
    check(engine)
    assert badges(engine) == before


def test_lowered__by_a_later_version__with_the_next_act(engine: Engine) -> None:
    club(engine, version(1), version(2, GOAL))
    lower = version(3, GOAL.replace("times: 3", "times: 2"))
    take(engine, act("b2", "answered", "bob", DAY))
    fold(engine, lower)
    assert ("bob", "b2", 1) in badges(engine) and ("ann", "a2", 1) in badges(engine)


def test_lowered__taken_out_in_between__with_the_next_act(engine: Engine) -> None:
    lower = version(4, GOAL.replace("times: 3", "times: 2"))
    club(engine, version(1), version(2, GOAL), version(3), lower)
    assert not any(who == "bob" for who, *_ in badges(engine))
    take(engine, act("b2", "answered", "bob", DAY))
    fold(engine, lower)
    assert ("bob", "b2", 1) in badges(engine)


def test_rolled_back__then_filled_back_for_less__holders_keep_what_it_was(engine: Engine) -> None:
    less = version(4, GOAL.replace("points: 10", "points: 5"))
    club(engine, version(1), version(2, GOAL), version(1), less)
    assert badges(engine) == {("ann", "a2", 1), ("ann", "a2", 10)}


def test_rolled_back__acts_after_it__do_not_count(engine: Engine) -> None:
    club(engine, version(1), version(2, GOAL), version(1))
    take(engine, act("b2", "answered", "bob", DAY), act("b0", "answered", "bob", 5))
    fold(engine, version(1))
    replay(engine)
    assert badges(engine) == {("ann", "a2", 1), ("ann", "a2", 10)}
    for each in (version(2, GOAL), version(1)):
        fold(engine, each)
        replay(engine)
    assert badges(engine) == {("ann", "a2", 1), ("ann", "a2", 10), ("bob", "b2", 1), ("bob", "b2", 10)}


def test_a_version_that_fills_nothing_back__after_one_that_did__folds_nobody_anew(engine: Engine) -> None:
    club(engine, version(1), version(2, GOAL))
    take(engine, act("b2", "answered", "bob", DAY))
    reports = fold(engine, version(3, GOAL.replace("times: 3", "times: 4")))
    assert sum(each.members for each in reports) == 1
    with reading(engine) as tx:
        assert tx.execute(select(func.count()).where(fold_states.c.is_stale == 1)).scalar_one() == 0
