"""order
├── it is by (recorded_at, id), whatever the order in which entries are given
├── when an entry would overdraw its member: it comes after what covers it
├── when a hold and its redemption were recorded in one second: only what the member owns on chain counts
├── when members pass points in a circle: none is lost
└── for any history of one member's entries each: no member is below zero after any of them
"""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core.amounts import POINTS
from loyaltychain.ledger.accounts import ISSUED, REDEEMED, available, held
from loyaltychain.ledger.order import order
from loyaltychain.ledger.types import Waiting
from tests.ledger.builders import ANN, BOB, CAT, MEMBERS, make_posting


def make_waiting(id_, *postings, recorded_at=5) -> Waiting:
    return Waiting(id_, recorded_at, b"", postings)


def ids(waiting, balances) -> list[str]:
    return [entry.id for entry in order(waiting, balances)]


def test_order__any_input_order__is_by_time_and_id() -> None:
    entries = [make_waiting("a", make_posting(), recorded_at=9), make_waiting("c"), make_waiting("b")]
    assert ids(entries, {(available(ANN), POINTS): 100}) == ["b", "c", "a"]
    assert ids(entries[::-1], {(available(ANN), POINTS): 100}) == ["b", "c", "a"]


def test_order__would_overdraw__comes_after_its_cover() -> None:
    take = make_posting(available(ANN), REDEEMED, amount=60)
    entries = [
        make_waiting("a: takes", take, recorded_at=1),
        make_waiting("b: takes", take, recorded_at=1),
        make_waiting("c: of another", make_posting(destination=available(BOB)), recorded_at=2),
        make_waiting("d: brings", make_posting(amount=70), recorded_at=3),
        make_waiting("e: brings", make_posting(amount=50), recorded_at=3),
    ]
    balances = {(available(ANN), POINTS): 0, (available(BOB), POINTS): 100}
    assert ids(entries, balances) == ["c: of another", "d: brings", "a: takes", "e: brings", "b: takes"]


def test_order__hold_release_and_redemption__only_counts_what_is_owned() -> None:
    entries = [
        make_waiting("a: release", make_posting(held(ANN), available(ANN))),
        make_waiting("b: redeem", make_posting(available(ANN), REDEEMED)),
        make_waiting("c: hold", make_posting(available(ANN), held(ANN))),
    ]
    assert ids(entries, {(available(ANN), POINTS): 0, (held(ANN), POINTS): 0}) == ["a: release", "b: redeem", "c: hold"]


def test_order__circle_of_members__loses_none() -> None:
    entries = [
        make_waiting("a", make_posting(available(ANN), REDEEMED)),
        make_waiting("b", make_posting(available(ANN), available(BOB))),
        make_waiting("c", make_posting(available(BOB), available(CAT))),
        make_waiting("d", make_posting(available(CAT), available(ANN))),
    ]
    assert ids(entries, {(available(member), POINTS): 0 for member in MEMBERS}) == ["a", "b", "c", "d"]


ACCOUNTS = ("available", "held", "program")


@st.composite
def histories(draw):
    """Entries in their order of commit, no account below zero after any; how many have a position; all balances."""
    balances: Counter = Counter()
    history = []
    for n in range(draw(st.integers(1, 25))):
        member = draw(st.sampled_from(MEMBERS))
        places = {"available": available(member), "held": held(member), "program": ISSUED}
        source, destination = draw(st.permutations(ACCOUNTS))[:2]
        amount = draw(st.integers(1, 50))
        if source == "program" or balances[places[source]] >= amount:
            balances[places[source]] -= amount
            balances[places[destination]] += amount
            posting = make_posting(places[source], places[destination], amount=amount)
            recorded_at = draw(st.integers(0, 3))
            history.append(make_waiting(f"{draw(st.integers(0, 9))}:{n}", posting, recorded_at=recorded_at))
    return history, draw(st.integers(0, len(history))), balances


def check_no_member_below_zero(entries) -> None:
    owned: Counter = Counter()
    for entry in entries:
        for posting in entry.postings:
            owned[posting.source.split(":")[1]] -= posting.amount
            owned[posting.destination.split(":")[1]] += posting.amount
        assert min(owned[str(member)] for member in MEMBERS) >= 0, entry.id


@settings(max_examples=150, deadline=None)
@given(histories())
def test_order__any_history__no_member_below_zero(drawn) -> None:
    history, sequenced, balances = drawn
    first, rest = history[:sequenced], history[sequenced:]
    halfway: Counter = Counter()
    for posting in (posting for entry in first for posting in entry.postings):
        halfway[posting.source] -= posting.amount
        halfway[posting.destination] += posting.amount
    touched = {
        account for entry in rest for posting in entry.postings for account in (posting.source, posting.destination)
    }
    before = order(first, {(account, POINTS): halfway[account] for account in halfway})
    after = order(rest, {(account, POINTS): balances[account] for account in touched})
    assert sorted(entry.id for entry in before + after) == sorted(entry.id for entry in history)
    check_no_member_below_zero(before + after)
