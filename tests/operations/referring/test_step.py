"""conduct_step, with referrals, thanks and proofs
├── given both sides of a referral: the same awards in any order of arrival, and the ledger holds them
├── given a field in common: nothing is paid until a moderator's word, and then both sides are
├── given a refund inside the window: pending points are gone on both sides
├── given thanks: the giver's allowance is one for all who receive, and a flood that is reversed gives it back
└── given codes: one pays once, whoever tells it, and what an app writes of its own proof pays nothing
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.db.engine import transaction
from loyaltychain.events import identity
from loyaltychain.events.types import Event
from loyaltychain.operations.merge import merge
from loyaltychain.operations.proofs.batches import find_behaviour, make_batch
from loyaltychain.program.load import parse_program
from tests.database import fresh_database
from tests.operations.conduct.forum import DAY, NOW, act, balances, check, fold, granted, retracted, snapshot, take

PROGRAM = parse_program("""name: Club
version: 1
timezone: UTC
currency: GBP
behaviours:
  visit: {event: visited, title: Come in., points: 1}
  stand: {event: scanned, title: Come to our stand., points: 50, proof: [code]}
  kudos:
    event: kudos_given
    title: Thank somebody.
    points: 10
    for: recipient
    pairs: {weights: [100, 50, 0], per: month, reciprocal_days: 7}
    caps: [{times: 2, per: week, each: actor, shared: true}]
referrals:
  friend: {event: referred, qualified_by: bought, title: Bring somebody., days: 30, referrer: 500, referee: 200,
           retracted_by: [refunded], hold_on: [device], velocity: {times: 2, per: day}}
