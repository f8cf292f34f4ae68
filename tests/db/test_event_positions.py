"""migrate, given a database of the release in which events' positions were a table of their own
├── events come by position with all that they held; those without one come last, in the order of their receipt
├── outcomes, orders and returns are what they were, and find their events
├── events and outcomes are still append-only, and an event's name is still taken for ever
└── given no events at all: likewise
"""

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from loyaltychain.core import errors
from loyaltychain.db.engine import reading, transaction
from tests.db.builders import describe_schema

EVENT = {"type": "order", "member": 1, "occurred_at": 5, "received_at": 6, "payload": "{}"}
#: (id, position, received_at, occurred_at), of two sources; two came into the table without a position.
EVENTS = [
    ("shop", "B", 1, 6, 5), ("web", "B", 2, 6, 5), ("shop", "A", 3, 7, 4), ("shop", "é'\\", 4, 7, 4),
    ("shop", "Z", None, 9, 2), ("shop", "Y", None, 8, 3),
]  # fmt: skip
EVENT_COLUMNS = "source, id, type, member, occurred_at, received_at, payload, digest"
KEPT = {
    "outcomes": "position, outcome, entry_id, explanation",
    "orders": "id, member, source, event_id, occurred_at, currency, program, rules, content",
    "order_lines": "order_id, line, place, member, item, quantity, amount, award, qualifying, named, matched",
    "return_lines": "source, event_id, line, member, item, order_id, quantity, matched, occurred_at",
}


def migrate_to(engine: Engine, revision: str) -> None:
    with transaction(engine) as tx:
        config = Config()
        config.set_main_option("script_location", "loyaltychain.db:migrations")
        config.attributes["tx"] = tx
        command.upgrade(config, revision)


def add(tx, table, **row) -> None:
    names = ", ".join(row)
    tx.execute(text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in row)})"), row)


def fill(engine: Engine) -> None:
    with transaction(engine) as tx:
        add(tx, "members", number=1, member_id="ann", joined_at=5)
        for source, id_, position, received_at, occurred_at in EVENTS:
            times = {"received_at": received_at, "occurred_at": occurred_at, "digest": f"0x{id_}"}
            add(tx, "events", source=source, id=id_, **(EVENT | times))
            if position:
                add(tx, "event_positions", position=position, source=source, id=id_)
        entry = {"kind": "earn", "member": 1, "cause": "shop/B", "occurred_at": 5, "recorded_at": 6, "digest": "0x03"}
        add(tx, "entries", id="earn:shop/B:spend", **entry)
        for position, outcome, entry_id in ((1, "posted", "earn:shop/B:spend"), (2, "nothing", None)):
            add(tx, "outcomes", position=position, outcome=outcome, entry_id=entry_id, explanation="{}")
        add(tx, "orders", id="B", member=1, source="shop", event_id="B", occurred_at=5, currency="GBP", program="0x02",
            rules="[]", content="0x15")  # fmt: skip
        add(tx, "order_lines", order_id="B", line="1", place=0, member=1, item="cup", quantity=3, amount=7, award=7,
            qualifying=7, named=1, matched=1)  # fmt: skip
        add(tx, "return_lines", source="shop", event_id="A", line="1", member=1, item="cup", order_id="B", quantity=1,
            matched=1, occurred_at=6)  # fmt: skip


def read_all(engine: Engine, columns: str, table: str) -> list[tuple]:
    with reading(engine) as tx:
        return [tuple(row) for row in tx.execute(text(f"SELECT {columns} FROM {table} ORDER BY 1, 2"))]


@pytest.fixture
def moved(empty_database: Engine) -> Engine:
    migrate_to(empty_database, "0006")
    fill(empty_database)
    return empty_database


def test_migrate__events_with_positions__one_row_each_with_all_they_held(moved: Engine) -> None:
    before = read_all(moved, EVENT_COLUMNS, "events")
    migrate_to(moved, "0007")

    assert read_all(moved, EVENT_COLUMNS, "events") == before
    places = [(position, (source, id_)) for source, id_, position, _, _ in EVENTS if position]
    assert [(row[0], row[1:]) for row in read_all(moved, "position, source, id", "events")] == [
        *places, (5, ("shop", "Y")), (6, ("shop", "Z")),
    ]  # fmt: skip
    with reading(moved) as tx:
        assert not describe_schema(tx).keys() & {"event_positions", "old_events", "old_outcomes"}


def test_migrate__what_refers_to_events__kept(moved: Engine) -> None:
    before = {table: read_all(moved, columns, table) for table, columns in KEPT.items()}
    migrate_to(moved, "0007")

    assert {table: read_all(moved, columns, table) for table, columns in KEPT.items()} == before
    assert all(before.values())
    for table, row in (("orders", {"id": "C", "source": "shop", "event_id": "none"}),):
        with pytest.raises(errors.ConstraintRefused), transaction(moved) as tx:
            add(tx, table, member=1, occurred_at=5, currency="GBP", program="0x", rules="[]", content="0x", **row)


def test_migrate__events_and_outcomes__still_facts(moved: Engine) -> None:
    migrate_to(moved, "0007")

    for table, column in (("events", "digest"), ("events", "position"), ("outcomes", "outcome")):
        for change in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
            with pytest.raises(errors.ConstraintRefused, match=f"{table} is append-only"), transaction(moved) as tx:
                tx.execute(text(change))
    for position, id_ in ((7, "B"), (1, "new"), (0, "new")):
        with pytest.raises(errors.ConstraintRefused), transaction(moved) as tx:
            add(tx, "events", position=position, source="shop", id=id_, digest="0x", **EVENT)


def test_migrate__no_events__takes_the_first(empty_database: Engine) -> None:
    migrate_to(empty_database, "0006")
    migrate_to(empty_database, "0007")
    with transaction(empty_database) as tx:
        add(tx, "events", position=1, source="shop", id="B", digest="0x", **EVENT)

    assert read_all(empty_database, "position, id", "events") == [(1, "B")]
