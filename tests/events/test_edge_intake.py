"""capture, of one event that comes from several sides at once: edge cases 1 to 3 and 6, by number

given an event that is taken and not committed yet, when another connection offers it
    it waits, and then finds it known; or a conflict, if its content is another (2, 3)
    when the first gives up
        the second takes it
given two connections that pass by the lock
    the table itself refuses the second (2)
given any events offered in any calls, in any order, again and again
    each is taken once, with the content that came first, at gapless positions (1, 3, 6)
"""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.bulk import insert_rows
from loyaltychain.db.engine import transaction
from loyaltychain.db.migrate import open_migrated
from loyaltychain.events import store
from loyaltychain.events.capture import capture
from loyaltychain.events.identity import join
from loyaltychain.events.tables import events
from loyaltychain.events.types import Captured, Event, encode_event
from tests.database import ENGINES, fresh_database
from tests.events.builders import LATER, NOON, make_event

ROW = (1, "shop", "INV-1", "purchase", 1, NOON, LATER, "{}", "0x")


@pytest.fixture(params=ENGINES)
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty, migrated database with as many connections as a test has threads."""
    is_sqlite = request.param == "sqlite"
    fresh = open_migrated(f"sqlite:///{tmp_path / 'points.db'}") if is_sqlite else fresh_database(request.param)
    yield fresh
    fresh.dispose()


class Offer(threading.Thread):
    """Offers events over a connection of its own, and says when it has the word."""

    def __init__(self, engine: Engine, *offered: Event) -> None:
        super().__init__()
        self.engine, self.offered = engine, offered
        self.captured: Captured | None = None

    def run(self) -> None:
        with transaction(self.engine) as tx:
            self.captured = capture(tx, self.offered, received_at=LATER)


@pytest.mark.parametrize(
    ("second", "expected"),
    [(make_event(), (0, 1, 0)), (make_event(payload={"amount": 1}), (0, 0, 1)), (make_event(source="web"), (1, 0, 0))],
    ids=["same", "other content", "another's"],
)
def test_edge_2__offered_while_it_is_taken__waits_and_finds_it(shared: Engine, second: Event, expected: tuple) -> None:
    other = Offer(shared, second)
    with transaction(shared) as tx:
        first = capture(tx, [make_event()], received_at=LATER)
        other.start()
        other.join(0.3)
        assert other.is_alive()
    other.join(10)

    assert (first.taken, other.captured) != (1, None)
    assert (other.captured.taken, other.captured.known, len(other.captured.conflicts)) == expected
    with transaction(shared) as tx:
        assert [each.position for each in store.read_events(tx, 0, 10)] == list(range(1, 2 + expected[0]))


def test_edge_2__the_first_gives_up__the_second_takes_it(shared: Engine) -> None:
    other = Offer(shared, make_event())
    with transaction(shared) as tx:
        capture(tx, [make_event()], received_at=LATER)
        other.start()
        tx.rollback()
    other.join(10)

    assert other.captured == Captured(taken=1, known=0, conflicts=())
    with transaction(shared) as tx:
        assert [(each.position, each.member) for each in store.read_events(tx, 0, 10)] == [(1, 1)]


def test_edge_2__without_the_lock__the_table_refuses_the_second(shared: Engine) -> None:
    """Two writers that both looked before either wrote."""
    with transaction(shared) as tx:
        join(tx, "ann", NOON)
    refusals: list[errors.LoyaltyError] = []

    def write(position: int) -> None:
        try:
            with transaction(shared) as tx:
                insert_rows(tx, events, [(position, *ROW[1:])])
        except errors.ConstraintRefused as refusal:
            refusals.append(refusal)

    writers = [threading.Thread(target=write, args=(position,)) for position in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert len(refusals) == 1
    with transaction(shared) as tx:
        assert len(store.read_rows(tx, 0, 10)) == 1


@pytest.fixture(params=ENGINES, scope="module")
def emptied(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """One database for many examples, each in a transaction that is rolled back."""
    fresh = fresh_database(request.param)
    yield fresh
    fresh.dispose()


names = st.builds(
    make_event,
    source=st.sampled_from(["shop", "web"]),
    id=st.sampled_from(["1", "2", 'a"\\b', "é\U0001f602"]),
    member_id=st.sampled_from(["ann", "bob", "'c\"\\"]),
    payload=st.sampled_from([{}, {"amount": 1}, {"é": ["\0", "\U0001f602", None, -0.5]}]),
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(names, max_size=6), max_size=4))
def test_edge_1_3__any_calls__each_once_with_what_came_first(emptied: Engine, calls: list[list[Event]]) -> None:
    first: dict[tuple[str, str], Event] = {}
    numbers: dict[str, int] = {}
    with transaction(emptied) as tx:
        for offered in calls:
            expected = [0, 0, 0]
            for event in offered:
                kept = first.setdefault((event.source, event.id), event)
                expected[0 if kept is event else 1 if kept == event else 2] += 1
                if kept is event:
                    numbers.setdefault(event.member_id, len(numbers) + 1)
            captured = capture(tx, offered, received_at=LATER)
            assert [captured.taken, captured.known, len(captured.conflicts)] == expected
        found = store.read_events(tx, 0, 100)
        rows = store.read_rows(tx, 0, 100)
        digests = store.read_digests(tx, first.values())
        tx.rollback()

    assert [each.event for each in found] == list(first.values())
    assert [each.position for each in found] == list(range(1, len(first) + 1))
    assert [each.member for each in found] == [MemberNumber(numbers[event.member_id]) for event in first.values()]
    assert [store.parse_payload(row.payload) for row in rows] == [event.payload for event in first.values()]
    assert digests == {name: encode_event(event)[1] for name, event in first.items()}
