"""plan
├── given no attempt
│   ├── when nothing is in flight: it signs with the bid
│   ├── when parked: it signs with the bid
│   ├── when another intent of the signer is in flight: it waits
│   ├── when the bid lies above the ceiling: it waits
│   ├── when the chain has transactions of the signer that we do not know
│   │   ├── when others may sign with the key, or it never gave a nonce: it signs on top of them
│   │   └── when nobody else may: it waits and counts, then halts
│   └── when the chain has forgotten nonces: it waits and counts, then halts
├── given attempts and no receipt
│   ├── when nobody knows whether the newest was sent: it sends the newest
│   ├── when it was just sent: it waits
│   ├── when it was looked at for a while: it sends the same bytes again
│   ├── when it was looked at for long: it replaces the newest
│   ├── when it was looked at for long and the ceiling is reached: it goes on waiting and sending
│   └── when the node refused it and it was looked at again: it sends it again
├── given a receipt in a canonical block
│   ├── when deep enough and done: it finishes, whichever attempt it was and whatever the state
│   ├── when deep enough and reverted: it finishes
│   ├── when one block short: it waits, done or reverted
│   └── when the head was read before the block came: it waits
├── given a receipt in a block that is not canonical
│   ├── when it was mined before: it sends the newest again
│   └── when it was not: the receipt counts for nothing
├── given the nonce is used and nothing of ours is mined
│   ├── when seen for the first time: it waits and counts
│   ├── when not often, or not long enough for finality: it waits and counts
│   ├── when mined before: it sends again first
│   └── when often and for long enough: it halts
├── given the chain has forgotten earlier nonces
│   ├── when not for long: it waits and counts
│   └── when for long: it halts
├── given an intent that has ended: it is a programmer's error
├── given attempts without a nonce: it is a programmer's error
└── given any schedule of kills, drops, reorganisations and replacements: one nonce, one effect, right books
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.chain.fees import CeilingReached, FeeBid
from loyaltychain.chain.intents import Attempt, IntentState
from loyaltychain.chain.plan import (
    AT_THE_CEILING,
    FOREIGN,
    FORGOTTEN,
    LOOKS_BEFORE_BUMP,
    LOOKS_BEFORE_HALT,
    LOOKS_BEFORE_RESEND,
    Action,
    Broadcast,
    Bump,
    Finish,
    Halt,
    Sign,
    Wait,
    plan,
)
from tests.chain.intent_builders import (
    BLOCK,
    NONCE,
    make_attempt,
    make_hash,
    make_intent,
    make_look,
    make_receipt,
)
from tests.chain.plan_world import KilledError, World

BID = FeeBid(max_fee=500, tip=5)
TOO_DEAR = CeilingReached(wanted=BID, ceiling=400)
OLD, NEW = make_attempt(1), make_attempt(2)
FORK = make_hash(999)


@pytest.mark.parametrize("state", ["pending", "parked"])
def test_plan__no_attempt__signs(state: IntentState) -> None:
    assert plan(make_intent(state=state, nonce=None), [], make_look()) == Sign(BID)


@pytest.mark.parametrize(
    ("changes", "reason"), [({"in_flight": "settle:0"}, None), ({"bid": TOO_DEAR}, AT_THE_CEILING)]
)
def test_plan__no_attempt_and_not_its_turn__waits(changes: dict[str, Any], reason: str | None) -> None:
    assert plan(make_intent(state="pending", nonce=None), [], make_look(**changes)) == Wait(reason=reason)


@pytest.mark.parametrize("changes", [{}, {"is_exclusive": True, "given": 0}])
def test_plan__no_attempt_and_foreign_nonces_of_a_shared_or_new_key__signs(changes: dict[str, Any]) -> None:
    assert plan(make_intent(state="pending", nonce=None), [], make_look(nonce=NONCE + 3, **changes)) == Sign(BID)


def test_plan__no_attempt_and_foreign_nonces_of_our_own_key__waits_then_halts() -> None:
    pending = make_intent(state="pending", nonce=None)
    foreign: dict[str, Any] = {"nonce": NONCE + 3, "is_exclusive": True}

    assert plan(pending, [], make_look(**foreign)) == Wait(is_strange=True, reason=FOREIGN)
    assert plan(pending, [], make_look(**foreign, strange_looks=2, strange_since=BLOCK)) == Halt("nonce-taken")


def test_plan__no_attempt_and_forgotten_nonces__waits_then_halts() -> None:
    pending = make_intent(state="pending", nonce=None)

    assert plan(pending, [], make_look(nonce=NONCE - 1)) == Wait(is_strange=True, reason=FORGOTTEN)
    assert plan(pending, [], make_look(nonce=NONCE - 1, strange_looks=2, strange_since=BLOCK)) == Halt("chain-behind")


@pytest.mark.parametrize(
    ("state", "looks", "bid", "expected"),
    [
        pytest.param("signed", 0, BID, Broadcast(NEW), id="maybe-not-sent"),
        pytest.param("signed", 1, BID, Broadcast(NEW), id="refused-by-the-node"),
        pytest.param("signed", LOOKS_BEFORE_BUMP, BID, Bump(NEW, BID), id="refused-for-long"),
        pytest.param("broadcast", 0, BID, Wait(), id="just-sent"),
        pytest.param("broadcast", LOOKS_BEFORE_RESEND - 2, BID, Wait(), id="almost-again"),
        pytest.param("broadcast", LOOKS_BEFORE_RESEND - 1, BID, Broadcast(NEW), id="again"),
        pytest.param("broadcast", LOOKS_BEFORE_RESEND, BID, Wait(), id="after-again"),
        pytest.param("broadcast", LOOKS_BEFORE_BUMP, BID, Bump(NEW, BID), id="replace"),
        pytest.param("broadcast", LOOKS_BEFORE_BUMP, TOO_DEAR, Wait(reason=AT_THE_CEILING), id="ceiling"),
        pytest.param("broadcast", 2 * LOOKS_BEFORE_RESEND * 7 - 1, TOO_DEAR, Broadcast(NEW), id="ceiling-again"),
    ],
)
def test_plan__no_receipt__by_looks(state: IntentState, looks: int, bid: Any, expected: Action) -> None:
    assert plan(make_intent(state=state), [OLD, NEW], make_look(looks=looks, bid=bid)) == expected


@pytest.mark.parametrize("state", ["signed", "broadcast", "mined"])
@pytest.mark.parametrize("status", [0, 1])
@pytest.mark.parametrize("number", [1, 2])
def test_plan__canonical_receipt_deep_enough__finishes(state: IntentState, status: int, number: int) -> None:
    receipt = make_receipt(number, status=status)

    action = plan(make_intent(state=state), [OLD, NEW], make_look(receipt, head=BLOCK + 12, finality_depth=12))

    assert action == Finish(receipt)


@pytest.mark.parametrize("state", ["signed", "broadcast", "mined"])
@pytest.mark.parametrize("status", [0, 1])
@pytest.mark.parametrize(("head", "depth"), [(BLOCK + 11, 12), (BLOCK, 1), (BLOCK - 1, 0)])
def test_plan__canonical_receipt_not_deep__waits(state: IntentState, status: int, head: int, depth: int) -> None:
    receipt = make_receipt(1, status=status)

    action = plan(make_intent(state=state), [OLD, NEW], make_look(receipt, head=head, finality_depth=depth))

    assert action == Wait(receipt)


@pytest.mark.parametrize("looks", [0, 1, LOOKS_BEFORE_BUMP])
def test_plan__mined_and_vanished__sends_again(looks: int) -> None:
    mined = make_intent(state="mined", tx_hash=OLD.tx_hash, block_number=BLOCK, block_hash=make_hash(BLOCK))

    assert plan(mined, [OLD, NEW], make_look(looks=looks)) == Broadcast(NEW)
    assert plan(mined, [OLD, NEW], make_look(nonce=NONCE + 1, looks=looks)) == Broadcast(NEW)


def test_plan__receipt_of_a_fork__counts_for_nothing() -> None:
    receipt = make_receipt(1, block_hash=FORK)

    assert plan(make_intent(state="mined"), [OLD, NEW], make_look(receipt)) == Broadcast(NEW)
    assert plan(make_intent(state="broadcast"), [OLD, NEW], make_look(receipt, nonce=NONCE)) == Wait()
    assert plan(make_intent(state="broadcast"), [OLD], make_look(receipt)) == Wait(is_strange=True, reason=FOREIGN)


@pytest.mark.parametrize(("nonce", "problem"), [(NONCE + 1, "nonce-taken"), (NONCE - 1, "chain-behind")])
def test_plan__strange_nonce__waits_then_halts(nonce: int, problem: Any) -> None:
    def look(looks: int, *, since: int | None, head: int) -> Action:
        seen = make_look(nonce=nonce, looks=9, strange_looks=looks, strange_since=since, head=head, finality_depth=10)
        return plan(make_intent(state="broadcast"), [OLD], seen)

    waits = Wait(is_strange=True, reason=FOREIGN if problem == "nonce-taken" else FORGOTTEN)
    assert look(0, since=None, head=100) == waits
    assert look(LOOKS_BEFORE_HALT + 5, since=None, head=100) == waits
    assert look(LOOKS_BEFORE_HALT - 2, since=90, head=100) == waits
    assert look(LOOKS_BEFORE_HALT - 1, since=91, head=100) == waits
    assert look(LOOKS_BEFORE_HALT - 1, since=90, head=100) == Halt(problem)


@pytest.mark.parametrize("state", ["final", "reverted"])
def test_plan__ended__programmer_error(state: IntentState) -> None:
    with pytest.raises(AssertionError, match=state):
        plan(make_intent(state=state), [OLD], make_look())


@pytest.mark.parametrize(("nonce", "attempts"), [(None, [OLD]), (NONCE, [])])
def test_plan__nonce_and_attempts_disagree__programmer_error(nonce: int | None, attempts: list[Attempt]) -> None:
    with pytest.raises(AssertionError, match="first attempt"):
        plan(make_intent(state="signed", nonce=nonce), attempts, make_look())


steps = st.one_of(
    st.tuples(st.just("run"), st.sampled_from([None, None, None, 1, 2])),
    st.tuples(st.just("run"), st.just(None)),
    st.tuples(st.just("block"), st.booleans()),
    st.tuples(st.just("reorganise"), st.integers(1, 3)),
    st.tuples(st.just("drop"), st.none()),
    st.tuples(st.just("idle"), st.integers(1, LOOKS_BEFORE_BUMP)),
)


@settings(deadline=None, max_examples=400)
@given(schedule=st.lists(steps, max_size=40), depth=st.integers(0, 3))
def test_plan__any_schedule__one_effect(schedule: list[tuple[str, Any]], depth: int) -> None:
    world = World(depth=depth)

    for name, argument in schedule:
        if name == "run":
            try:
                world.run_once(die_at=argument)
            except KilledError:
                world.looks = 0  # a restart forgets what was in memory
        elif name == "block":
            world.add_block(mine=argument)
        elif name == "reorganise":
            world.reorganise(argument)
        elif name == "drop":
            world.pool.clear()
        else:
            for _ in range(argument):
                world.run_once()
    for _ in range(4 * LOOKS_BEFORE_BUMP):
        world.run_once()
        world.add_block(mine=True)

    assert world.intent.state == "final"
    assert set(world.signatures) == {NONCE}
    assert [holds is not None for holds in world.blocks].count(True) == 1
    assert world.intent.block_hash == next(
        own for own, holds in zip(world.hashes, world.blocks, strict=True) if holds is not None
    )
