"""Whom events concern, whatever is told first
├── what names an act, told before the act's other member or object is known: reaches her as well, when she is
├── who names a thing that another made as her own making: has made nothing
├── what nobody asks for, named by a signal: concerns nobody
├── an act whose making falls to an earlier event told late: is not taken back any more
└── a taking back that is taken back itself never was; what is said to be fraud, only by another such
"""

from collections.abc import Iterator
from itertools import permutations

import pytest
from sqlalchemy import Engine

from loyaltychain.db.engine import reading
from loyaltychain.events.types import Event
from loyaltychain.program.types import Program
from loyaltychain.reports.replay.verify import verify
from tests.database import ENGINES, fresh_database
from tests.operations.conduct.forum import (
    DAY,
    FORUM,
    NOW,
    act,
    answered,
    approved,
    asked,
    balances,
    check,
    fold,
    forum,
    granted,
    retracted,
    take,
    voted,
)

THANKS = FORUM.replace(
    "achievements:\n",
    "  kudos:\n    event: thanked\n    title: Be thanked.\n    for: recipient\n    points: 4\n"
    "    pending: {until: approved, days: 7, otherwise: cancel}\n"
    "  noted:\n    event: voted\n    title: Be noted.\n    for: owner\n    points: 6\n"
    "    pending: {until: approved, days: 7, otherwise: cancel}\n"
    "referrals:\n  friend: {event: referred, qualified_by: asked, title: Bring., days: 9, referrer: 30, referee: 20,"
    " hold_on: [device]}\nachievements:\n",
)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = fresh_database(request.param)
    yield engine
    engine.dispose()


def settle(engine: Engine, program: Program, *told: Event) -> None:
    """Take each alone, decide on it, and replay it all."""
    for each in told:
        take(engine, each)
        fold(engine, program)
    check(engine)
    with reading(engine) as tx:
        assert verify(tx, now=NOW).findings == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_word_on_thanks__whoever_is_known_first__reaches_the_recipient(order: tuple[int, ...]) -> None:
    engine = fresh_database("sqlite")
    told = (
        act("t1", "thanked", "ann", 0, recipient="bob"), approved("p1", 10, "t1"), act("h1", "hello", "bob", 20)
    )  # fmt: skip
    settle(engine, forum(THANKS), *(told[each] for each in order))
    assert granted(engine)["bob", "behaviour:kudos", "t1", ""] == (4, "given", None)
    engine.dispose()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_word_on_a_vote__before_what_it_is_about__reaches_the_owner(order: tuple[int, ...]) -> None:
    engine = fresh_database("sqlite")
    told = asked("q1", "bob", 0), voted("v1", "ann", 10, "q1"), approved("p1", 20, "v1")
    settle(engine, forum(THANKS), *(told[each] for each in order))
    assert granted(engine)["bob", "behaviour:noted", "v1", ""] == (6, "given", None)
    engine.dispose()


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_word_on_a_referral__before_its_referrer_is_known__reaches_her(order: tuple[int, ...]) -> None:
    engine = fresh_database("sqlite")
    told = (
        act("h1", "hello", "bob", 0, device="x"),
        act("r1", "referred", "ann", 10, referrer="bob", device="x"),
        act("n1", "referral_approved", "mod", 20, event="forum/r1"),
        asked("q1", "ann", 30),
    )
    settle(engine, forum(THANKS), *(told[each] for each in order))
    found = granted(engine)
    assert found["ann", "referral:friend", "r1", "referee"] == (20, "given", None)
    assert found["bob", "referral:friend", "r1", "referrer"] == (30, "given", None)
    engine.dispose()


@pytest.mark.parametrize("backwards", [False, True])
def test_making_what_another_made__makes_nothing(engine: Engine, backwards: bool) -> None:
    program = forum(FORUM.replace("where: {score: {at_least: 2}}", "where: {parent_is_own: false}"))
    told = [
        asked("q1", "cat", 0), answered("a1", "bob", 10, "q1"), act("x1", "answered", "ann", 20, object="a1",
        parent="q1"), act("x2", "answered", "bob", 30, object="a1", parent="q1"),
    ]  # fmt: skip
    settle(engine, program, *(told[::-1] if backwards else told))
    liked = {key[0]: key[2:] for key in granted(engine) if key[1] == "achievement:liked"}
    assert liked == {"bob": ("a1", "a1")}


def test_signal_on_what_nobody_asks_for__concerns_nobody(engine: Engine) -> None:
    settle(engine, forum(), act("h1", "hello", "ann", 0), approved("p1", 10, "h1"), act("h2", "hello", "bob", 20))
    assert granted(engine) == {}


def test_object_made_earlier__by_an_event_told_late__the_later_one_stands_again(engine: Engine) -> None:
    program = forum(FORUM.replace("points: 5\n", "points: 5\n    retracted_by: [deleted]\n"))
    settle(engine, program, asked("q1", "ann", 100), act("d1", "deleted", "mod", 200, object="q1"))
    assert granted(engine)["ann", "behaviour:question", "q1", ""] == (0, "given", "retracted")
    settle(engine, program, act("e0", "asked", "bob", 50, object="q1"))
    assert granted(engine)["ann", "behaviour:question", "q1", ""] == (5, "given", None)
    assert granted(engine)["bob", "behaviour:question", "e0", ""] == (0, "given", "retracted")


UNDONE = [(False, False, True), (False, True, True), (True, True, True), (True, False, False)]


@pytest.mark.parametrize(("is_fraud", "undoes_as_fraud", "stands"), UNDONE)
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_taking_back__taken_back__never_was(
    is_fraud: bool, undoes_as_fraud: bool, stands: bool, order: tuple[int, ...]
) -> None:
    engine = fresh_database("sqlite")
    told = (
        asked("q1", "ann", 0), retracted("r1", DAY, "q1", fraud=is_fraud),
        retracted("r2", 2 * DAY, "r1", fraud=undoes_as_fraud),
    )  # fmt: skip
    settle(engine, forum(), *(told[each] for each in order))
    assert balances(engine).get(("ann", "available", "points"), 0) == (5 if stands else 0)
    engine.dispose()


def test_chain_of_takings_back__thousands_of_them__is_decided_on(engine: Engine) -> None:
    chain = [retracted(f"r{number}", DAY + number, f"r{number - 1}" if number else "q1") for number in range(3000)]
    take(engine, asked("q1", "ann", 0), *chain)
    fold(engine, forum())
    check(engine)
    assert granted(engine)["ann", "behaviour:question", "q1", ""] == (5, "given", None)
