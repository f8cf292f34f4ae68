"""capture, read_events, read_rows

given events that nobody has seen
    they are taken in the given order, positions without gaps, members numbered as they appear
given an event that is known (edge case 1)
    nothing changes, in one call or in two
given a known id with other content (edge case 3)
    it is a conflict; nothing changes and no member joins for it
given a payload that is not exact JSON
    it raises InvalidEvent and takes nothing
given two writers at once
    positions and member numbers stay without gaps
"""

from threading import Thread

import pytest
from sqlalchemy import Engine, func, select

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import open_database, transaction
from loyaltychain.db.migrate import migrate
from loyaltychain.events import store
from loyaltychain.events.capture import capture
from loyaltychain.events.tables import events, members
from loyaltychain.events.types import Captured, Conflict, SequencedEvent
from tests.events.builders import LATER, NOON, make_event


def test_capture__new_events__given_order_and_joining_order(engine: Engine) -> None:
    offered = [
        make_event(id="Z", member_id="bob"),
        make_event(id="A", member_id="ann", occurred_at=NOON - 9),
        make_event(id="M", member_id="bob", payload={}),
    ]

    with transaction(engine) as tx:
        captured = capture(tx, offered, received_at=LATER)

    assert captured == Captured(taken=3, known=0, conflicts=())
    with transaction(engine) as tx:
        assert store.read_events(tx, 0, 10) == [
            SequencedEvent(1, MemberNumber(1), offered[0]),
            SequencedEvent(2, MemberNumber(2), offered[1]),
            SequencedEvent(3, MemberNumber(1), offered[2]),
        ]
        assert store.read_events(tx, 1, 1) == [SequencedEvent(2, MemberNumber(2), offered[1])]
        assert store.read_events(tx, 3, 10) == []


def test_capture__known_and_conflicting__nothing_changes(engine: Engine) -> None:
    first = make_event()
    other = make_event(payload={"amount": 1, "currency": "GBP"}, member_id="eve")
    with transaction(engine) as tx:
        within = capture(tx, [first, first, other], received_at=LATER)
    with transaction(engine) as tx:
        later = capture(tx, [other, first, make_event(id="INV-2", member_id="bob")], received_at=LATER)

    assert within == Captured(taken=1, known=1, conflicts=(Conflict(2, other),))
    assert later == Captured(taken=1, known=1, conflicts=(Conflict(0, other),))
    with transaction(engine) as tx:
        assert [each.event for each in store.read_events(tx, 0, 10)] == [
            first,
            make_event(id="INV-2", member_id="bob"),
        ]
        found = store.read_members(tx, ["ann", "bob", "eve"])
        assert {name: member.number for name, member in found.items()} == {"ann": 1, "bob": 2}


def test_capture__same_id_of_two_sources__two_events(engine: Engine) -> None:
    with transaction(engine) as tx:
        captured = capture(tx, [make_event(), make_event(source="web")], received_at=LATER)

    assert captured == Captured(taken=2, known=0, conflicts=())


def test_capture__more_than_one_query_holds__all_known(engine: Engine) -> None:
    offered = [make_event(id=f"INV-{n}", member_id=f"m{n}") for n in range(1201)]
    with transaction(engine) as tx:
        capture(tx, offered, received_at=LATER)
    with transaction(engine) as tx:
        again = capture(tx, offered, received_at=LATER)

    assert again == Captured(taken=0, known=1201, conflicts=())


def test_capture__payload_not_exact__takes_nothing(engine: Engine) -> None:
    with transaction(engine) as tx, pytest.raises(errors.InvalidEvent, match="not exact JSON"):
        capture(tx, [make_event(), make_event(id="INV-2", payload={"amount": 2**60})], received_at=LATER)

    with transaction(engine) as tx:
        assert store.read_events(tx, 0, 10) == []


def test_capture__no_events__nothing(engine: Engine) -> None:
    with transaction(engine) as tx:
        assert capture(tx, [], received_at=LATER) == Captured(0, 0, ())


@pytest.fixture
def shared_engine(engine: Engine, tmp_path: object) -> Engine:
    """A database that several connections can share."""
    if engine.dialect.name == "postgresql":
        return engine
    shared = open_database(f"sqlite:///{tmp_path}/shared.db")
    migrate(shared)
    return shared


def test_capture__several_writers_at_once__no_gaps(shared_engine: Engine) -> None:
    problems: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            for n in range(10):
                with transaction(shared_engine) as tx:
                    mine = [make_event(id=f"{writer}-{n}-{k}", member_id=f"m{writer}-{n}") for k in range(3)]
                    capture(tx, [*mine, make_event(id=f"all-{n}", member_id="all")], received_at=LATER)
        except errors.LoyaltyError as problem:
            problems.append(problem)

    writers = [Thread(target=write, args=(writer,)) for writer in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert problems == []
    with transaction(shared_engine) as tx:
        positions = list(tx.execute(select(events.c.position).order_by(events.c.position)).scalars())
        assert positions == list(range(1, 4 * 10 * 3 + 10 + 1))
        assert tx.execute(select(func.max(members.c.number), func.count(members.c.number))).one() == (41, 41)
    shared_engine.dispose()
