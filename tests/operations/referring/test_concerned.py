"""Whose referrals change with what others do, or with a new version, and whose do not
├── given two who sent one: each hears of the other's referral, and has nothing of it
├── given a merge that closes a ring, or lets others move up: those far from it are folded again, and again when it ends
└── given a version that compares and counts otherwise: what came before stays as it was
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.db.engine import transaction
from loyaltychain.events import identity
from loyaltychain.operations.merge import merge
from loyaltychain.operations.unmerge import unmerge
from loyaltychain.program.load import parse_program
from tests.operations.conduct.forum import DAY, NOW, act, check, fold, granted, take
from tests.operations.referring.test_step import JOINED, Sides, sides

SECOND = """name: Club
version: 2
timezone: UTC
currency: GBP
behaviours:
  visit: {event: visited, title: Come in.}
referrals:
  friend: {event: referred, qualified_by: bought, title: Bring somebody., days: 30, referrer: 500, referee: 200,
           hold_on: [device], velocity: {times: 1, per: day}}
"""
RINGS = parse_program("""name: Club
version: 1
timezone: UTC
currency: GBP
behaviours:
  sent: {event: referred, title: Send somebody., points: 1, for: referrer}
referrals:
  friend: {event: referred, qualified_by: bought, title: Bring somebody., days: 30, referrer: 500, referee: 200,
           velocity: {times: 1, per: day}}
""")


def of_rings(engine: Engine) -> Sides:
    fold(engine, RINGS)  # type: ignore[arg-type]
    check(engine)
    return sides(engine)


def test_two_who_sent_one__each_has_her_own_referral_alone(engine: Engine) -> None:
    """An act of the referee concerns whoever sent her by any referral; that she was sent by another is not theirs."""
    take(engine, *JOINED)
    take(engine, act("r1", "referred", "cat", 10, referrer="ann"), act("r2", "referred", "cat", 20, referrer="bob"),
         act("b1", "bought", "cat", DAY))  # fmt: skip
    of_rings(engine)
    found = {(who, cause): told for (who, _, cause, side), told in granted(engine).items() if side == "referrer"}
    assert found == {("ann", "r1"): (500, "given", None), ("bob", "r2"): (0, "given", "once")}


def test_merged__two_of_a_chain__the_ring_falls_where_it_closes(engine: Engine) -> None:
    """Cat, whom dan sent last, shares no event with ann and bob, who are one; parted, her referral counts."""
    take(engine, *JOINED)
    take(engine, act("r1", "referred", "dan", 10, referrer="ann"), act("r2", "referred", "cat", 40, referrer="dan"),
         act("r3", "referred", "mod", 20, referrer="cat"), act("r4", "referred", "bob", 30, referrer="mod"),
         act("b1", "bought", "cat", DAY))  # fmt: skip
    before = of_rings(engine)
    assert before["r2 referee"] == (200, "given", None)
    with transaction(engine) as tx:
        ann, bob = identity.join(tx, "ann", NOW), identity.join(tx, "bob", NOW)
        merge(tx, merged=ann, survivor=bob, reason="one", actor="eve", now=NOW)
    assert of_rings(engine)["r2 referee"] == (0, "given", "cycle")
    with transaction(engine) as tx:
        unmerge(tx, merged=ann, reason="two", actor="eve", now=NOW)
    assert of_rings(engine) == before


def test_merged__referees__others_of_the_same_referrer_move_up(engine: Engine) -> None:
    """Dan was the second whom cat sent on a day; the first is merged with somebody who was sent before by another."""
    take(engine, *JOINED)
    take(engine, act("r0", "referred", "bob", 0, referrer="mod"), act("r1", "referred", "ann", 10, referrer="cat"),
         act("r2", "referred", "dan", 20, referrer="cat"), act("b1", "bought", "dan", DAY))  # fmt: skip
    assert of_rings(engine)["r2 referee"] == (0, "held", "velocity")
    with transaction(engine) as tx:
        ann, bob = identity.join(tx, "ann", NOW), identity.join(tx, "bob", NOW)
        merge(tx, merged=ann, survivor=bob, reason="one", actor="zoe", now=NOW)
    assert of_rings(engine)["r2 referee"] == (200, "given", None)


@pytest.mark.parametrize("limit", [1, 100])
def test_versions__compare_and_count_what_comes_in_their_time(engine: Engine, limit: int) -> None:
    """By device, and one a day, from the second version on: whatever the first took in stays as it was."""
    counting = "hold_on: [device], velocity: {times: 1, per: day}"
    first = parse_program(SECOND.replace(counting, "velocity: {times: 1, per: ever}"))
    told = [
        act("v1", "visited", "ann", 0, device="d"), act("r1", "referred", "bob", 10, referrer="ann", device="d"),
        act("r2", "referred", "cat", 2 * DAY, referrer="ann"), act("b2", "bought", "cat", 3 * DAY),
        act("b1", "bought", "bob", 3 * DAY),
    ]  # fmt: skip
    take(engine, *told)
    fold(engine, first, limit=limit)  # type: ignore[arg-type]
    before = sides(engine)
    assert before["r1 referee"] == (200, "given", None) and before["r2 referee"] == (0, "held", "velocity")
    take(engine, act("v2", "visited", "ann", 4 * DAY, device="e"),
         act("r3", "referred", "dan", 5 * DAY, referrer="ann", device="e"),
         act("r4", "referred", "eve", 6 * DAY, referrer="ann", device="d"),
         act("b3", "bought", "dan", 7 * DAY), act("b4", "bought", "eve", 7 * DAY),
         act("late", "visited", "cat", 1))  # fmt: skip
    fold(engine, parse_program(SECOND), limit=limit)  # type: ignore[arg-type]
    check(engine)
    found = sides(engine)
    assert {name: found[name] for name in before} == before
    assert found["r3 referee"] == (0, "held", "held") and found["r4 referee"] == (200, "given", None)
