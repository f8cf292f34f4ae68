"""changes_of
├── given an earning: the member gains
├── given a redemption: she loses
├── given a hold of her own points: nothing changes on chain
├── given points that leave her held account: she loses
├── given another unit, or the programme's own accounts: nothing changes
├── given a bucket that is not settled: nothing changes
└── given postings that cancel out: nothing changes
take_run
├── given no entries: there is no run
├── given entries of one programme: it takes them all and is not cut
├── given a change of programme: it ends before it, and is cut
├── given entries without a programme: they go with any
├── given a member who gains and loses the same: her delta is left out, her changes are not
├── given more members than fit: it ends before the first too many
├── given exactly as many as fit: it takes them all
├── given any entries and limits: it is the longest run of which every part fits
├── given any entries and limits in root mode: it fits, and with the next entry it would not
├── given a gas limit: it ends before the entry that would exceed it, by words and members
├── given caps: it ends before the entry that would exceed the net issued or burned
├── given one entry beyond a cap: it raises CapTooLow
└── given one entry beyond the other limits: it raises InvariantError
"""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core.amounts import MemberNumber, Unit
from loyaltychain.core.errors import CapTooLow, InvariantError
from loyaltychain.ledger.accounts import ISSUED, REDEEMED, available, held
from loyaltychain.ledger.types import AccountId, Entry
from loyaltychain.settlement import codec
from loyaltychain.settlement.cut import Change, Limits, Run, changes_of, take_run
from loyaltychain.settlement.gas import gas_bound
from loyaltychain.settlement.records import encode
from tests.settlement.builders import NEXT_PROGRAM, PROGRAM, earn, hold, in_sequence, make_entry, make_posting, redeem

ANN = MemberNumber(17)
ROOMY = Limits(updates=10_000, data_bytes=32_768, issued=2**64 - 1, burned=2**64 - 1, gas=2**64 - 1)


def run_of(*entries: Entry, limits: Limits = ROOMY) -> Run | None:
    return take_run(in_sequence(*entries), limits)


def amounts_of(entry: Entry) -> list[tuple[int, int]]:
    return [(change.member, change.amount) for change in changes_of(entry)]


def test_changes_of__an_earning__gain() -> None:
    entry = earn("a", 17, 12)

    assert changes_of(entry) == [Change(member=17, amount=12, entry_id="a", entry_digest=entry.digest)]


def test_changes_of__a_redemption__loss() -> None:
    assert amounts_of(redeem("a", 17, 12)) == [(17, -12)]


def test_changes_of__a_hold__nothing() -> None:
    assert amounts_of(hold("a", 17, 12)) == []


def test_changes_of__held_points_leave__loss() -> None:
    assert amounts_of(make_entry("a", make_posting(held(ANN), REDEEMED, 4))) == [(17, -4)]


def test_changes_of__another_unit_or_account__nothing() -> None:
    badge = make_posting(ISSUED, available(ANN), 1, unit=Unit("badge:helper"))
    own = make_posting(ISSUED, REDEEMED, 5)

    assert amounts_of(make_entry("a", badge, own)) == []


def test_changes_of__bucket_that_is_not_settled__nothing() -> None:
    pending = make_posting(ISSUED, AccountId("member:17:pending"), 5)
    odd = make_posting(ISSUED, AccountId("member:017:available"), 5)

    assert amounts_of(make_entry("a", pending, odd)) == []


def test_changes_of__postings_that_cancel_out__nothing() -> None:
    there, back = make_posting(ISSUED, available(ANN), 5), make_posting(held(ANN), REDEEMED, 5)

    assert amounts_of(make_entry("a", there, back)) == []


def test_take_run__no_entries__none() -> None:
    assert run_of() is None


def test_take_run__one_programme__takes_all() -> None:
    first, second = earn("a", 17, 12), redeem("b", 4, 2)

    assert run_of(first, second) == Run(
        first=1,
        last=2,
        head=(2).to_bytes(32, "big"),
        program=PROGRAM,
        changes=(Change(17, 12, "a", first.digest), Change(4, -2, "b", second.digest)),
        deltas={17: 12, 4: -2},
        is_cut=False,
    )


def test_take_run__change_of_programme__ends_before_it() -> None:
    run = run_of(earn("a", 1, 1), earn("b", 1, 1), earn("c", 1, 5, program=NEXT_PROGRAM))

    assert run is not None
    assert (run.first, run.last, run.program, run.deltas, run.is_cut) == (1, 2, PROGRAM, {1: 2}, True)


def test_take_run__entries_without_a_programme__go_with_any() -> None:
    run = run_of(earn("a", 1, 1, program=None), earn("b", 1, 1), earn("c", 1, 1, program=None))

    assert run is not None
    assert (run.last, run.program, run.deltas, run.is_cut) == (3, PROGRAM, {1: 3}, False)


def test_take_run__gains_and_loses_the_same__no_delta_but_changes() -> None:
    run = run_of(earn("a", 1, 5), redeem("b", 1, 5))

    assert run is not None
    assert (run.deltas, [change.amount for change in run.changes]) == ({}, [5, -5])


def test_take_run__more_members_than_fit__ends_before_the_first_too_many() -> None:
    entries = [earn(f"e{member}", member, 1) for member in (1, 2, 1, 3, 1)]
    run = take_run(in_sequence(*entries), replace(ROOMY, updates=2))

    assert run is not None
    assert (run.last, run.deltas, run.is_cut) == (3, {1: 2, 2: 1}, True)


