"""post, and the place that it gives
├── given an empty ledger: the head is zero
├── given entries: they get gapless positions in the order given, and the chain is extended as the protocol says
├── given entries that are known: they keep their places, and use up none
├── when the clock went back: a later entry still gets a later position
└── given writers at once, each over several calls: positions stay gapless, the chain right, nobody below zero at any

read_entries
├── it returns the entries as they were posted, after one position and up to another
└── when the range is empty: it returns nothing
"""

import hashlib
import threading
from collections import Counter
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from loyaltychain.core import errors
from loyaltychain.db.engine import open_database, reading, transaction
from loyaltychain.db.migrate import migrate
from loyaltychain.ledger import store
from loyaltychain.ledger.accounts import ISSUED, REDEEMED, available, held
from loyaltychain.ledger.checks import check_entries
from loyaltychain.ledger.post import post
from loyaltychain.ledger.tables import postings
from loyaltychain.ledger.types import Entry, Head, SequencedEntry
from tests.database import ENGINES, fresh_database
from tests.ledger.builders import ANN, BADGE, BOB, MEMBERS, make_entry, make_posting, post_all

WRITERS = 3

_numbers = count(1)


def read_all(database: Engine) -> list[SequencedEntry]:
    with reading(database) as tx:
        return store.read_entries(tx, 0, 1_000_000)


def protocol_chain(entries: list[Entry]) -> list[bytes]:
    heads = [bytes(32)]
    for position, entry in enumerate(entries, start=1):
        number = position.to_bytes(8, "big") + entry.recorded_at.to_bytes(8, "big")
        heads.append(hashlib.sha256(heads[-1] + number + entry.digest).digest())
    return heads[1:]


def test_head__empty__is_zero(database: Engine) -> None:
    with reading(database) as tx:
        assert store.head(tx) == Head(0, bytes(32))


def test_post__entries__places_them_in_the_order_given(database: Engine) -> None:
    entries = [make_entry("c", recorded_at=9), make_entry("b", recorded_at=5), make_entry("a", recorded_at=5)]
    post_all(database, *entries)
    expected = [SequencedEntry(n + 1, head, entries[n]) for n, head in enumerate(protocol_chain(entries))]
    assert read_all(database) == expected
    with reading(database) as tx:
        assert store.head(tx) == Head(3, expected[-1].head)


def test_post__known_ones_and_an_earlier_clock__goes_on_after_the_last(database: Engine) -> None:
    first, second = make_entry("b", recorded_at=9), make_entry("a", recorded_at=5)
    post_all(database, first)
    assert post_all(database, first, second, second) == [False, True, False]
    chain = protocol_chain([first, second])
    assert read_all(database) == [SequencedEntry(1, chain[0], first), SequencedEntry(2, chain[1], second)]


@pytest.mark.parametrize(("after", "upto", "positions"), [(0, 2, [1, 2]), (1, 3, [2, 3]), (2, 2, []), (3, 9, [])])
def test_read_entries__range__returns_those_positions(database, after, upto, positions) -> None:
    post_all(database, *(make_entry(f"e{n}") for n in range(3)))
    with reading(database) as tx:
        assert [placed.position for placed in store.read_entries(tx, after, upto)] == positions


def test_read_entries__bare_and_full__returns_them_as_posted(database) -> None:
    bare = make_entry("bare", member=None, rule=None, program=None)
    full = make_entry("full", make_posting(), make_posting(unit=BADGE, amount=1), details={"reason": "ü\n", "n": 1})
    post_all(database, bare, full)
    assert [placed.entry for placed in read_all(database)] == [bare, full]


def test_postings__the_view__says_what_the_entries_say(database) -> None:
    post_all(database, make_entry("a", make_posting(), make_posting(destination=held(BOB), unit=BADGE, amount=2)))
    with reading(database) as tx:
        rows = [row._asdict() for row in tx.execute(select(postings).order_by(postings.c.line))]
    first = {"entry_id": "a", "position": 1, "line": 0, "source": ISSUED, "destination": available(ANN),
             "unit": "points", "amount": 100}  # fmt: skip
    assert rows == [first, {**first, "line": 1, "destination": held(BOB), "unit": BADGE, "amount": 2}]


@st.composite
def histories(draw):
    """For each writer some calls, each a list of (member, points): what comes in, or below zero goes out."""
    moves = st.tuples(st.sampled_from(MEMBERS), st.integers(-9, 9).filter(bool))
    return draw(st.lists(st.lists(st.lists(moves, max_size=4), max_size=4), min_size=WRITERS, max_size=WRITERS))


def write_all(engine: Engine, writer: int, calls, refused: list[int]) -> None:
    for call, moves in enumerate(calls):
        entries = [
            make_entry(
                f"{writer}.{call}.{n}",
                make_posting(ISSUED, available(member), amount=points)
                if points > 0
                else make_posting(available(member), REDEEMED, amount=-points),
                member=member,
            )
            for n, (member, points) in enumerate(moves)
        ]
        while True:
            try:
                with transaction(engine) as tx:
                    post(tx, entries)
                break
            except errors.DatabaseBusy:
                continue
            except errors.InsufficientBalance:
                refused.append(len(entries))
                break


@pytest.mark.parametrize("engine_name", ENGINES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories())
def test_post__writers_at_once__positions_and_prefixes_hold(engine_name: str, tmp_path: Path, history) -> None:
    if engine_name == "sqlite":
        engine = open_database(f"sqlite:///{tmp_path / str(next(_numbers))}")
        migrate(engine)
    else:
        engine = fresh_database(engine_name)
    refused: list[int] = []
    threads = [
        threading.Thread(target=write_all, args=(engine, writer, calls, refused))
        for writer, calls in enumerate(history)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    placed = read_all(engine)
    assert [each.position for each in placed] == list(range(1, len(placed) + 1))
    assert [each.head for each in placed] == protocol_chain([each.entry for each in placed])
    assert len(placed) + sum(refused) == sum(len(call) for calls in history for call in calls)
    owned: Counter = Counter()
    for each in placed:
        for posting in each.entry.postings:
            owned[posting.source] -= posting.amount
            owned[posting.destination] += posting.amount
            assert min(owned[available(member)] for member in MEMBERS) >= 0
    with reading(engine) as tx:
        assert check_entries(tx) == []
    engine.dispose()
