"""What members share, asked for by one event for several of them
├── a supply of one: one badge, told in one run or in several, and the replay says the same
├── two limits, one behind the other: what the second refuses is there for others
└── a referral that is undone: what it had is there for the next referrer
"""

import pytest

from loyaltychain.db.engine import reading
from loyaltychain.program.load import parse_program
from loyaltychain.reports.replay.verify import verify
from tests.operations.conduct.forum import (
    NOW,
    act,
    answered,
    asked,
    balances,
    check,
    fold,
    retracted,
    take,
    voted,
)

PROGRAM = """
name: Rare
version: 1
timezone: UTC
currency: GBP
objects: {question: {made_by: asked}, answer: {made_by: answered, parent: question}}
behaviours:
  own: {event: voted, title: Have your answer voted for., for: owner}
  asked-well: {event: voted, title: Have an answer to your question voted for., for: parent_owner}
achievements:
  rare: {title: Be the first., name: First, count: {of: [own, asked-well], times: 1}, supply: 1, points: 50}
"""


@pytest.mark.parametrize("in_portions", [False, True])
def test_supply__one_event_brings_it_to_two__one_has_it(engine, in_portions) -> None:
    program = parse_program(PROGRAM)
    events = (asked("q", "ann", 0), answered("a", "bob", 1, "q"), voted("v", "cat", 2, "a"))
    for portion in [[each] for each in reversed(events)] if in_portions else [events]:
        take(engine, *portion)
        fold(engine, program)

    badges = {key: count for key, count in balances(engine).items() if key[2] == "badge:rare"}
    assert sum(badges.values()) == 1
    assert sum(count for key, count in balances(engine).items() if key[2] == "points") == 50
    check(engine)
    with reading(engine) as tx:
        assert verify(tx, now=NOW).findings == []


TWO_LIMITS = """
name: Scarce
version: 1
timezone: UTC
currency: GBP
caps: [{points: 30, per: ever, shared: true}]
behaviours:
  draw: {event: drew, title: Draw a picture., points: 20, budget: {points: 10, per: ever}, retracted_by: [deleted]}
  write: {event: wrote, title: Write a text., points: 20}
"""


@pytest.mark.parametrize("in_portions", [False, True])
def test_limits__what_the_budget_refuses__is_there_for_others(engine, in_portions) -> None:
    program = parse_program(TWO_LIMITS)
    events = (
        act("d1", "drew", "ann", 0), act("w1", "wrote", "bob", 1), act("d2", "drew", "cat", 2, object="picture"),
        act("w2", "wrote", "dan", 3), act("x1", "deleted", "mod", 4, event="forum/d1"),
    )  # fmt: skip
    found = []
    for portion in [[each] for each in events] if in_portions else [events[:4], events[4:]]:
        take(engine, *portion)
        fold(engine, program)
        found.append({key[0]: count for key, count in balances(engine).items() if key[2] == "points" and count})
        check(engine)
        with reading(engine) as tx:
            assert verify(tx, now=NOW).findings == []

    assert found[-2] == {"ann": 10, "bob": 20}  # of 30 the drawing needs 10 only
    assert found[-1] == {"bob": 20, "cat": 10}  # what she had went to the next in line


SENT = """
name: Sent
version: 1
timezone: UTC
currency: GBP
referrals:
  friend:
    {event: referred, qualified_by: bought, retracted_by: [refunded], title: Bring a friend., days: 5, referrer: 50,
     referee: 0, caps: [{CAP, per: ever, shared: true}]}
"""
ANN_AND_EVE = (
    act("h1", "hello", "ann", 0), act("h2", "hello", "eve", 0), act("r1", "referred", "bob", 10, referrer="ann"),
    act("r2", "referred", "fay", 11, referrer="eve"),
)  # fmt: skip
BOTH_BOUGHT = act("b1", "bought", "bob", 100), act("b2", "bought", "fay", 300)
REFUND = act("x1", "refunded", "bob", 200)


@pytest.mark.parametrize(("cap", "left"), [("times: 1", 0), ("points: 50", 0), ("points: 70", 20)])
@pytest.mark.parametrize("more", [(REFUND, *BOTH_BOUGHT), (*BOTH_BOUGHT, REFUND)])
@pytest.mark.parametrize("in_portions", [False, True])
def test_referral__refunded__what_it_had_of_a_shared_cap_is_there_for_the_next(
    engine, in_portions, more, cap, left
) -> None:
    events = (*ANN_AND_EVE, *more)
    assert sent(engine, cap, [[each] for each in events] if in_portions else [events]) == {"eve": 50}
    assert sent(engine, cap, [[act("b3", "bought", "bob", 400)]]) == {"eve": 50} | ({"ann": left} if left else {})
    assert sent(engine, cap, [[act("x2", "refunded", "fay", 500)]]) == {"ann": 50}


@pytest.mark.parametrize("in_portions", [False, True])
def test_referral__purchase_that_never_was__what_it_had_of_a_shared_cap_is_there_for_the_next(
    engine, in_portions
) -> None:
    events = (*ANN_AND_EVE, *BOTH_BOUGHT, retracted("f1", 400, "b1", fraud=True))
    assert sent(engine, "times: 1", [[each] for each in events] if in_portions else [events]) == {"eve": 50}


def sent(engine, cap, portions) -> dict[str, int]:
    """What everybody has, after these portions; the replay says the same after each."""
    program = parse_program(SENT.replace("CAP", cap))
    for portion in portions:
        take(engine, *portion)
        fold(engine, program)
        check(engine)
        with reading(engine) as tx:
            assert verify(tx, now=NOW).findings == []
    return {key[0]: count for key, count in balances(engine).items() if key[2] == "points" and count}
