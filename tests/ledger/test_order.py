"""order
├── it is by (recorded_at, id), whatever the order in which entries are given
├── when an entry would overdraw its member: it comes after what covers it
├── when a hold and its redemption were recorded in one second: only what the member owns on chain counts
├── when members pass points in a circle: none is lost
├── when something is pending or owed: it counts for nothing, as on chain
├── for any entries: it is what looking at all that was put off again and again gives
└── for any history of one member's entries each: no member is below zero after any of them
"""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core.amounts import POINTS
from loyaltychain.ledger.accounts import ISSUED, REDEEMED, REVERSED, available, debt, held, holder, pending
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


def test_order__pending_and_debt__count_for_nothing() -> None:
    activated = (make_posting(pending(ANN), debt(ANN), amount=3), make_posting(pending(ANN), available(ANN), amount=7))
    entries = [
        make_waiting("a: reverse", make_posting(available(ANN), REVERSED, amount=5)),
        make_waiting("b: activate", *activated),
        make_waiting("c: earn", make_posting(destination=pending(ANN), amount=10)),
    ]
    balances = {(available(ANN), POINTS): 2, (pending(ANN), POINTS): 0, (debt(ANN), POINTS): 0}
    assert ids(entries, balances) == ["b: activate", "a: reverse", "c: earn"]


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


def order_by_looking_again(waiting, balances) -> list[Waiting]:
    """The order's definition, slow: after each entry the first that fits of all that were put off."""
    changes = {entry.id: Counter() for entry in waiting}
    owned = Counter({account: balance for (account, _), balance in balances.items() if holder(account)})
    for entry in waiting:
        for posting in entry.postings:
            for account, amount in ((posting.source, -posting.amount), (posting.destination, posting.amount)):
                if holder(account):
                    changes[entry.id][holder(account)] += amount
    standing = Counter()
    for account, balance in owned.items():
        standing[holder(account)] += balance
    for change in changes.values():
        standing.subtract(change)
    ordered, put_off = [], []
    for entry in sorted(waiting, key=lambda entry: (entry.recorded_at, entry.id)):
        put_off.append(entry)
        while fitting := [
            each for each in put_off
            if all(by >= 0 or standing[who] + by >= 0 for who, by in changes[each.id].items())
        ]:  # fmt: skip
            standing.update(changes[fitting[0].id])
            put_off.remove(fitting[0])
            ordered.append(fitting[0])
    return ordered + put_off


@st.composite
def transfers(draw):
    """Entries that may move points of several members, and balances that need not cover them."""
    places = [ISSUED, *(account(member) for member in MEMBERS for account in (available, held))]
    entries = []
    for n in range(draw(st.integers(1, 15))):
        postings = [
            make_posting(*draw(st.permutations(places))[:2], amount=draw(st.integers(1, 9)))
            for _ in range(draw(st.integers(1, 3)))
        ]
        entries.append(make_waiting(f"{draw(st.integers(0, 9))}:{n}", *postings, recorded_at=draw(st.integers(0, 2))))
    return entries, {(place, POINTS): draw(st.integers(0, 9)) for place in places}


@settings(max_examples=200, deadline=None)
@given(transfers())
def test_order__any_entries__is_what_looking_again_gives(drawn) -> None:
    entries, balances = drawn
    assert order(entries, balances) == order_by_looking_again(entries, balances)