""")
Sides = dict[str, tuple[int, str, str | None]]


def sides(engine: Engine) -> Sides:
    """Of each referral by its event: what its two members have."""
    found = granted(engine)
    return {f"{cause} {side}": told for (_, rule, cause, side), told in found.items() if rule == "referral:friend"}


def settled(engine: Engine, *events: Event, now: int = NOW) -> Sides:
    take(engine, *events)
    fold(engine, PROGRAM, now=now)  # type: ignore[arg-type]
    check(engine)
    return sides(engine)


def points(engine: Engine) -> dict[str, int]:
    """Spendable points by member."""
    return {who: amount for (who, bucket, unit), amount in balances(engine).items() if (bucket, unit) == (
        "available", "points",
    )}  # fmt: skip


JOINED = [act(f"v-{name}", "visited", name, 0, device=f"{name}s") for name in ("ann", "bob", "cat", "dan", "mod")]
SENT = [*JOINED, act("r1", "referred", "bob", 10, referrer="ann"), act("b1", "bought", "bob", DAY)]


def test_referral__qualified__both_are_paid_once_the_window_is_over(engine: Engine) -> None:
    early = settled(engine, *SENT, now=NOW - 89 * DAY + 60)
    assert early == {"r1 referrer": (500, "pending", None), "r1 referee": (200, "pending", None)}
    assert points(engine)["ann"] == 1
    assert settled(engine) == {"r1 referrer": (500, "given", None), "r1 referee": (200, "given", None)}
    assert (points(engine)["ann"], points(engine)["bob"]) == (501, 201)


def test_edge_57__refund_inside_the_window__both_awards_are_cancelled(engine: Engine) -> None:
    settled(engine, *SENT, now=NOW - 89 * DAY + 60)
    found = settled(engine, act("x1", "refunded", "bob", 5 * DAY, event="forum/b1"))
    assert found == {"r1 referrer": (0, "given", "retracted"), "r1 referee": (0, "given", "retracted")}
    assert {who: bucket for (who, bucket, _) in balances(engine) if bucket == "pending"} == {}
    assert points(engine) == dict.fromkeys(("ann", "bob", "cat", "dan", "mod"), 1)


def test_edge_55__a_device_in_common__waits_for_a_moderator(engine: Engine) -> None:
    shared = replace(SENT[5], payload={"referrer": "ann", "device": "anns"})
    held = settled(engine, *JOINED, shared, SENT[6])
    assert held == {"r1 referrer": (0, "held", "held"), "r1 referee": (0, "held", "held")}
    own = settled(engine, act("w0", "referral_approved", "bob", 40 * DAY, event="forum/r1"))
    assert own == held
    found = settled(engine, act("w1", "referral_approved", "mod", 41 * DAY, event="forum/r1"))
    assert found == {"r1 referrer": (500, "given", None), "r1 referee": (200, "given", None)}
    assert points(engine)["ann"] == 501


def test_edge_58__a_ring_and_an_earlier_touch__told_late(engine: Engine) -> None:
    settled(engine, *JOINED, act("r2", "referred", "bob", 50, referrer="cat"), act("b1", "bought", "bob", DAY))
    assert points(engine)["cat"] == 501
    found = settled(engine, act("r1", "referred", "bob", 10, referrer="ann"))
    assert found["r1 referrer"] == (500, "given", None)
    assert found["r2 referrer"] == (0, "given", "once")
    assert (points(engine)["ann"], points(engine)["cat"]) == (501, 1)
    found = settled(engine, act("r3", "referred", "ann", 60, referrer="bob"), act("b3", "bought", "ann", DAY))
    assert found["r3 referrer"] == found["r3 referee"] == (0, "given", "cycle")


def test_edge_64__a_referral_between_two_who_are_merged__is_void(engine: Engine) -> None:
    settled(engine, *SENT)
    with transaction(engine) as tx:
        ann, bob = identity.find_member(tx, "ann"), identity.find_member(tx, "bob")
        merge(tx, merged=bob, survivor=ann, reason="one person", actor="eve", now=NOW)
    assert {told[2] for told in settled(engine).values() if told[0] == 0} == {"self-dealing"}
    assert not any(told[0] for told in sides(engine).values())


STORY = [
    *JOINED,
    act("r1", "referred", "bob", 10, referrer="ann", device="anns"),
    act("r2", "referred", "cat", 20, referrer="bob"),
    act("r3", "referred", "ann", 30, referrer="cat"),
    act("r4", "referred", "dan", 40, referrer="ann"),
    act("r5", "referred", "dan", 35, referrer="bob"),
    act("b1", "bought", "bob", DAY),
    act("b2", "bought", "cat", DAY + 5),
    act("b4", "bought", "dan", 2 * DAY),
    act("x4", "refunded", "dan", 3 * DAY, event="forum/b4"),
    act("w1", "referral_approved", "mod", 4 * DAY, event="forum/r1"),
    act("b5", "bought", "dan", 5 * DAY),
    retracted("t1", 6 * DAY, "r2", fraud=True),
]


def _end(events: Sequence[Event], cuts: Sequence[int] = ()) -> object:
    engine = fresh_database("sqlite")
    for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
        take(engine, *events[start:end])
        fold(engine, PROGRAM)
    check(engine)
    found = snapshot(engine)
    engine.dispose()
    return found


EXPECTED = _end(STORY)


@given(order=st.permutations(STORY), cuts=st.lists(st.integers(0, len(STORY)), max_size=4).map(sorted))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_referrals__in_any_order_of_arrival__end_the_same(order: list[Event], cuts: list[int]) -> None:
    assert _end(order, cuts) == EXPECTED


# Thanks.


def kudos(name: str, giver: str, at: int, taker: str) -> Event:
    return act(name, "kudos_given", giver, at, recipient=taker)


def thanked(engine: Engine) -> dict[str, tuple[int, str | None]]:
    return {
        cause: (awarded, reason)
        for (_, rule, cause, _), (awarded, _, reason) in granted(engine).items()
        if rule == "behaviour:kudos"
    }


def test_edge_61__the_givers_allowance_is_one_for_all_who_receive(engine: Engine) -> None:
    settled(engine, *JOINED, *(kudos(f"k{n}", "ann", 100 + n, who) for n, who in enumerate(("bob", "cat", "dan"))))
    assert thanked(engine) == {"k0": (10, None), "k1": (10, None), "k2": (0, "shared-cap")}


def test_edge_60__what_a_reversed_flood_had_taken_of_it_comes_back(engine: Engine) -> None:
    acts = [kudos(f"k{n}", "ann", 100 + n, who) for n, who in enumerate(("bob", "cat", "dan"))]
    settled(engine, *JOINED, *acts)
    settled(engine, retracted("t1", 500, "k0", fraud=True))
    assert {name: told for name, told in thanked(engine).items() if name != "k0"} == {
        "k1": (10, None), "k2": (10, None),
    }  # fmt: skip
    assert points(engine) == {"ann": 1, "bob": 1, "cat": 11, "dan": 11, "mod": 1}


def test_edge_61__a_favour_that_is_returned_is_worth_nothing(engine: Engine) -> None:
    settled(engine, *JOINED, kudos("k1", "ann", 100, "bob"), kudos("k2", "bob", 200, "ann"))
    assert thanked(engine) == {"k1": (10, None), "k2": (0, "reciprocal")}


# Codes.


@pytest.mark.parametrize("at_once", [True, False])
def test_edge_63__a_code_pays_once_and_an_apps_own_word_nothing(engine: Engine, *, at_once: bool) -> None:
    with transaction(engine) as tx:
        _, [code] = make_batch(
            tx, find_behaviour(PROGRAM, "stand", "code"), id_=None, count=1, uses=1, until=None, actor="eve", now=NOW
        )
    proof = {"kind": "code", "code": code}
    forged = {"kind": "code", "behaviour": "stand", "by": None}
    events = [
        act("s1", "scanned", "bob", 50, proof=proof),
        act("s2", "scanned", "ann", 10, proof=proof),
        act("s3", "scanned", "cat", 20, proof=forged),
        act("s4", "scanned", "dan", 20),
    ]
    if at_once:
        settled(engine, *JOINED, *events)
    else:
        settled(engine, *JOINED)
        for each in events:
            settled(engine, each)
    told = {cause: told[0::2] for (_, rule, cause, _), told in granted(engine).items() if rule == "behaviour:stand"}
    assert told == {
        "s1": (50, None), "s2": (0, "proof-missing"), "s3": (0, "proof-missing"), "s4": (0, "proof-missing"),
    }  # fmt: skip
