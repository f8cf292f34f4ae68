"""sequence
├── given an empty ledger: it gives no positions, and the head is zero
├── given committed entries
│   ├── it gives them gapless positions by (recorded_at, id), and extends the chain as the protocol says
│   ├── when called again: it goes on after the last position
│   ├── when the clock went back: a later entry still gets a later position
│   └── when an entry takes what one with a later clock brought: it comes after it
└── given another sequencer: it waits, and positions stay gapless

read_entries
├── it returns the entries as they were posted, after one position and up to another
└── when the range is empty: it returns nothing
"""

import hashlib
import threading

import pytest

from loyaltychain.db.engine import reading, transaction
from loyaltychain.ledger import store
from loyaltychain.ledger.accounts import REDEEMED, available
from loyaltychain.ledger.post import post
from loyaltychain.ledger.sequence import sequence
from loyaltychain.ledger.types import Entry, Head, SequencedEntry
from tests.ledger.builders import ANN, BADGE, BOB, make_entry, make_posting, post_all


def run_sequence(database) -> int:
    with transaction(database) as tx:
        return sequence(tx)


def read_all(database) -> list[SequencedEntry]:
    with reading(database) as tx:
        return store.read_entries(tx, 0, 1_000_000)


def protocol_chain(entries: list[Entry]) -> list[bytes]:
    heads = [bytes(32)]
    for position, entry in enumerate(entries, start=1):
        number = position.to_bytes(8, "big") + entry.recorded_at.to_bytes(8, "big")
        heads.append(hashlib.sha256(heads[-1] + number + entry.digest).digest())
    return heads[1:]


def test_sequence__empty__gives_nothing(database) -> None:
    assert run_sequence(database) == 0
    with reading(database) as tx:
        assert store.head(tx) == Head(0, bytes(32))


def test_sequence__entries__places_them_by_time_and_id(database) -> None:
    late, first, second = make_entry("a", recorded_at=9), make_entry("b", recorded_at=5), make_entry("c", recorded_at=5)
    post_all(database, second, late, first)
    assert run_sequence(database) == 3
    in_order = [first, second, late]
    expected = [SequencedEntry(n + 1, head, in_order[n]) for n, head in enumerate(protocol_chain(in_order))]
    assert read_all(database) == expected
    with reading(database) as tx:
        assert store.head(tx) == Head(3, expected[-1].head)


def test_sequence__again_with_an_earlier_clock__goes_on_after_the_last(database) -> None:
    first, second = make_entry("b", recorded_at=9), make_entry("a", recorded_at=5)
    post_all(database, first)
    assert run_sequence(database) == 1
    assert run_sequence(database) == 0
    post_all(database, second)
    assert run_sequence(database) == 1
    chain = protocol_chain([first, second])
    assert read_all(database) == [SequencedEntry(1, chain[0], first), SequencedEntry(2, chain[1], second)]


def test_sequence__takes_what_a_later_clock_brought__comes_after_it(database) -> None:
    brought = make_entry("earn", recorded_at=101)
    taken = make_entry("redeem", make_posting(available(ANN), REDEEMED, amount=60), recorded_at=100)
    post_all(database, brought)
    post_all(database, taken)
    assert run_sequence(database) == 2
    assert [placed.entry.id for placed in read_all(database)] == ["earn", "redeem"]


def test_sequence__takes_what_was_there_before__keeps_the_plain_order(database) -> None:
    post_all(database, make_entry("earn 1"))
    run_sequence(database)
    post_all(database, make_entry("earn 2", recorded_at=101))
    post_all(database, make_entry("redeem", make_posting(available(ANN), REDEEMED, amount=60), recorded_at=100))
    assert run_sequence(database) == 2
    assert [placed.entry.id for placed in read_all(database)] == ["earn 1", "redeem", "earn 2"]


def test_sequence__other_sequencer__waits_and_stays_gapless(database) -> None:
    post_all(database, *(make_entry(f"a{n}") for n in range(3)))
    placed = []
    with transaction(database) as tx:
        assert sequence(tx) == 3
        thread = threading.Thread(target=lambda: placed.append(run_sequence(database)))
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        post(tx, [make_entry("b")])
    thread.join()
    assert placed == [1]
    assert [(row.position, row.entry.id) for row in read_all(database)] == [(1, "a0"), (2, "a1"), (3, "a2"), (4, "b")]


@pytest.mark.parametrize(
    ("after", "upto", "positions"), [(0, 4, [1, 2, 3, 4]), (1, 3, [2, 3]), (3, 9, [4]), (4, 9, []), (2, 2, [])]
)
def test_read_entries__range__returns_those_positions(database, after, upto, positions) -> None:
    post_all(database, *(make_entry(f"a{n}") for n in range(4)))
    run_sequence(database)
    with reading(database) as tx:
        assert [placed.position for placed in store.read_entries(tx, after, upto)] == positions


def test_read_entries__bare_and_full__returns_them_as_posted(database) -> None:
    many = [make_posting(destination=available(BOB), amount=n) for n in range(1, 13)]
    full = make_entry("full", make_posting(unit=BADGE, amount=1), *many)
    bare = make_entry("bare", member=None, rule=None, program=None, recorded_at=0)
    post_all(database, full, bare)
    run_sequence(database)
    assert [placed.entry for placed in read_all(database)] == [bare, full]