@pytest.mark.parametrize(("data_bytes", "taken"), [(1 + 3 * 3, 3), (1 + 3 * 3 - 1, 2)])
def test_take_run__exactly_as_many_bytes_as_fit__takes_them(data_bytes: int, taken: int) -> None:
    entries = [earn(f"e{member}", member, 1) for member in (1, 2, 3)]
    run = take_run(in_sequence(*entries), replace(ROOMY, updates=10, data_bytes=data_bytes))

    assert run is not None
    assert (run.last, run.is_cut) == (taken, taken < 3)


steps = st.tuples(st.one_of(st.integers(1, 12), st.integers(1, 3_000)), st.sampled_from([-40_000, -1, 1, 2, 40_000]))


@settings(deadline=None, max_examples=150)
@given(st.lists(steps, min_size=1, max_size=40), st.integers(1, 12), st.integers(11, 80))
def test_take_run__any_entries_and_limits__longest_run_that_fits(
    moves: list[tuple[int, int]], updates: int, data_bytes: int
) -> None:
    make = {True: earn, False: redeem}
    entries = [make[amount > 0](f"e{place}", member, abs(amount)) for place, (member, amount) in enumerate(moves)]
    totals: dict[int, int] = {}
    longest = 0
    for member, amount in moves:
        totals[member] = totals.get(member, 0) + amount
        deltas = {who: total for who, total in totals.items() if total}
        if len(deltas) > updates or len(encode(deltas)) > data_bytes:
            break
        longest += 1

    run = take_run(in_sequence(*entries), replace(ROOMY, updates=updates, data_bytes=data_bytes))

    assert run is not None
    assert (run.last, run.is_cut) == (longest, longest < len(moves))


@settings(deadline=None, max_examples=150)
@given(st.lists(steps, min_size=1, max_size=40), st.integers(1, 12), st.integers(18, 60), st.integers(1, 9))
def test_take_run__any_entries_in_root_mode__fits_and_not_with_the_next(
    moves: list[tuple[int, int]], updates: int, data_bytes: int, rice_from: int
) -> None:
    make = {True: earn, False: redeem}
    entries = [make[amount > 0](f"e{place}", member, abs(amount)) for place, (member, amount) in enumerate(moves)]

    def fits(count: int) -> bool:
        totals: Counter[int] = Counter()
        for member, amount in moves[:count]:
            totals[member] += amount
        deltas = {member: total for member, total in totals.items() if total}
        data = codec.encode(deltas, mode="root", rice_from=rice_from)
        return len(deltas) <= updates and len(data) <= data_bytes

    limits = replace(ROOMY, updates=updates, data_bytes=data_bytes, mode="root", rice_from=rice_from)
    run = take_run(in_sequence(*entries), limits)

    assert run is not None
    assert fits(run.last)
    assert run.is_cut == (run.last < len(moves))
    assert not (run.is_cut and fits(run.last + 1))


def test_take_run__one_entry_beyond_the_limits__refused() -> None:
    with pytest.raises(InvariantError, match="One entry alone"):
        run_of(earn("a", 300, 1), limits=replace(ROOMY, updates=10, data_bytes=10))


def test_take_run__gas__ends_before_the_entry_that_exceeds_it() -> None:
    # Words of the members: 0, 0, 1, 0 (its delta is 0 from here on), 2.
    entries = [earn("a", 1, 5), earn("b", 2, 5), earn("c", 8, 5), redeem("d", 2, 5), earn("e", 16, 5)]

    taken = {}
    for words, updates in ((1, 2), (2, 3), (3, 3)):
        run = run_of(*entries, limits=replace(ROOMY, gas=gas_bound(words=words, updates=updates)))
        assert run is not None
        taken[words, updates] = (run.last, run.deltas, run.is_cut)

    assert taken == {
        (1, 2): (2, {1: 5, 2: 5}, True),
        (2, 3): (4, {1: 5, 8: 5}, True),
        (3, 3): (5, {1: 5, 8: 5, 16: 5}, False),
    }


def test_take_run__caps__ends_before_the_entry_that_exceeds_them() -> None:
    entries = [earn("a", 1, 60), earn("b", 2, 40), redeem("c", 1, 50), earn("d", 3, 51), redeem("e", 2, 40)]

    # Net: a 60, b 100, c brings member 1 down to 10 (50 issued in all), d would make 101.
    run = run_of(*entries, limits=replace(ROOMY, issued=100))
    assert run is not None
    assert (run.last, run.deltas, run.is_cut) == (3, {1: 10, 2: 40}, True)

    whole = run_of(*entries, limits=replace(ROOMY, issued=101))
    assert whole is not None
    assert (whole.last, whole.deltas, whole.is_cut) == (5, {1: 10, 3: 51}, False)


@pytest.mark.parametrize(("entry", "cap"), [(earn("a", 1, 101), {"issued": 100}), (redeem("a", 1, 8), {"burned": 7})])
def test_take_run__one_entry_beyond_a_cap__raises(entry: Entry, cap: dict[str, int]) -> None:
    with pytest.raises(CapTooLow, match="let the config role raise them"):
        run_of(entry, limits=replace(ROOMY, **cap))
